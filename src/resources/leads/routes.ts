// The URLs of leads.
import { Elysia } from "elysia";

import { parseAddress } from "../../core/address.ts";
import type { FaultDetail } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { refuseIssues } from "../../core/issues.ts";
import type { Caller } from "../../http/caller.ts";
import { checkBody } from "../../http/check.ts";
import { created, noContent, ok, page, pageOfTexts } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { nothing, okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listEnrollmentsBetween, listEnrollmentsOfLeads } from "../enrollments/shown.store.ts";
import { changeLead, createLead, eraseLead, getLead } from "./actions.ts";
import { showLead, showTimelineItem, writeLeads } from "./answer.ts";
import { readCsvLeads } from "./csv.ts";
import { enroll, pauseLead, resumeLead, stopLeadIn } from "./enrollment.ts";
import { importLeads, type ImportRow } from "./import.ts";
import {
  BulkBody,
  BulkLeads,
  BulkQuery,
  BulkResult,
  EnrollOrder,
  Lead,
  LeadChange,
  type LeadDraft,
  LeadQuery,
  LeadRowDraft,
  NewLead,
  SequenceOrder,
  TimelineItem,
  TimelineQuery,
} from "./schema.ts";
import { countLeads, type LeadFilter, type ListedLead, listLeads } from "./store.ts";
import { countTimeline, listTimeline } from "./timeline.store.ts";

const idOfPath = (text: string) => pathId("lead", text, "lead");
/** Null only where none is named: what is no id names a campaign that is not there. */
const campaignOf = (text: string | undefined) =>
  text === undefined ? null : (parseId("cmp", text) ?? -1);

function readFilter(
  query: typeof LeadQuery.static,
): Omit<LeadFilter, "before" | "limit" | "offset"> {
  return {
    campaign_id: campaignOf(query.campaign_id),
    // What is no address is nobody's: it is looked for as it is and not found.
    email: query.email === undefined ? null : (parseAddress(query.email) ?? query.email),
    status: query.status ?? null,
    tag: query.tag ?? null,
    company: query.company ?? null,
    q: query.q ?? null,
  };
}

// oxlint-disable-next-line no-unsafe-type-assertion -- checkBody has just held it against this very schema
const checked = (row: unknown) => row as LeadDraft;

/** A row that does not fit is listed and does not stop the others. */
function checkRow(row: unknown): { draft: LeadDraft } | { fault: FaultDetail } {
  const [fault] = checkBody(LeadRowDraft, row);
  return fault ? { fault } : { draft: checked(row) };
}

