// Cursors: the id of the last thing seen, bound to the filters of the list that gave it.
import { createHash } from "node:crypto";

import { AppError } from "../core/faults.ts";
import { formatId, parseId } from "../core/ids.ts";
import { base32 } from "../core/signing.ts";
import type { Pagination } from "./envelope.ts";

const DEFAULT_LIMIT = 25;

export interface PageWish {
  limit: number;
  /** Show what comes after this id (newest first: ids below it); null for the first page. */
  cursor: number | null;
}

interface PageQuery {
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** The wish of a list's whole query (filters included). A cursor of other filters is a 400. */
export function readPage(query: PageQuery): PageWish {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (query.cursor === undefined) return { limit, cursor: null };
  const [, id = "", mark = ""] = /^cur_([0-9a-z]{11})([0-9a-z]{8})$/.exec(query.cursor) ?? [];
  const cursor = parseId("evt", `evt_${id}`);
  if (cursor === null || mark !== markOfFilters(query)) {
    const message =
      "cursor must be the next_cursor of this list, used with the same filters; leave it out to start at the top";
    throw new AppError("invalid_field", message, {
      field: "cursor",
      details: [{ field: "cursor", message }],
    });
  }
  return { limit, cursor };
}

/** Cuts `limit + 1` rows to a page: a row too many says that there is more. */
export function cutPage<R extends { id: number }>(
  query: PageQuery,
  rows: R[],
): { rows: R[]; pagination: Pagination } {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const has_more = rows.length > limit;
  const next_cursor = has_more && last ? writeCursor(query, last.id) : null;
  return { rows: shown, pagination: { limit, next_cursor, has_more } };
}

function writeCursor(query: PageQuery, id: number): string {
  return `cur_${formatId("evt", id).slice(4)}${markOfFilters(query)}`;
}

/** Eight characters that differ when the filters do. No secret: a forged cursor only pages through one's own rows. */
function markOfFilters(query: PageQuery): string {
  const filters = Object.entries(query)
    .filter(([name, value]) => name !== "limit" && name !== "cursor" && value !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return base32(createHash("sha256").update(JSON.stringify(filters)).digest().subarray(0, 5));
}
