// The URLs of leads.
import { Elysia } from "elysia";

import { parseAddress } from "../../core/address.ts";
import { parseId } from "../../core/ids.ts";
import { checkBody } from "../../http/check.ts";
import { created, noContent, ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { nothing, okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { changeLead, createLead, eraseLead, getLead } from "./actions.ts";
import { showLead } from "./answer.ts";
import { importLeads, type ImportRow } from "./import.ts";
import {
  BulkLeads,
  BulkResult,
  Lead,
  LeadChange,
  type LeadDraft,
  LeadQuery,
  LeadRowDraft,
  NewLead,
} from "./schema.ts";
import { type LeadFilter, listLeads } from "./store.ts";

const idOfPath = (text: string) => pathId("lead", text, "lead");
/** Null only where none is named: what is no id names a campaign that is not there. */
const campaignOf = (text: string | undefined) =>
  text === undefined ? null : (parseId("cmp", text) ?? -1);

function readFilter(query: typeof LeadQuery.static): Omit<LeadFilter, "before" | "limit"> {
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

/** A row with its types checked: one that does not fit is listed and does not stop the others. */
function readRow(row: unknown): ImportRow {
  const [fault] = checkBody(LeadRowDraft, row);
  return fault ? { fault } : { draft: checked(row) };
}

/** The prose of the reference. */
const PROSE = {
  list: {
    summary: "List leads",
    description:
      "Newest first. `email` and `tag` match as a whole, `company` without regard to case, `q` anywhere in the address, the names and the company.",
  },
  create: {
    summary: "Add a lead",
    description:
      "`campaign_id` enrolls the lead in that campaign at once. An address that is a lead already answers 409 `lead_exists` with its `lead_id`, one on the suppression list 409 `lead_suppressed`; then nothing is saved.",
  },
  bulk: {
    summary: "Add up to 5,000 leads",
    description:
      "Every row is counted once, in `created`, `updated`, `skipped`, `suppressed` or `invalid`. A repeat within the call is skipped, a suppressed address makes no lead, a row that cannot be taken is listed with its index and stops no other. The same call again is harmless.",
  },
  get: {
    summary: "Get a lead",
    description: "With what it does in each campaign and what comes next.",
  },
  change: {
    summary: "Change a lead",
    description:
      "Fields that are left out stay; null empties a field. `email` cannot change once the lead was mailed (409 `wrong_state`).",
  },
  erase: {
    summary: "Erase a lead",
    description:
      "Ends everything that is planned for this person, erases all that is stored about them, and keeps a keyed hash of the address on the suppression list, so that it is never mailed or imported again.",
  },
};

const answer = (ledger: Ledger, id: number) => ok(showLead(ledger, getLead(ledger, id)));

function listPage(ledger: Ledger, query: typeof LeadQuery.static) {
  const { limit, cursor } = readPage(query);
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const rows = listLeads(ledger, { ...readFilter(query), before, limit: limit + 1 });
  const cut = cutPage(query, rows);
  return page(
    cut.rows.map((row) => showLead(ledger, row)),
    cut.pagination,
  );
}

async function importBody(ledger: Ledger, body: typeof BulkLeads.static) {
  return ok(
    await importLeads(ledger, {
      rows: body.leads.map(readRow),
      on_conflict: body.on_conflict ?? "skip",
      campaign_id: campaignOf(body.campaign_id),
    }),
  );
}

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
    .post("/bulk", ({ ledger, body }) => importBody(ledger, body), {
      body: BulkLeads,
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
    .delete(
      "/:id",
      ({ ledger, params }) => {
        eraseLead(ledger, idOfPath(params.id));
        return noContent();
      },
      { params: pathParams, response: { 204: nothing }, detail: PROSE.erase },
    );
