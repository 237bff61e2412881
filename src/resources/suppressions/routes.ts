// The URLs of suppressions.

import { Elysia } from "elysia";

import { parseAddress } from "../../core/address.ts";
import { formatId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import { checkBody } from "../../http/check.ts";
import { csvAnswer } from "../../http/csv-lines.ts";
import { created, noContent, ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { nothing, okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant } from "../../ledger/row.ts";
import { suppressionKeys, type SuppressionOrder } from "./actions.ts";
import { addFirst, readDraft, stopDomain, type SuppressionDraft } from "./add.ts";
import { addMany, type BulkRow, readCsvRows } from "./bulk.ts";
import { getSuppression, lift } from "./lift.ts";
import {
  BulkBody,
  BulkResult,
  BulkSuppressions,
  LiftQuery,
  NewSuppression,
  Suppression,
  SuppressionQuery,
} from "./schema.ts";
import {
  countSuppressions,
  findSuppressionByKeys,
  listSuppressions,
  type SuppressionFilter,
  type SuppressionRow,
} from "./store.ts";

const CSV_ROWS = 1000;

const idOfPath = (text: string) => pathId("sup", text, "suppression");

function show(row: SuppressionRow): Suppression {
  return {
    id: formatId("sup", row.id),
    object: "suppression",
    kind: row.kind,
    value: row.value,
    reason: row.reason,
    source: row.source,
    evidence: row.evidence,
    created_at: formatInstant(row.created_at),
  };
}

function readFilter(ledger: Ledger, query: typeof SuppressionQuery.static): SuppressionFilter {
  const email = query.email === undefined ? null : parseAddress(query.email.trim());
  if (query.email !== undefined && email === null)
    refuseIssues([issue("email", "must be one e-mail address such as ada@example.com")]);
  return {
    kind: query.kind ?? null,
    reason: query.reason ?? null,
    q: query.q ?? null,
    keys: email === null ? null : suppressionKeys(ledger, email),
  };
}

function listPage(ledger: Ledger, query: typeof SuppressionQuery.static) {
  const filter = readFilter(ledger, query);
  if (query.format === "csv") return writeCsv(ledger, filter);
  const { limit, cursor, offset } = readPage(query);
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const rows = listSuppressions(ledger, filter, { before, limit: limit + 1, offset });
  const cut = cutPage(query, rows, () => countSuppressions(ledger, filter));
  return page(cut.rows.map(show), cut.pagination);
}

/** All that match, in pieces: a list of a million rows never stands in memory. */
function writeCsv(ledger: Ledger, filter: SuppressionFilter): Response {
  let before = Number.MAX_SAFE_INTEGER;
  const header = ["value", "kind", "reason", "source", "evidence", "created_at"];
  return csvAnswer("suppressions", header, () => {
    const rows = listSuppressions(ledger, filter, { before, limit: CSV_ROWS, offset: 0 });
    before = rows.at(-1)?.id ?? before;
    if (rows.length === 0) return null;
    return rows
      .filter(({ value }) => value !== null)
      .map((row) => [
        row.value,
        row.kind,
        row.reason,
        row.source,
        row.evidence,
        formatInstant(row.created_at),
      ]);
  });
}

// oxlint-disable-next-line no-unsafe-type-assertion -- checkBody has just held it against this very schema
const checked = (row: unknown) => row as SuppressionDraft;

function readRow(row: unknown): BulkRow {
  const [fault] = checkBody(NewSuppression, row);
  return fault ? { fault } : { draft: checked(row) };
}

async function addBulk(ledger: Ledger, body: unknown) {
  if (body instanceof Uint8Array) return ok(await addMany(ledger, await readCsvRows(body), "csv"));
  refuseIssues(checkBody(BulkSuppressions, body));
  // oxlint-disable-next-line no-unsafe-type-assertion -- as above
  const { suppressions: rows } = body as typeof BulkSuppressions.static;
  return ok(await addMany(ledger, rows.map(readRow), "api"));
}

function readOrder(draft: SuppressionDraft): SuppressionOrder {
  const read = readDraft(draft, "api");
  if ("order" in read) return read.order;
  refuseIssues([read.fault]);
  throw new Error("a fault is refused");
}

/** As it stands on the list; a domain's entry and not that of an address in it, nor the other way round. */
function showEntry(ledger: Ledger, order: SuppressionOrder): Suppression {
  const { address: key } = suppressionKeys(ledger, order.value);
  const row = findSuppressionByKeys(ledger, key, key);
  if (!row) throw new Error("what was added is there");
  return show(row);
}

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listSuppressions",
    summary: "List suppressions",
    description:
      "Newest first. `email` finds whatever keeps an address from being mailed, whether its own entry or its domain's. `format=csv` answers all that match as a CSV (`value, kind, reason, source, evidence, created_at`) that can be sent back to `POST /v1/suppressions/bulk`; a cell that a spreadsheet would run as a formula begins with a quote.",
  },
  add: {
    operationId: "addSuppression",
    summary: "Suppress an address or a domain",
    description:
      "It is never mailed again by this workspace in this mode. In the same transaction every enrollment that it covers ends and every mail that was not yet sent is cancelled; a mail whose last byte is on its way cannot be called back. What is on the list already answers 200 with the first entry and keeps its reason, unless the new one is the person's own wish (`unsubscribed`, `complained`) and the old one is not. An address is suppressed as it is written: `ada+news@example.com` is another one.",
  },
  bulk: {
    operationId: "importSuppressions",
    summary: "Suppress up to 5,000 addresses and domains",
    description:
      "Every row is counted once, in `created`, `updated`, `skipped` or `invalid`; a row that cannot be taken is listed with its index and stops no other. The same call again is harmless. With `Content-Type: text/csv` the first line names the columns: one of `value`, `email`, `domain`, and if you like `reason` and `evidence`. A reason that is not known here is kept as evidence of a `manual` entry. At most 8 MB.",
  },
  get: {
    operationId: "getSuppression",
    summary: "Get a suppression",
    description: "With its reason, its source and what shows it.",
  },
  lift: {
    operationId: "liftSuppression",
    summary: "Take a suppression back",
    description:
      "`manual` and `bounced` entries simply go. `unsubscribed` and `complained` are a person's own wish: 409 `wrong_state`, unless `consent` says how and when they agreed to be mailed again. An `erased` person cannot be taken back at all. What was on the list, why, and the consent are kept. Enrollments stay stopped; the lead's status is as before it was suppressed.",
  },
};

