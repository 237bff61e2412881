// The URLs that answer "why is nothing being sent?".

import { Elysia } from "elysia";

import { AppError, notFound } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { ok } from "../../http/envelope.ts";
import { okOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import { isLocalKey } from "../status/actions.ts";
import { showCampaignExplanation, showLeadExplanation } from "./answer.ts";
import { CampaignExplained, LeadExplained } from "./schema.ts";

const PROSE = {
  campaign: {
    operationId: "explainCampaign",
    summary: "Explain why a campaign sends nothing",
    description:
      "Every gate that fails now, from the code that decides: of the campaign, and of each of its inboxes. Each has a stable `code` (all of them: [/docs/explain](/docs/explain)), a sentence with the facts, since when, the next instant at which it may pass, and what to do about it, with the call where there is one. Beside them: where windows are open and when they open next, how many leads wait for what, and when the next mail may go. Nothing is changed. At a million leads it takes a few tenths of a second.",
  },
  lead: {
    operationId: "explainLead",
    summary: "Explain why a lead gets no mail",
    description:
      "For each campaign that the lead was ever in: the state, the step that comes next, a verdict, every gate that fails now (codes: [/docs/explain](/docs/explain)), and the earliest instant at which its next mail may go out. An enrollment that gets no mail always has at least one reason. Nothing is changed.",
  },
};

export const explain = (wiring: Wiring) =>
  new Elysia({ name: "explain" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/campaigns/:id/explain",
      ({ ledger, params }) => {
        const told = wiring.explainCampaign(ledger, pathId("cmp", params.id, "campaign"));
        if (!told) throw notFound("campaign");
        return ok(showCampaignExplanation(told));
      },
      { params: pathParams, response: okOf(CampaignExplained), detail: PROSE.campaign },
    )
    .get(
      "/leads/:id/explain",
      ({ ledger, params }) => {
        const told = wiring.explainLead(ledger, pathId("lead", params.id, "lead"));
        if (!told) throw notFound("lead");
        return ok(showLeadExplanation(told));
      },
      { params: pathParams, response: okOf(LeadExplained), detail: PROSE.lead },
    );

/** For `imail explain`: whatever the id names, in whichever workspace and mode. */
function explainAnywhere(wiring: Wiring, text: string) {
  const campaign_id = parseId("cmp", text);
  const lead_id = parseId("lead", text);
  for (const ledger of wiring.ledgers.all()) {
    const campaign = campaign_id === null ? null : wiring.explainCampaign(ledger, campaign_id);
    if (campaign) return showCampaignExplanation(campaign);
    const lead = lead_id === null ? null : wiring.explainLead(ledger, lead_id);
    if (lead) return showLeadExplanation(lead);
  }
  throw notFound("campaign or lead");
}

/** What the owner of the data directory asks from the command line. */
export const explainLocally = (wiring: Wiring) =>
  new Elysia({ name: "explain-locally" }).get(
    "/local/explain/:id",
    ({ headers, params }) => {
      const token = (headers["authorization"] ?? "").replace(/^bearer +/i, "");
      if (!isLocalKey(wiring.control, token))
        throw new AppError("invalid_key", "This page is for the command line: imail explain.");
      return ok(explainAnywhere(wiring, params.id));
    },
    { detail: { hide: true } },
  );
