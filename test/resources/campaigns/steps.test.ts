// Steps and branches: ids outlive every edit, and nobody who waits is lost.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { changeWorkspace } from "../../../src/resources/workspaces/actions.ts";
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

test("the daily limit ends where the workspace's tier does", async () => {
  const inbox = await makeSandbox(ask);
  const body = {
    name: "x",
    inbox_ids: [inbox.id],
    steps: [{ subject: "a", body: "b" }],
    daily_limit: 5001,
  };
  const answer = await ask("POST", "/campaigns", body);
  expect(answer.error).toMatchObject({
    code: "invalid_field",
    field: "daily_limit",
    message: "daily_limit must be between 1 and 5000 on Surge tier",
  });
  changeWorkspace(house.control, house.workspace_id, { tier: "velocity" });
  expect((await ask("POST", "/campaigns", body)).status).toBe(201);
});

test("branches of a new campaign name steps by their place and are answered with ids", async () => {
  const campaign = await makeCampaign(ask, {
    steps: [
      { subject: "a", body: "b" },
      {
        body: "c",
        branches: [
          { when: { event: "opened", step: 0, within: "P2D" }, go_to: 2 },
          { when: { event: "bounced_soft" }, go_to: "end" },
        ],
      },
      { body: "d" },
    ],
  });
  const [first, second, third] = campaign.steps;
  expect(second?.branches).toEqual([
    { when: { event: "opened", step: first!.id, within: "P2D", category: null }, go_to: third!.id },
    { when: { event: "bounced_soft", step: null, within: null, category: null }, go_to: "end" },
  ]);
  // What was read may be sent back as it is.
  const path = `/campaigns/${campaign.id}`;
  const same = await ask<Campaign>("PATCH", path, { steps: campaign.steps });
  expect(same.data.steps).toEqual(campaign.steps);
});

test("an edit keeps the ids of the steps that it names, in whatever order, and gives new ones to the rest", async () => {
  const campaign = await makeCampaign(ask, {
    steps: [
      { subject: "a", body: "one" },
      {
        subject: "b",
        body: "two",
        variants: [
          { subject: "v", body: "v1" },
          { subject: "v", body: "v2" },
        ],
      },
      { subject: "c", body: "three" },
    ],
  });
  const [one, two, three] = campaign.steps;
  const { data } = await ask<Campaign>("PATCH", `/campaigns/${campaign.id}`, {
    steps: [
      { ...two!, variants: [two!.variants[1], { subject: "v", body: "v3" }] },
      { subject: "new", body: "new" },
      { ...one!, body: "one, better" },
    ],
  });
  expect(data.steps.map(({ body }) => body)).toEqual(["two", "new", "one, better"]);
  expect(data.steps[0]?.id).toBe(two!.id);
  expect(data.steps[2]?.id).toBe(one!.id);
  expect(data.steps[0]?.variants.map(({ id, body }) => [id, body])).toEqual([
    ["2", "v2"],
    ["3", "v3"],
  ]);
  const back = await ask("PATCH", `/campaigns/${campaign.id}`, { steps: [three!] });
  expect(back.error).toMatchObject({ code: "invalid_field", field: "steps[0].id" });
});

test("a step that has mails cannot be removed, and nothing else of that edit is kept", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  await ask("POST", "/leads", { email: "a@b.test", campaign_id: campaign.id });
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  const path = `/campaigns/${campaign.id}`;
  const answer = await ask("PATCH", path, {
    name: "Other",
    steps: [{ ...campaign.steps[1]!, subject: "Now first" }],
  });
  expect(answer.status).toBe(409);
  expect(answer.error).toMatchObject({ code: "step_in_use", step_id: campaign.steps[0]!.id });
  const { data } = await ask<Campaign>("GET", path);
  expect(data.name).toBe("Spring");
  expect(data.steps).toEqual(campaign.steps);
  expect((await ask("PATCH", path, { steps: [campaign.steps[0]!] })).status).toBe(200);
});

test("a lead that waits at a removed step goes on to the next one", async () => {
  const campaign = await makeCampaign(ask, {
    status: "active",
    steps: [{ subject: "a", body: "one" }, { body: "two" }, { body: "three" }],
  });
  const { data: lead } = await ask<Lead>("POST", "/leads", {
    email: "a@b.test",
    campaign_id: campaign.id,
  });
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  const [one, , three] = campaign.steps;
  await ask("PATCH", `/campaigns/${campaign.id}`, { steps: [one!, three!] });
  const waiting = await ask<Lead>("GET", `/leads/${lead.id}`);
  expect(waiting.data.campaigns[0]?.next_action?.step_id).toBe(three!.id);
  await ask("POST", "/test/clock/advance", { by: "P10D" });
  const mails = await ask<{ text: string }[]>("GET", "/test/mailbox?to=a@b.test");
  expect(mails.data.map(({ text }) => text.trim())).toEqual(["three", "one"]);
});

test("a change of the window keeps what it does not name", async () => {
  const campaign = await makeCampaign(ask, {
    send_window: { timezone: "europe/berlin", end: "12:00" },
  });
  expect(campaign.send_window).toMatchObject({
    timezone: "Europe/Berlin",
    start: "09:00",
    end: "12:00",
  });
  const { data } = await ask<Campaign>("PATCH", `/campaigns/${campaign.id}`, {
    send_window: { start: "08:00" },
  });
  expect(data.send_window).toMatchObject({
    timezone: "Europe/Berlin",
    start: "08:00",
    end: "12:00",
  });
});

test("a step that names only its id stays as it is, and one field can be changed alone", async () => {
  const campaign = await makeCampaign(ask, {
    steps: [
      { subject: "a", body: "<p>one</p>", delay: "PT1H" },
      { subject: "b", body: "two", branches: [{ when: { event: "opened" }, go_to: "end" }] },
    ],
  });
  const [one, two] = campaign.steps;
  const path = `/campaigns/${campaign.id}`;
  const same = await ask<Campaign>("PATCH", path, { steps: [{ id: one!.id }, { id: two!.id }] });
  expect(same.data.steps).toEqual(campaign.steps);
  const changed = await ask<Campaign>("PATCH", path, {
    steps: [{ id: one!.id, body: "plain" }, { id: two!.id }],
  });
  expect(changed.data.steps).toEqual([{ ...one!, body: "plain", html: false }, two!]);
});

test("a variant's id is one that the step has", async () => {
  const campaign = await makeCampaign(ask);
  const step = { subject: "a", body: "b", variants: [{ id: "7", subject: "a", body: "b" }] };
  const answer = await ask("PATCH", `/campaigns/${campaign.id}`, { steps: [step] });
  expect(answer.error.field).toBe("steps[0].variants[0].id");
});
