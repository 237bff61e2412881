// Explanations over the API, in test mode: what they show, what they refuse, and that the calls they name do what they say.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { REASONS } from "../../../src/core/reasons.ts";
import type { CampaignExplained, LeadExplained } from "../../../src/resources/explain/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign, makeSandbox } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

const explainLead = async (id: string) =>
  (await ask<LeadExplained>("GET", `/leads/${id}/explain`)).data.enrollments;
const explainCampaign = async (id: string) =>
  (await ask<CampaignExplained>("GET", `/campaigns/${id}/explain`)).data;
const makeLead = async (campaign_id: string, fields: object = {}) =>
  (await ask<Lead>("POST", "/leads", { email: "lea@lead.test", campaign_id, ...fields })).data.id;

/** Does what an explanation says: the path is that of the API. */
async function follow(call: LeadExplained["enrollments"][number]["gates"][number]["fix"]["call"]) {
  if (!call) throw new Error("there is no call");
  const done = await ask(call.method, call.path.replace("/v1", ""), call.body ?? {});
  expect([call.path, done.status]).toEqual([call.path, 200]);
}

test("a test lead is told that the clock stands still, with the call that moves it just far enough", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  const lead = await makeLead(campaign.id);
  const [first] = await explainLead(lead);
  expect(first?.gates.map(({ code }) => code)).toEqual(["test_clock_still", "turn"]);
  await follow(first!.gates[0]!.fix.call);
  const [second] = await explainLead(lead);
  expect(second).toMatchObject({ verdict: "waiting", state: "waiting", step: { position: 1 } });
  expect(second?.gates.map(({ code }) => code)).toContain("not_due");
  expect(second?.next_at).toBe(second!.due_at);
  await follow(second!.gates.find(({ code }) => code === "test_clock_still")!.fix.call);
  const [third] = await explainLead(lead);
  expect(third).toMatchObject({ verdict: "ended", ended_by: "last_step", next_at: null });
});

test("a draft says how to start it, and the call does", async () => {
  const campaign = await makeCampaign(ask);
  await makeLead(campaign.id);
  const told = await explainCampaign(campaign.id);
  expect(told).toMatchObject({
    status: "draft",
    verdict: "blocked",
    enrolled: 1,
    ended: 0,
    waiting_for: { campaign_draft: 1 },
  });
  expect(told.summary).toBe(
    "Nothing is sent: the campaign is a draft: it was never started. 1 lead waits.",
  );
  await follow(told.gates.find(({ code }) => code === "campaign_draft")!.fix.call);
  expect(await explainCampaign(campaign.id)).toMatchObject({
    verdict: "sending",
    waiting_for: { turn: 1 },
  });
});

test("the calls that resume a lead, an inbox and a campaign do what they say", async () => {
  const inbox = await makeSandbox(ask);
  const campaign = await makeCampaign(ask, { status: "active" });
  const lead = await makeLead(campaign.id);
  await ask("POST", `/leads/${lead}/pause`, {});
  await ask("POST", `/inboxes/${inbox.id}/pause`, {});
  await ask("POST", `/campaigns/${campaign.id}/pause`, {});
  for (const code of ["inbox_paused", "campaign_paused", "paused"]) {
    const [told] = await explainLead(lead);
    await follow(told!.gates.find((gate) => gate.code === code)!.fix.call);
  }
  const [told] = await explainLead(lead);
  expect(told).toMatchObject({ verdict: "sending_next", ahead: 0 });
});

test("a campaign adds up: those that ended and those that wait, each under one reason", async () => {
  const steps = [{ subject: "Hi", body: "Hi {{ first_name }}" }, { body: "Again" }];
  const campaign = await makeCampaign(ask, { status: "active", steps });
  await makeLead(campaign.id, { first_name: "Lea" });
  await makeLead(campaign.id, { email: "max@lead.test" });
  const stopped = await makeLead(campaign.id, { email: "zoe@lead.test", first_name: "Zoe" });
  await ask("POST", `/leads/${stopped}/stop`, {});
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  const told = await explainCampaign(campaign.id);
  expect(told).toMatchObject({
    enrolled: 3,
    ended: 1,
    waiting_for: { missing_variable: 1, not_due: 1 },
  });
  expect(told.zones).toMatchObject([{ zone: "Europe/Berlin", waiting: 1, due: 0, window: "open" }]);
  expect(told.inboxes).toMatchObject([{ follow_ups: 1 }]);
});

test("of a lead in no campaign there is nothing to explain; what is not there is a 404", async () => {
  const lead = (await ask<Lead>("POST", "/leads", { email: "lea@lead.test" })).data.id;
  expect(await explainLead(lead)).toEqual([]);
  for (const path of [
    "/leads/lead_00000000000/explain",
    "/leads/x/explain",
    "/campaigns/cmp_00000000000/explain",
  ]) {
    const { status, error } = await ask("GET", path);
    expect([path, status, error.code]).toEqual([path, 404, "not_found"]);
  }
});

test("a live key sees nothing of a campaign in test mode", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  const { status } = await askWith(house, "live")("GET", `/campaigns/${campaign.id}/explain`);
  expect(status).toBe(404);
});

test("every code has its place on the page of reasons", async () => {
  const page = await house.request("/docs/explain", { headers: { authorization: "" } });
  const text = await page.text();
  expect(page.status).toBe(200);
  for (const code of Object.keys(REASONS)) expect(text).toContain(`<dt id="${code}">`);
});
