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
  duplicateCampaign,
  getCampaign,
  pauseCampaign,
  resumeCampaign,
} from "./actions.ts";
import { showCampaign } from "./answer.ts";
import { previewCampaign } from "./preview.ts";
import {
  Campaign,
  CampaignChange,
  CampaignQuery,
  NewCampaign,
  Preview,
  PreviewOrder,
  Validation,
} from "./schema.ts";
import { countCampaigns, listCampaigns } from "./store.ts";
import { validateCampaign } from "./validate.ts";

const idOfPath = (text: string) => pathId("cmp", text, "campaign");

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listCampaigns",
    summary: "List campaigns",
    description:
      "Newest first. Archived ones only with `status=archived`. `q` finds a part of the name, without regard to case.",
  },
  create: {
    operationId: "createCampaign",
    summary: "Create a campaign",
    description:
      'As a draft, or running at once with `status: "active"` (409 `not_ready` when it cannot; then nothing is saved). 1 to 20 steps, 1 to 200 inboxes. Branches name steps by their place in this request, for they have no ids yet. Every field that is wrong is told with its place, such as `steps[2].delay`.',
  },
  get: {
    operationId: "getCampaign",
    summary: "Get a campaign",
    description: "With its steps and the numbers of today.",
  },
  change: {
    operationId: "changeCampaign",
    summary: "Change a campaign",
    description:
      "Also while it runs; an archived one is read-only (409 `wrong_state`). `steps` is the whole sequence: steps keep their ids, those that are left out are removed, unless they have mails (409 `step_in_use`); leads that wait at a removed step go on to the next. `in_flight` says what happens to those who wait at a step that changes. A mail that is not under way is made anew with the new words, and another send window counts at once. Who has had the last step stays `completed` when a step is added behind it: `POST /v1/leads/{id}/resume` takes such a lead up there.",
  },
  pause: {
    operationId: "pauseCampaign",
    summary: "Pause a campaign",
    description:
      "Nothing of it is sent until it is resumed; nothing is cancelled. A draft or an archived one answers 409 `wrong_state`.",
  },
  resume: {
    operationId: "resumeCampaign",
    summary: "Start or resume a campaign",
    description:
      "Starts a draft as well. Everything is checked again; if something is missing, 409 `not_ready` lists all of it in `details`: the same as the `issues` of `validate`.",
  },
  duplicate: {
    operationId: "duplicateCampaign",
    summary: "Duplicate a campaign",
    description:
      "Makes a draft with the same settings, inboxes and steps, named as the original with “ (copy)” behind it. The steps have new ids, and branches lead to them. Leads are not copied. An archived campaign can be duplicated too.",
  },
  validate: {
    operationId: "validateCampaign",
    summary: "Check a campaign",
    description:
      "Everything that can be known before the first mail. `issues` keep it from starting: inboxes that cannot send, steps, templates, limits, a send window that never opens, links with a login or of another scheme than `http` and `https` (`mailto` and `tel` are taken). `warnings` do not: variables that enrolled leads lack (with their number and up to five of them for each step), a missing postal address, words that read like advertising, no words on how to opt out, limits that do not fit each other. Nothing is changed.",
  },
  preview: {
    operationId: "previewCampaign",
    summary: "Preview a lead's mails",
    description:
      "Every step as this lead gets it: the variant and the spintax that will be sent, with headers, as if no branch led past a step. It is made by the code that sends. Only what comes into being with the mail differs, at the same length: the message's id (in Message-ID, In-Reply-To, References, X-Imail-Id, the unsubscribe address and the MIME boundary) and the Date. The lead need not be enrolled. Nothing is stored or sent.",
  },
  archive: {
    operationId: "archiveCampaign",
    summary: "Archive a campaign",
    description:
      "It stops for good and ends all its enrollments; it can still be read, and its numbers stay.",
  },
};

const answer = (ledger: Ledger, id: number) => ok(showCampaign(ledger, getCampaign(ledger, id)));

function listPage(ledger: Ledger, query: typeof CampaignQuery.static) {
  const { limit, cursor, offset } = readPage(query);
  const filter = {
    status: query.status ?? null,
    inbox_id: query.inbox_id === undefined ? null : (parseId("inb", query.inbox_id) ?? -1),
    q: query.q ?? null,
  };
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const rows = listCampaigns(ledger, { ...filter, before, limit: limit + 1, offset });
  const cut = cutPage(query, rows, () => countCampaigns(ledger, filter));
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
        const { in_flight = "keep", ...draft } = body;
        changeCampaign(ledger, idOfPath(params.id), draft, in_flight);
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
    .post(
      "/:id/duplicate",
      ({ ledger, params, set }) => {
        const id = duplicateCampaign(ledger, idOfPath(params.id));
        const campaign = showCampaign(ledger, getCampaign(ledger, id));
        return created(set, `/v1/campaigns/${campaign.id}`, campaign);
      },
      { params: pathParams, response: { 201: okOf(Campaign) }, detail: PROSE.duplicate },
    )
    .post(
      "/:id/validate",
      async ({ ledger, params }) => ok(await validateCampaign(ledger, idOfPath(params.id))),
      { params: pathParams, response: okOf(Validation), detail: PROSE.validate },
    )
    .post(
      "/:id/preview",
      ({ ledger, params, body }) => {
        const lead_id = pathId("lead", body.lead_id, "lead");
        return ok(previewCampaign(ledger, idOfPath(params.id), lead_id));
      },
      {
        params: pathParams,
        body: PreviewOrder,
        response: okOf(Preview),
        detail: PROSE.preview,
      },
    )
    .delete(
      "/:id",
      async ({ ledger, params }) => {
        await archiveCampaign(ledger, idOfPath(params.id));
        return noContent();
      },
      { params: pathParams, response: { 204: nothing }, detail: PROSE.archive },
    );
