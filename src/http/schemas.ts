// The parts that every route's schema is made of. A schema's `x-rule` is the sentence that a caller reads when a
// value does not fit; without one the sentence is made from the schema (check.ts).
import { t, type TSchema } from "elysia";

import { DURATION_RULE } from "../core/duration.ts";
import { notFound } from "../core/faults.ts";
import { formatId, type IdPrefix, parseId } from "../core/ids.ts";

/** An id in a body, a query or an answer. In a path take `t.String()` and `pathId`: what does not fit is a 404. */
export function idOf(prefix: IdPrefix) {
  return t.String({
    pattern: `^${prefix}_[0-9A-Za-z]{11}$`,
    examples: [formatId(prefix, 7)],
    "x-rule": `an id that begins with ${prefix}_`,
  });
}

/** `/:id` of a route. */
export const pathParams = t.Object({ id: t.String() });

/** The integer of an id in a path; anything that is no such id is a 404 that names the noun. */
export function pathId(prefix: IdPrefix, text: string, noun: string): number {
  const id = parseId(prefix, text);
  if (id === null) throw notFound(noun);
  return id;
}

/** An instant on the wire: RFC 3339, UTC, `Z`. */
export const instant = t.String({
  format: "date-time",
  "x-rule": "an RFC 3339 instant such as 2027-01-31T09:00:00Z",
});

/** A duration on the wire; `parseDuration` reads it (and has the last word). */
export const duration = t.String({
  pattern: "^P(?!$)(\\d{1,9}W)?(\\d{1,9}D)?(T(?!$)(\\d{1,9}H)?(\\d{1,9}M)?(\\d{1,9}S)?)?$",
  examples: ["P3D"],
  "x-rule": DURATION_RULE,
});

/** A whole number. In a body only a JSON number, in a query only decimal digits. */
export function integer(limits: { minimum: number; maximum: number; description?: string }) {
  return t.Integer(limits);
}

/** One word of a fixed list. (Not `t.UnionEnum`: that silently fills in its first word.) */
export function word<const W extends string>(words: readonly W[], description?: string) {
  return t.Unsafe<W>(
    t.Union(
      words.map((one) => t.Literal(one)),
      description === undefined ? {} : { description },
    ),
  );
}

/** A value that may be null: "not there" is null, never left out. */
export function nullable<S extends TSchema>(schema: S) {
  return t.Union([schema, t.Null()]);
}

/** A body that is not JSON, as bytes: for routes whose access entry names another content type. */
export const rawBody = t.Unsafe<Uint8Array>(t.Any({ description: "The raw bytes." }));

/** The answer with one thing. */
export function okOf<S extends TSchema>(data: S) {
  return t.Object({ success: t.Literal(true), data });
}

const pagination = t.Object(
  {
    limit: t.Number(),
    next_cursor: nullable(t.String({ description: "Pass it as `cursor`; null at the end." })),
    has_more: t.Boolean(),
    page: t.Optional(t.Number({ description: "Only with `?page=N`." })),
    total: t.Optional(t.Number({ description: "How many there are in all; only with `?page=N`." })),
    pages: t.Optional(t.Number({ description: "How many pages that makes; only with `?page=N`." })),
  },
  { title: "Pagination" },
);

/** The answer with a page of things. */
export function pageOf<S extends TSchema>(item: S) {
  return t.Object({ success: t.Literal(true), data: t.Array(item), pagination });
}

/** The answer of a 204. */
export const nothing = t.Void();

/** What every list takes: spread it into the query's `t.Object({ ...pageQuery, … })`. */
export const pageQuery = {
  limit: t.Optional(
    integer({ minimum: 1, maximum: 100, description: "How many at most; 25 when left out." }),
  ),
  cursor: t.Optional(
    t.String({
      maxLength: 64,
      description: "The `next_cursor` of the page before, with the same filters.",
    }),
  ),
  page: t.Optional(
    integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        "Counts pages instead of following cursors: the answer then has `page`, `total` and `pages`. Slower on long lists, and what is inserted meanwhile moves the pages.",
    }),
  ),
};