export const suppressions = (wiring: Wiring) =>
  new Elysia({ name: "suppressions", prefix: "/suppressions" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get("/", ({ ledger, query }) => listPage(ledger, query), {
      query: SuppressionQuery,
      response: pageOf(Suppression),
      detail: PROSE.list,
    })
    .post(
      "/",
      async ({ ledger, body, set, once }) => {
        const order = readOrder(body);
        let rest: number | null = null;
        const answer = once.finish(() => {
          const first = addFirst(ledger, order);
          rest = first.rest;
          const entry = showEntry(ledger, order);
          if (first.added !== "added") return ok(entry);
          return created(set, `/v1/suppressions/${entry.id}`, entry);
        });
        if (rest !== null) await stopDomain(ledger, order, rest);
        return answer;
      },
      {
        body: NewSuppression,
        response: { 200: okOf(Suppression), 201: okOf(Suppression) },
        detail: PROSE.add,
      },
    )
    .post("/bulk", async ({ ledger, body }) => await addBulk(ledger, body), {
      body: BulkBody,
      response: okOf(BulkResult),
      detail: PROSE.bulk,
    })
    .get("/:id", ({ ledger, params }) => ok(show(getSuppression(ledger, idOfPath(params.id)))), {
      params: pathParams,
      response: okOf(Suppression),
      detail: PROSE.get,
    })
    .delete(
      "/:id",
      async ({ ledger, params, query }) => {
        await lift(ledger, idOfPath(params.id), query.consent ?? null);
        return noContent();
      },
      {
        params: pathParams,
        query: LiftQuery,
        response: { 204: nothing },
        detail: PROSE.lift,
      },
    );
