// Pages of a list. Cursors: the id of the last thing seen, bound to the filters of the list that gave it. Beside them
// `?page=N` for those who count: it costs a COUNT and an OFFSET, and moves when something is inserted.
import { createHash } from "node:crypto";

import { formatId, parseId } from "../core/ids.ts";
import { invalidField } from "../core/issues.ts";
import { base32 } from "../core/signing.ts";
import type { Pagination } from "./envelope.ts";

const DEFAULT_LIMIT = 25;
const NO_FILTERS: ReadonlySet<string> = new Set(["limit", "cursor", "page"]);

export interface PageWish {
  limit: number;
  /** Show what comes after this id (newest first: ids below it); null for the first page. */
  cursor: number | null;
  /** How many rows to leave out first: above 0 only with `?page=N`. */
  offset: number;
}

interface PageQuery {
  limit?: number | undefined;
  cursor?: string | undefined;
  page?: number | undefined;
}

/** The wish of a list's whole query (filters included). A cursor of other filters is a 400. */
export function readPage(query: PageQuery): PageWish {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (query.cursor === undefined) {
    return { limit, cursor: null, offset: ((query.page ?? 1) - 1) * limit };
  }
  if (query.page !== undefined) refuse("page", "page and cursor are two ways: use one of them");
  const [, id = "", mark = ""] = /^cur_([0-9a-z]{11})([0-9a-z]{8})$/.exec(query.cursor) ?? [];
  const cursor = parseId("evt", `evt_${id}`);
  if (cursor === null || mark !== markOfFilters(query)) {
    return refuse(
      "cursor",
      "cursor must be the next_cursor of this list, used with the same filters; leave it out to start at the top",
    );
  }
  return { limit, cursor, offset: 0 };
}

function refuse(field: string, message: string): never {
  throw invalidField(field, message);
}

/**
 * Cuts `limit + 1` rows to a page: a row too many says that there is more. `count` tells how many rows the filters
 * let through in all; it is asked only where the caller counts pages.
 */
export function cutPage<R extends { id: number }>(
  query: PageQuery,
  rows: R[],
  count?: () => number,
): { rows: R[]; pagination: Pagination } {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const has_more = rows.length > limit;
  const next_cursor = has_more && last ? writeCursor(query, last.id) : null;
  const cut = { limit, next_cursor, has_more };
  if (query.page === undefined || !count) return { rows: shown, pagination: cut };
  const total = count();
  const pages = Math.ceil(total / limit);
  return { rows: shown, pagination: { page: query.page, total, pages, ...cut } };
}

function writeCursor(query: PageQuery, id: number): string {
  return `cur_${formatId("evt", id).slice(4)}${markOfFilters(query)}`;
}

/** Eight characters that differ when the filters do. No secret: a forged cursor only pages through one's own rows. */
function markOfFilters(query: PageQuery): string {
  const filters = Object.entries(query)
    .filter(([name, value]) => !NO_FILTERS.has(name) && value !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return filters.length === 0 ? MARK_OF_NONE : markOf(filters);
}

const markOf = (filters: readonly unknown[]) =>
  base32(createHash("sha256").update(JSON.stringify(filters)).digest().subarray(0, 5));
const MARK_OF_NONE = markOf([]);