// oxlint-disable-next-line no-unsafe-type-assertion -- checkBody has just held it against this very schema
const checkedBulk = (body: unknown) => body as typeof BulkLeads.static;

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listLeads",
    summary: "List leads",
    description:
      "Newest first. `email` and `tag` match as a whole, `company` without regard to case, `q` anywhere in the address, the names and the company. `campaign_id` finds everybody who was ever enrolled there. Filters are joined by “and”.",
  },
  create: {
    operationId: "createLead",
    summary: "Add a lead",
    description:
      "`campaign_id` enrolls the lead in that campaign at once. An address that is a lead already answers 409 `lead_exists` with its `lead_id`, one on the suppression list 409 `lead_suppressed`; then nothing is saved.",
  },
  bulk: {
    operationId: "importLeads",
    summary: "Add up to 5,000 leads",
    description: [
      "Every row is counted once, in `created`, `updated`, `skipped`, `suppressed` or `invalid`. A repeat within the call is skipped, a suppressed address makes no lead, a row that cannot be taken is listed with its index and stops no other. The same call again is harmless.",
      "With `Content-Type: text/csv` the body is a CSV, and `campaign_id` and `on_conflict` stand in the query. The encoding (UTF-8, UTF-16, else Windows-1252) and the delimiter (comma, semicolon, tab, bar) are found out. The first line names the columns, in the words that people use (`E-Mail`, `First Name`, `Vorname`, `Company`, `Firma` …); one of them must be the address. Other columns become custom fields (`Job Level` is `job_level`), tags are divided by commas or semicolons, and an empty cell leaves its field as it is. At most 8 MB, 200 columns, 5,000 rows and 64 KB a row. A file that cannot be read, for a quote that is never closed, is refused as a whole, with the line.",
    ].join("\n\n"),
  },
  get: {
    operationId: "getLead",
    summary: "Get a lead",
    description: "With what it does in each campaign and what comes next.",
  },
  change: {
    operationId: "changeLead",
    summary: "Change a lead",
    description:
      "Fields that are left out stay; null empties a field. `email` cannot change once the lead was mailed (409 `wrong_state`), nor to the address of another lead (409 `lead_exists`) or one that is suppressed (409 `lead_suppressed`).",
  },
  timeline: {
    operationId: "getLeadTimeline",
    summary: "Get a lead's timeline",
    description:
      "Newest first, in one list: mails with their words, answers that somebody has written here (`detail` has their `kind` and who wrote them), replies with what is new in them and what they mean, and events: holds, pauses and resumes with who or what did them and why, corrections (`reply.classified` with `by`), doubts that were settled (`email.resolved`), opt-outs, meetings.",
  },
  enroll: {
    operationId: "enrollLead",
    summary: "Enroll a lead in a campaign",
    description:
      "The first step is due after its delay. A lead is in a campaign once for life: 409 `already_enrolled` names the enrollment, which `resume` may take up again. A suppressed address answers 409 `lead_suppressed`, an archived campaign 409 `wrong_state`.",
  },
  pause: {
    operationId: "pauseLead",
    summary: "Pause a lead",
    description:
      "Nothing more is sent to it until it is resumed; nothing is cancelled. In one campaign or in all. 409 `wrong_state` when its way through has ended.",
  },
  resume: {
    operationId: "resumeLead",
    summary: "Resume a lead",
    description:
      "Goes on where it stood, after a pause, a stop or a reply (also of a colleague), and behind the last step where one was added since. A mail that the stop cancelled stays cancelled: the way goes on behind it. 409 `wrong_state` when the lead opted out or bounced, when the sequence is over, or when the campaign is archived; 409 `lead_suppressed` when the address is suppressed. Without `campaign_id` it is done wherever it can be, and refused only when that is nowhere.",
  },
  stop: {
    operationId: "stopLead",
    summary: "Stop a lead",
    description:
      "Ends its way through one campaign or through all, and cancels the mail that is not out yet, in one transaction. What has ended already stays as it is.",
  },
  erase: {
    operationId: "eraseLead",
    summary: "Erase a lead",
    description:
      "Ends everything that is planned for this person, erases all that is stored about them, and keeps a keyed hash of the address on the suppression list, so that it is never mailed or imported again.",
  },
};

const answer = (ledger: Ledger, id: number) => ok(showLead(ledger, getLead(ledger, id)));

function listPage(ledger: Ledger, query: typeof LeadQuery.static) {
  const { limit, cursor, offset } = readPage(query);
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const filter = readFilter(query);
  const rows = listLeads(ledger, { ...filter, before, limit: limit + 1, offset });
  const cut = cutPage(query, rows, () => countLeads(ledger, filter));
  const is_whole = Object.values(filter).every((wish) => wish === null);
  return pageOfTexts(writeLeads(cut.rows, listShown(ledger, cut.rows, is_whole)), cut.pagination);
}

/** The enrollments of a page. Where nothing was filtered out, its leads are neighbours and one look finds them all. */
function listShown(ledger: Ledger, rows: readonly ListedLead[], is_whole: boolean) {
  const [first, last] = [rows[0], rows.at(-1)];
  return is_whole && first && last
    ? listEnrollmentsBetween(ledger, last.id, first.id)
    : listEnrollmentsOfLeads(
        ledger,
        rows.map(({ id }) => id),
      );
}

