// The URLs of campaigns.
import { Elysia } from "elysia";

import { parseId } from "../../core/ids.ts";
import { created, noContent, ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { nothing, okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import {
  archiveCampaign,
  changeCampaign,
  createCampaign,
  getCampaign,
  pauseCampaign,
  resumeCampaign,
} from "./actions.ts";
import { showCampaign } from "./answer.ts";
import { Campaign, CampaignChange, CampaignQuery, NewCampaign } from "./schema.ts";
import { listCampaigns } from "./store.ts";

const idOfPath = (text: string) => pathId("cmp", text, "campaign");

/** The prose of the reference. */
const PROSE = {
  list: {
    summary: "List campaigns",
    description: "Newest first. Archived ones only with `status=archived`.",
  },
  create: {
    summary: "Create a campaign",
    description:
      'As a draft, or running at once with `status: "active"`. Branches name steps by their place in this request, for they have no ids yet.',
  },
  get: {
    summary: "Get a campaign",
    description: "With its steps and the numbers of today.",
  },
  change: {
    summary: "Change a campaign",
    description:
      "Also while it runs. `steps` is the whole sequence: steps keep their ids, those that are left out are removed, unless they have mails (409 `step_in_use`); leads that wait at a removed step go on to the next.",
  },
  pause: {
    summary: "Pause a campaign",
    description: "Nothing of it is sent until it is resumed.",
  },
  resume: {
    summary: "Start or resume a campaign",
    description:
      "Starts a draft as well. Everything is checked again; if something is missing, 409 `not_ready` lists all of it in `details`.",
  },
  archive: {
    summary: "Archive a campaign",
    description:
      "It stops for good and ends all its enrollments; it can still be read, and its numbers stay.",
  },
};

const answer = (ledger: Ledger, id: number) => ok(showCampaign(ledger, getCampaign(ledger, id)));

function listPage(ledger: Ledger, query: typeof CampaignQuery.static) {
  const { limit, cursor } = readPage(query);
  const rows = listCampaigns(ledger, {
    status: query.status ?? null,
    inbox_id: query.inbox_id === undefined ? null : (parseId("inb", query.inbox_id) ?? -1),
    q: query.q ?? null,
    before: cursor ?? Number.MAX_SAFE_INTEGER,
    limit: limit + 1,
  });
  const cut = cutPage(query, rows);
  return page(
    cut.rows.map((row) => showCampaign(ledger, row)),
    cut.pagination,
  );
}

const one = { params: pathParams, response: okOf(Campaign) };

export const campaigns = (wiring: Wiring) =>
  new Elysia({ name: "campaigns", prefix: "/campaigns" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get("/", ({ ledger, query }) => listPage(ledger, query), {
      query: CampaignQuery,
      response: pageOf(Campaign),
      detail: PROSE.list,
    })
    .post(
      "/",
      ({ ledger, body, set }) => {
        const { status = "draft", ...draft } = body;
        const campaign = showCampaign(
          ledger,
          getCampaign(ledger, createCampaign(ledger, draft, status)),
        );
        return created(set, `/v1/campaigns/${campaign.id}`, campaign);
      },
      { body: NewCampaign, response: { 201: okOf(Campaign) }, detail: PROSE.create },
    )
    .get("/:id", ({ ledger, params }) => answer(ledger, idOfPath(params.id)), {
      ...one,
      detail: PROSE.get,
    })
    .patch(
      "/:id",
      ({ ledger, params, body }) => {
        changeCampaign(ledger, idOfPath(params.id), body);
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, body: CampaignChange, detail: PROSE.change },
    )
    .post(
      "/:id/pause",
      ({ ledger, params }) => {
        pauseCampaign(ledger, idOfPath(params.id));
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, detail: PROSE.pause },
    )
    .post(
      "/:id/resume",
      ({ ledger, params }) => {
        resumeCampaign(ledger, idOfPath(params.id));
        return answer(ledger, idOfPath(params.id));
      },
      { ...one, detail: PROSE.resume },
    )
    .delete(
      "/:id",
      async ({ ledger, params }) => {
        await archiveCampaign(ledger, idOfPath(params.id));
        return noContent();
      },
      { params: pathParams, response: { 204: nothing }, detail: PROSE.archive },
    );
