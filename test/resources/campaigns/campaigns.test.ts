// Campaigns through the API: made, changed while they run, started, paused, archived.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { moveTestClock } from "../../../src/ledger/ledger.ts";
import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
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

test("a campaign is a draft with the documented defaults, and reads back the same", async () => {
  const inbox = await makeSandbox(ask);
  const made = await ask<Campaign>("POST", "/campaigns", {
    name: "Spring",
    inbox_ids: [inbox.id],
    steps: [{ subject: "Hello", body: "<p>Hi</p>" }, { body: "Again" }],
  });
  expect(made.status).toBe(201);
  expect(made.headers.get("location")).toBe(`/v1/campaigns/${made.data.id}`);
  expect(made.data).toMatchObject({
    object: "campaign",
    name: "Spring",
    status: "draft",
    paused_by: null,
    inbox_ids: [inbox.id],
    daily_limit: 5000,
    daily_new_leads: null,
    send_window: {
      timezone: "lead",
      days: ["mon", "tue", "wed", "thu", "fri"],
      start: "09:00",
      end: "17:00",
      exclude_dates: [],
    },
    track_opens: true,
    tracking: { opens: false, clicks: false, reason: "no_public_url" },
    stop_on_reply: true,
    stop_for_company: false,
    max_per_company_per_day: null,
    lead_cooldown: "P1D",
    sent_today: 0,
    reply_rate_7d: null,
    archived_at: null,
  });
  expect(made.data.steps).toMatchObject([
    { delay: "PT0S", subject: "Hello", html: true, variants: [], branches: [] },
    { delay: "P3D", subject: "", html: false },
  ]);
  expect((await ask<Campaign>("GET", `/campaigns/${made.data.id}`)).data).toEqual(made.data);
  expect((await ask<Campaign[]>("GET", "/campaigns")).data).toEqual([made.data]);
});

test("lists are filtered by status, inbox and a part of the name", async () => {
  const one = await makeCampaign(ask, { name: "Spring 100%" });
  const other = await makeSandbox(ask, "second@company.example");
  const two = await makeCampaign(ask, { name: "Autumn", inbox_ids: [other.id], status: "active" });
  const ids = async (query: string) =>
    (await ask<Campaign[]>("GET", `/campaigns?${query}`)).data.map(({ id }) => id);
  expect(await ids("")).toEqual([two.id, one.id]);
  expect(await ids("status=active")).toEqual([two.id]);
  expect(await ids(`inbox_id=${other.id}`)).toEqual([two.id]);
  expect(await ids("q=SPRING")).toEqual([one.id]);
  expect(await ids("q=%25")).toEqual([one.id]);
  const wrong = await ask("GET", "/campaigns?status=running");
  expect(wrong.error).toMatchObject({ code: "invalid_field", field: "status" });
});

test("what was sent and answered is counted on the workspace's day", async () => {
  // Far from midnight: a day is the workspace's.
  moveTestClock(house.test_ledger, Date.UTC(2030, 0, 7, 10));
  const campaign = await makeCampaign(ask, { status: "active" });
  for (const email of ["reply+interested@a.test", "quiet@b.test"]) {
    await ask("POST", "/leads", { email, campaign_id: campaign.id });
  }
  await ask("POST", "/test/clock/advance", { by: "PT30M" });
  const counted = await ask<Campaign>("GET", `/campaigns/${campaign.id}`);
  expect(counted.data.sent_today).toBe(2);
  await ask("POST", "/test/clock/advance", { by: "P2D" });
  const later = await ask<Campaign>("GET", `/campaigns/${campaign.id}`);
  expect(later.data).toMatchObject({ sent_today: 0, reply_rate_7d: 0.5 });
  await ask("POST", "/test/clock/advance", { by: "P30D" });
  expect((await ask<Campaign>("GET", `/campaigns/${campaign.id}`)).data.reply_rate_7d).toBeNull();
});

test("a workspace without a postal address is warned", async () => {
  const campaign = await makeCampaign(ask);
  expect(campaign.warnings.map(({ code }) => code)).toEqual(["no_postal_address"]);
  changeWorkspace(house.control, house.workspace_id, { postal_address: "1 Main St" });
  expect((await ask<Campaign>("GET", `/campaigns/${campaign.id}`)).data.warnings).toEqual([]);
});

test("a campaign cannot use an inbox of the other mode, and is not there for the other mode's key", async () => {
  const campaign = await makeCampaign(ask);
  const askLive = askWith(house, "live");
  const answer = await askLive("POST", "/campaigns", {
    name: "x",
    inbox_ids: campaign.inbox_ids,
    steps: [{ subject: "a", body: "b" }],
  });
  expect(answer.error).toMatchObject({ code: "invalid_field", field: "inbox_ids[0]" });
  for (const path of ["", "/pause", "/resume"]) {
    const method = path === "" ? "GET" : "POST";
    expect((await askLive(method, `/campaigns/${campaign.id}${path}`)).status).toBe(404);
  }
  expect((await askLive("DELETE", `/campaigns/${campaign.id}`)).status).toBe(404);
});