/** JSON says in its body what a CSV says in the query. */
async function importBody(ledger: Ledger, body: unknown, query: typeof BulkQuery.static) {
  if (body instanceof Uint8Array) {
    return ok(await importRows(ledger, await readCsvLeads(body), query));
  }
  refuseIssues(checkBody(BulkLeads, body));
  const { leads: rows, ...order } = checkedBulk(body);
  const unread = rows.map((row: unknown) => ({ row, line: null, fault: null }));
  return ok(await importRows(ledger, unread, { ...query, ...order }));
}

const importRows = async (
  ledger: Ledger,
  rows: readonly ImportRow[],
  order: typeof BulkQuery.static,
) =>
  await importLeads(ledger, {
    rows,
    check: checkRow,
    on_conflict: order.on_conflict ?? "skip",
    campaign_id: campaignOf(order.campaign_id),
  });

function timelinePage(ledger: Ledger, id: number, query: typeof TimelineQuery.static) {
  getLead(ledger, id);
  const { limit, cursor, offset } = readPage(query);
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const rows = listTimeline(ledger, { lead_id: id, before, limit: limit + 1, offset });
  const cut = cutPage(query, rows, () => countTimeline(ledger, id));
  return page(cut.rows.map(showTimelineItem), cut.pagination);
}

const aimOf = (id: string, body: typeof SequenceOrder.static, caller: Caller) => ({
  lead_id: idOfPath(id),
  campaign_id: campaignOf(body.campaign_id),
  by: caller.public_id,
});

const one = { params: pathParams, response: okOf(Lead) };

export const leads = (wiring: Wiring) =>
  new Elysia({ name: "leads", prefix: "/leads" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get("/", ({ ledger, query }) => listPage(ledger, query), {
      query: LeadQuery,
      response: pageOf(Lead),
      detail: PROSE.list,
    })
    .post(
      "/",
      ({ ledger, body, set }) => {
        const { campaign_id, ...draft } = body;
        const id = createLead(ledger, draft, campaignOf(campaign_id));
        const lead = showLead(ledger, getLead(ledger, id));
        return created(set, `/v1/leads/${lead.id}`, lead);
      },
      { body: NewLead, response: { 201: okOf(Lead) }, detail: PROSE.create },
    )
    .post("/bulk", async ({ ledger, body, query }) => await importBody(ledger, body, query), {
      body: BulkBody,
      query: BulkQuery,
      response: okOf(BulkResult),
      detail: PROSE.bulk,
    })
    .get("/:id", ({ ledger, params }) => answer(ledger, idOfPath(params.id)), {
      ...one,
      detail: PROSE.get,
    })
    .patch(
      "/:id",
      ({ ledger, params, body }) => {
        changeLead(ledger, idOfPath(params.id), body);
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, body: LeadChange, detail: PROSE.change },
    )
    .get(
      "/:id/timeline",
      ({ ledger, params, query }) => timelinePage(ledger, idOfPath(params.id), query),
      {
        params: pathParams,
        query: TimelineQuery,
        response: pageOf(TimelineItem),
        detail: PROSE.timeline,
      },
    )
    .post(
      "/:id/enroll",
      ({ ledger, params, body }) => {
        enroll(ledger, idOfPath(params.id), campaignOf(body.campaign_id) ?? -1);
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, body: EnrollOrder, detail: PROSE.enroll },
    )
    .post(
      "/:id/pause",
      ({ ledger, caller, params, body }) => {
        pauseLead(ledger, aimOf(params.id, body, caller));
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, body: SequenceOrder, detail: PROSE.pause },
    )
    .post(
      "/:id/resume",
      ({ ledger, caller, params, body }) => {
        resumeLead(ledger, aimOf(params.id, body, caller));
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, body: SequenceOrder, detail: PROSE.resume },
    )
    .post(
      "/:id/stop",
      ({ ledger, caller, params, body }) => {
        stopLeadIn(ledger, aimOf(params.id, body, caller));
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, body: SequenceOrder, detail: PROSE.stop },
    )
    .delete(
      "/:id",
      ({ ledger, params }) => {
        eraseLead(ledger, idOfPath(params.id));
        return noContent();
      },
      { params: pathParams, response: { 204: nothing }, detail: PROSE.erase },
    );
