// A7: a caller of another workspace, or of the other mode, finds nothing of ours under any id, and changes nothing.

import { afterEach, beforeEach, expect, test } from "bun:test";

import { createKey } from "../../../src/resources/api-keys/actions.ts";
import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { createWorkspace } from "../../../src/resources/workspaces/actions.ts";
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

function strangers(): [string, Ask][] {
  const order = { name: "Other", zone: "UTC" };
  const workspace_id = createWorkspace(house.control, order, house.master_key);
  const key = { workspace_id, mode: "test" as const, scopes: ["all"], name: "other" };
  const test_key = createKey(house.control, key);
  return [
    ["another workspace", askWith({ ...house, test_key }, "test")],
    ["the other mode", askWith(house, "live")],
  ];
}

test("A7: every route of campaigns and leads answers 404 to strangers, and nothing is changed", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  const order = { email: "a@b.test", campaign_id: campaign.id };
  const { data: lead } = await ask<Lead>("POST", "/leads", order);
  const [one, person] = [`/campaigns/${campaign.id}`, `/leads/${lead.id}`];
  const calls: [Parameters<Ask>[0], string, object?][] = [
    ["GET", one],
    ["PATCH", one, { name: "x" }],
    ["DELETE", one],
    ["POST", `${one}/pause`],
    ["POST", `${one}/resume`],
    ["POST", `${one}/duplicate`],
    ["POST", `${one}/validate`],
    ["POST", `${one}/preview`, { lead_id: lead.id }],
    ["GET", person],
    ["PATCH", person, { title: "x" }],
    ["DELETE", person],
    ["GET", `${person}/timeline`],
    ["POST", `${person}/enroll`, { campaign_id: campaign.id }],
    ["POST", `${person}/pause`, {}],
    ["POST", `${person}/resume`, {}],
    ["POST", `${person}/stop`, {}],
  ];
  const before = [await ask<Campaign>("GET", one), await ask<Lead>("GET", person)];
  for (const [who, stranger] of strangers()) {
    for (const [method, path, body] of calls) {
      // oxlint-disable-next-line no-await-in-loop -- one call after the other
      const { status, error } = await stranger(method, path, body);
      expect([who, method, path, status, error?.code]).toEqual([
        who,
        method,
        path,
        404,
        "not_found",
      ]);
    }
  }
  const after = [await ask<Campaign>("GET", one), await ask<Lead>("GET", person)];
  expect(after.map(({ data }) => data)).toEqual(before.map(({ data }) => data));
});

test("A7: a lead of another workspace has no preview in one's own campaign", async () => {
  const { data: lead } = await ask<Lead>("POST", "/leads", { email: "a@b.test" });
  const [, stranger] = strangers()[0] ?? [];
  if (!stranger) throw new Error("there is no stranger");
  const { id } = await makeCampaign(stranger);
  const answer = await stranger("POST", `/campaigns/${id}/preview`, { lead_id: lead.id });
  expect([answer.status, answer.error.code]).toEqual([404, "not_found"]);
  const enrolled = await stranger<Lead>("POST", "/leads", { email: "a@b.test", campaign_id: id });
  expect(enrolled.status).toBe(201);
  expect((await ask<Lead>("GET", `/leads/${lead.id}`)).data.campaigns).toEqual([]);
});
