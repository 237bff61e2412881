import { afterEach, beforeEach, expect, test } from "bun:test";

import { pauseCopied } from "../src/copied.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { findCampaign, setCampaignState } from "../src/resources/campaigns/store.ts";
import { listEvents } from "../src/resources/events/list.store.ts";
import { openTestHouse, type TestHouse } from "./world/house.ts";
import { makerOf } from "./world/make.ts";

let house: TestHouse;

beforeEach(async () => {
  house = await openTestHouse();
});

afterEach(async () => {
  await house.close();
});

/** A campaign in this state. */
function campaignIn(ledger: Ledger, state: "draft" | "active" | "paused"): number {
  const make = makerOf(ledger);
  const { id } = make.campaign({ inbox_ids: [make.inbox()] });
  ledger.write((tx) => {
    setCampaignState(tx, id, state, state === "paused" ? { by: "api", reason: "mine" } : null);
  });
  return id;
}

test("a copied ledger's active campaigns are paused with the reason, and each pause is an event", () => {
  const { ledger } = house;
  const [active, draft, paused] = [
    campaignIn(ledger, "active"),
    campaignIn(ledger, "draft"),
    campaignIn(ledger, "paused"),
  ];
  pauseCopied(ledger, "the data was copied");
  expect(findCampaign(ledger, active)).toMatchObject({ state: "paused", paused_by: "copy" });
  expect(findCampaign(ledger, draft)).toMatchObject({ state: "draft" });
  expect(findCampaign(ledger, paused)).toMatchObject({ state: "paused", paused_reason: "mine" });
  pauseCopied(ledger, "the data was copied");
  const filter = {
    after: 0,
    event: "campaign.paused",
    campaign_id: null,
    lead_id: null,
    unknown: "[]",
    offset: 0,
    limit: 10,
  };
  expect(listEvents(ledger, filter).map(({ campaign_id }) => campaign_id)).toEqual([active]);
});

test("a test ledger goes on: nothing of it reaches anybody", () => {
  const { test_ledger } = house;
  const active = campaignIn(test_ledger, "active");
  pauseCopied(test_ledger, "the data was copied");
  expect(findCampaign(test_ledger, active)).toMatchObject({ state: "active" });
});
