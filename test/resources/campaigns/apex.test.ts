// Tier Apex is what the owner of the installation says it is.
import { afterEach, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import { changeWorkspace } from "../../../src/resources/workspaces/actions.ts";
import { askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

const open: TestHouse[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

async function openApex(settings: object, tier: "apex" | "velocity" = "apex") {
  const house = await openTestHouse({ settings });
  open.push(house);
  changeWorkspace(house.control, house.workspace_id, { tier });
  return { house, ask: askWith(house, "test") };
}

test("its rate and its daily limit are settings", async () => {
  const set = { apex_rate: 60, apex_burst: 20, apex_daily_limit: 700 };
  const { ask } = await openApex(set);
  const first = await ask("GET", "/campaigns");
  expect(first.headers.get("x-ratelimit-limit")).toBe("20");
  const { id } = await makeCampaign(ask);
  const kept = await ask<Campaign>("PATCH", `/campaigns/${id}`, { daily_limit: 700 });
  expect(kept.data.daily_limit).toBe(700);
  const more = await ask("PATCH", `/campaigns/${id}`, { daily_limit: 701 });
  expect(more.error).toMatchObject({ field: "daily_limit" });
  const statuses = await Promise.all(
    Array.from({ length: 25 }, async () => (await ask("GET", "/campaigns")).status),
  );
  expect(statuses).toContain(429);
});

test("left out they are the contract's, and other tiers keep theirs", async () => {
  const { ask } = await openApex({});
  const first = await ask("GET", "/campaigns");
  expect(first.headers.get("x-ratelimit-limit")).toBe("12000");
  const other = await openApex({ apex_burst: 3, apex_daily_limit: 700 }, "velocity");
  const { headers } = await other.ask("GET", "/campaigns");
  expect(headers.get("x-ratelimit-limit")).toBe("1200");
});
