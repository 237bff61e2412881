// The success bodies of the API: one shape for one thing, one for a page of things.
import { status } from "elysia";

export interface Pagination {
  limit: number;
  next_cursor: string | null;
  has_more: boolean;
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

/** 200 with a page of things. */
export function page<T>(
  items: T[],
  pagination: Pagination,
): { success: true; data: T[]; pagination: Pagination } {
  return { success: true, data: items, pagination };
}
