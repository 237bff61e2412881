// The success bodies of the API: one shape for one thing, one for a page of things.
import { status } from "elysia";

export interface Pagination {
  limit: number;
  next_cursor: string | null;
  has_more: boolean;
  /** These three only where the caller counts pages (`?page=N`). */
  page?: number;
  total?: number;
  pages?: number;
}

interface Answer {
  headers: Record<string, string | number | string[]>;
}

/** 200 with one thing or one result. */
export function ok<T>(data: T): { success: true; data: T } {
  return { success: true, data };
}

/** 201 with the new thing and its `Location` (a path from the root: `/v1/leads/lead_…`). Declare it as `response: { 201: … }`. */
export function created<T>(set: Answer, location: string, data: T) {
  set.headers["location"] = location;
  return status(201, ok(data));
}

/** 204 without a body. Declare it as `response: { 204: nothing }`. */
export function noContent() {
  return status(204, undefined);
}

/**
 * The same with things that are JSON already: a long list that SQLite wrote costs half of one that is built here. What it
 * holds is not looked at again, so its text names its fields one by one.
 */
export function pageOfTexts(items: readonly string[], pagination: Pagination): Response {
  const text = `{"success":true,"data":[${items.join(",")}],"pagination":${JSON.stringify(pagination)}}`;
  return new Response(text, { headers: { "content-type": "application/json" } });
}

/** 200 with a page of things. */
export function page<T>(
  items: T[],
  pagination: Pagination,
): { success: true; data: T[]; pagination: Pagination } {
  return { success: true, data: items, pagination };
}
