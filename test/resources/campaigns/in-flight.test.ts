// A running campaign is edited: what happens to those who wait at a step that changes.

import { afterEach, beforeEach, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
let campaign: Campaign;
let lead: Lead;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  campaign = await makeCampaign(ask, { status: "active" });
  const order = { email: "a@b.test", timezone: "Asia/Tokyo", campaign_id: campaign.id };
  lead = (await ask<Lead>("POST", "/leads", order)).data;
  await ask("POST", "/test/clock/advance", { by: "P1D" });
});
afterEach(() => house.close());

const dueAt = async () =>
  Date.parse(
    (await ask<Lead>("GET", `/leads/${lead.id}`)).data.campaigns[0]?.next_action?.at ?? "",
  );
const now = async () => Date.parse((await ask<{ now: string }>("GET", "/test/clock")).data.now);
const change = (second: object, extra: object = {}) =>
  ask("PATCH", `/campaigns/${campaign.id}`, {
    steps: [{ id: campaign.steps[0]?.id }, { id: campaign.steps[1]?.id, ...second }],
    ...extra,
  });
const DAY_MS = 86_400_000;

test("by default they stay due when they were", async () => {
  const before = await dueAt();
  await change({ delay: "P9D" });
  expect(await dueAt()).toBe(before);
  await change({ body: "New words" }, { in_flight: "keep" });
  expect(await dueAt()).toBe(before);
});

test("with restart the delay of the changed step begins anew", async () => {
  await change({ delay: "P9D" }, { in_flight: "restart" });
  expect(await dueAt()).toBe((await now()) + 9 * DAY_MS);
  await ask("POST", "/test/clock/advance", { by: "P8D" });
  expect((await ask<unknown[]>("GET", "/test/mailbox")).data).toHaveLength(1);
  await ask("POST", "/test/clock/advance", { by: "P2D" });
  expect((await ask<unknown[]>("GET", "/test/mailbox")).data).toHaveLength(2);
});

test("restart leaves alone who waits at a step that did not change, and who has ended", async () => {
  const before = await dueAt();
  await change({}, { in_flight: "restart", name: "Other" });
  expect(await dueAt()).toBe(before);
  await ask("POST", `/leads/${lead.id}/stop`, {});
  await change({ delay: "P9D" }, { in_flight: "restart" });
  await ask("POST", `/leads/${lead.id}/resume`, {});
  expect(await dueAt()).toBe(before);
});

test("another word is refused", async () => {
  const answer = await change({}, { in_flight: "drop" });
  expect(answer.error).toMatchObject({ code: "invalid_field", field: "in_flight" });
});
