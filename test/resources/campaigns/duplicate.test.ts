// A copy of a campaign is a draft of its own: new steps, the same ways between them, nobody in it.

import { afterEach, beforeEach, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

const STEPS = [
  { subject: "Hello", body: "Hi" },
  {
    delay: "P2D",
    body: "Second",
    branches: [
      { when: { event: "opened", step: 0, within: "P1D" }, go_to: 3 },
      { when: { event: "replied", category: "question" }, go_to: "end" },
    ],
  },
  { body: "", variants: [{ body: "A" }, { body: "B", weight: 3 }] },
  { subject: "Last", body: "<p>Bye</p>" },
];

test("has the same words and ways under new ids, and no leads", async () => {
  const original = await makeCampaign(ask, {
    steps: STEPS,
    status: "active",
    daily_new_leads: 7,
    track_opens: false,
  });
  await ask("POST", "/leads", { email: "a@b.test", campaign_id: original.id });
  const { status, data, headers } = await ask<Campaign>(
    "POST",
    `/campaigns/${original.id}/duplicate`,
  );
  expect(status).toBe(201);
  expect(headers.get("location")).toBe(`/v1/campaigns/${data.id}`);
  const ids = new Map(original.steps.map(({ id }, i) => [id, data.steps[i]?.id ?? ""]));
  expect(new Set([...ids.keys(), ...ids.values()]).size).toBe(8);
  const moved = JSON.stringify(original.steps).replaceAll(
    /stp_[0-9a-z]{11}/g,
    (id) => ids.get(id) ?? "none",
  );
  expect(data.steps).toEqual(JSON.parse(moved) as Campaign["steps"]);
  const {
    id: _,
    name,
    status: state,
    steps: __,
    created_at: ___,
    updated_at: ____,
    ...same
  } = data;
  expect([name, state]).toEqual(["Spring (copy)", "draft"]);
  expect(original).toMatchObject(same);
  expect((await ask<Lead[]>("GET", `/leads?campaign_id=${data.id}`)).data).toEqual([]);
  expect((await ask<Campaign>("GET", `/campaigns/${original.id}`)).data.steps).toEqual(
    original.steps,
  );
});

test("has a name of at most 120 characters, none of them cut in two", async () => {
  for (const name of ["x".repeat(120), `${"x".repeat(112)}😀end`, `${"x".repeat(111)}  yyy`]) {
    const { id } = await makeCampaign(ask, { name });
    const { data } = await ask<Campaign>("POST", `/campaigns/${id}/duplicate`);
    expect(data.name.length).toBeLessThanOrEqual(120);
    expect(data.name.isWellFormed()).toBe(true);
    expect(data.name).toMatch(/^x{111,113} \(copy\)$/);
    const again = await ask("PATCH", `/campaigns/${data.id}`, { name: data.name });
    expect(again.status).toBe(200);
  }
});

test("can be made of an archived campaign, and started", async () => {
  const { id } = await makeCampaign(ask);
  await ask("DELETE", `/campaigns/${id}`);
  const { data } = await ask<Campaign>("POST", `/campaigns/${id}/duplicate`);
  expect((await ask("POST", `/campaigns/${data.id}/resume`)).status).toBe(200);
});

test("A7: a campaign of the other mode is not there to be copied, checked or previewed", async () => {
  const { id } = await makeCampaign(ask);
  const { data } = await ask<Lead>("POST", "/leads", { email: "a@b.test" });
  const live = askWith(house, "live");
  for (const verb of ["duplicate", "validate"]) {
    expect((await live("POST", `/campaigns/${id}/${verb}`)).status).toBe(404);
  }
  const preview = await live("POST", `/campaigns/${id}/preview`, { lead_id: data.id });
  expect(preview.status).toBe(404);
});
