// A lead is enrolled, paused, resumed and stopped by hand, and its timeline tells what came of it.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Lead, TimelineItem } from "../../../src/resources/leads/schema.ts";
import { suppress } from "../../../src/resources/suppressions/actions.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
let campaign: Campaign;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  campaign = await makeCampaign(ask, { status: "active" });
});
afterEach(() => house.close());

const advance = (by: string) => ask("POST", "/test/clock/advance", { by });
const get = async (id: string) => (await ask<Lead>("GET", `/leads/${id}`)).data;
const mails = async () => (await ask<unknown[]>("GET", "/test/mailbox")).data.length;

async function add(email: string, campaign_id: string | null = campaign.id): Promise<string> {
  const order = { email, ...(campaign_id === null ? {} : { campaign_id }) };
  return (await ask<Lead>("POST", "/leads", order)).data.id;
}

describe("enroll", () => {
  test("puts a lead into a campaign, once for life", async () => {
    const id = await add("a@lead.test", null);
    const path = `/leads/${id}/enroll`;
    const { status, data } = await ask<Lead>("POST", path, { campaign_id: campaign.id });
    expect(status).toBe(200);
    expect(data.campaigns).toMatchObject([
      { campaign_id: campaign.id, state: "waiting", next_action: { blocked_by: null } },
    ]);
    const again = await ask("POST", path, { campaign_id: campaign.id });
    expect([again.status, again.error.code]).toEqual([409, "already_enrolled"]);
    await advance("PT1H");
    expect(await mails()).toBe(1);
  });

  test("is refused for a suppressed address, an archived campaign and one that is not there", async () => {
    const id = await add("a@lead.test", null);
    const path = `/leads/${id}/enroll`;
    expect((await ask("POST", path, {})).error.field).toBe("campaign_id");
    const none = await ask("POST", path, { campaign_id: "cmp_00000000007" });
    expect(none.error).toMatchObject({ code: "invalid_field", field: "campaign_id" });
    const old = await makeCampaign(ask);
    await ask("DELETE", `/campaigns/${old.id}`);
    expect((await ask("POST", path, { campaign_id: old.id })).error.code).toBe("wrong_state");
    suppressDomain();
    const suppressed = await ask("POST", path, { campaign_id: campaign.id });
    expect([suppressed.status, suppressed.error.code]).toEqual([409, "lead_suppressed"]);
    expect((await get(id)).campaigns).toEqual([]);
  });
});

function suppressDomain(): void {
  house.test_ledger.write((tx) => {
    suppress(house.test_ledger, tx, {
      kind: "domain",
      value: "lead.test",
      reason: "manual",
      source: "test",
      evidence: null,
    });
  });
}

describe("pause and resume", () => {
  test("hold a lead back and let it go on where it stood", async () => {
    const id = await add("a@lead.test");
    await advance("PT1H");
    const paused = await ask<Lead>("POST", `/leads/${id}/pause`, {});
    expect(paused.data.campaigns).toMatchObject([{ state: "paused", next_action: null }]);
    expect((await ask("POST", `/leads/${id}/pause`, {})).status).toBe(200);
    await advance("P10D");
    expect(await mails()).toBe(1);
    const resumed = await ask<Lead>("POST", `/leads/${id}/resume`, { campaign_id: campaign.id });
    expect(resumed.data.campaigns).toMatchObject([
      { state: "waiting", next_action: { step_id: campaign.steps[1]?.id } },
    ]);
    await advance("PT1H");
    expect(await mails()).toBe(2);
  });

  test("do not shorten the time for which somebody is away", async () => {
    const id = await add("ooo@lead.test");
    await advance("P1D");
    const [held] = (await get(id)).campaigns;
    expect(held?.state).toBe("held");
    await ask("POST", `/leads/${id}/pause`, {});
    const [resumed] = (await ask<Lead>("POST", `/leads/${id}/resume`, {})).data.campaigns;
    expect(resumed?.next_action?.at).toBe(held?.next_action?.at ?? "");
  });

  test("without a campaign are done in all, and with one in that one", async () => {
    const other = await makeCampaign(ask, { name: "Other" });
    const id = await add("a@lead.test");
    await ask("POST", `/leads/${id}/enroll`, { campaign_id: other.id });
    const states = async () => (await get(id)).campaigns.map(({ state }) => state);
    await ask("POST", `/leads/${id}/pause`, { campaign_id: other.id });
    expect(await states()).toEqual(["waiting", "paused"]);
    await ask("POST", `/leads/${id}/pause`, {});
    expect(await states()).toEqual(["paused", "paused"]);
    await ask("POST", `/leads/${id}/stop`, { campaign_id: other.id });
    await ask("POST", `/leads/${id}/resume`, {});
    expect(await states()).toEqual(["waiting", "waiting"]);
  });

  test("are refused where the lead is in no campaign, or not in that one", async () => {
    const id = await add("a@lead.test", null);
    for (const verb of ["pause", "resume"])
      expect((await ask("POST", `/leads/${id}/${verb}`, {})).error.code).toBe("wrong_state");
    for (const verb of ["pause", "resume", "stop"]) {
      const answer = await ask("POST", `/leads/${id}/${verb}`, { campaign_id: campaign.id });
      expect([answer.status, answer.error.code]).toEqual([404, "not_found"]);
    }
  });
});

describe("stop", () => {
  test("ends it at once; a resume goes on where it stood", async () => {
    const id = await add("a@lead.test");
    await advance("PT1H");
    const stopped = await ask<Lead>("POST", `/leads/${id}/stop`, {});
    expect(stopped.data.campaigns).toMatchObject([
      { state: "stopped", ended_by: "stopped", next_action: null },
    ]);
    expect((await ask("POST", `/leads/${id}/stop`, {})).status).toBe(200);
    expect((await ask("POST", `/leads/${id}/pause`, {})).error.code).toBe("wrong_state");
    await advance("P10D");
    expect(await mails()).toBe(1);
    await ask("POST", `/leads/${id}/resume`, {});
    await advance("PT1H");
    expect(await mails()).toBe(2);
    expect((await get(id)).campaigns).toMatchObject([
      { state: "completed", ended_by: "last_step" },
    ]);
    const over = await ask("POST", `/leads/${id}/resume`, {});
    expect([over.status, over.error.code]).toEqual([409, "wrong_state"]);
  });

  test("by a reply can be taken back, for one more step", async () => {
    const id = await add("reply+interested@lead.test");
    await advance("P2D");
    expect((await get(id)).campaigns).toMatchObject([{ state: "stopped", ended_by: "replied" }]);
    expect((await ask("POST", `/leads/${id}/resume`, {})).status).toBe(200);
    await advance("P5D");
    expect(await mails()).toBe(2);
  });

  test("by an opt-out or a bounce cannot be taken back", async () => {
    for (const local of ["unsubscribe", "bounce+hard"]) {
      const id = await add(`${local}@lead.test`);
      await advance("P2D");
      expect((await get(id)).campaigns).toMatchObject([{ state: "stopped" }]);
      const answer = await ask("POST", `/leads/${id}/resume`, {});
      expect([local, answer.status, answer.error.code]).toEqual([local, 409, "wrong_state"]);
    }
  });

  test("stays for a suppressed lead, and in an archived campaign", async () => {
    const id = await add("a@lead.test");
    await ask("POST", `/leads/${id}/stop`, {});
    suppressDomain();
    const suppressed = await ask("POST", `/leads/${id}/resume`, {});
    expect([suppressed.status, suppressed.error.code]).toEqual([409, "lead_suppressed"]);
    const other = await add("b@other.test");
    await ask("POST", `/leads/${other}/pause`, {});
    await ask("DELETE", `/campaigns/${campaign.id}`);
    expect((await ask("POST", `/leads/${other}/resume`, {})).error.code).toBe("wrong_state");
  });

  test("and a step that is removed meanwhile: the resumed lead goes on with the next", async () => {
    const id = await add("a@lead.test");
    await advance("PT1H");
    await ask("POST", `/leads/${id}/stop`, {});
    const [first] = campaign.steps;
    const steps = [{ id: first?.id }, { id: campaign.steps[1]?.id }, { body: "Third" }];
    const { data } = await ask<Campaign>("PATCH", `/campaigns/${campaign.id}`, { steps });
    await ask("PATCH", `/campaigns/${campaign.id}`, {
      steps: [{ id: first?.id }, { id: data.steps[2]?.id }],
    });
    const resumed = await ask<Lead>("POST", `/leads/${id}/resume`, {});
    expect(resumed.data.campaigns[0]?.next_action?.step_id).toBe(data.steps[2]?.id ?? "");
  });
});

describe("the timeline", () => {
  test("has events, messages and replies in one order, paged both ways", async () => {
    const id = await add("reply+interested@lead.test");
    await add("other@lead.test");
    await advance("P2D");
    const { data } = await ask<TimelineItem[]>("GET", `/leads/${id}/timeline`);
    expect(data.map(({ object, kind }) => `${object} ${kind}`).toReversed()).toEqual([
      "message sent",
      "event email.sent",
      "reply reply",
      "event email.delivered",
      "event reply.received",
      "event reply.classified",
    ]);
    const times = data.map(({ at }) => at);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(data.find(({ object }) => object === "reply")).toMatchObject({
      subject: "Re: Hello",
      campaign_id: campaign.id,
    });
    const paged: TimelineItem[] = [];
    for (let query = "?limit=2"; query !== "";) {
      const part = await ask<TimelineItem[]>("GET", `/leads/${id}/timeline${query}`);
      paged.push(...part.data);
      const { next_cursor } = part.pagination;
      query = next_cursor === null ? "" : `?limit=2&cursor=${next_cursor}`;
    }
    expect(paged).toEqual(data);
    const third = await ask<TimelineItem[]>("GET", `/leads/${id}/timeline?limit=2&page=3`);
    expect(third.data).toEqual(data.slice(4));
    expect(third.pagination).toMatchObject({ page: 3, total: 6, pages: 3, has_more: false });
  });

  test("of an erased lead is not there any more", async () => {
    const id = await add("a@lead.test");
    await ask("DELETE", `/leads/${id}`);
    expect((await ask("GET", `/leads/${id}/timeline`)).status).toBe(404);
  });
});

test("A7: a lead of the other mode is not there, whatever is asked of it", async () => {
  const id = await add("a@lead.test");
  const live = askWith(house, "live");
  expect((await live("GET", `/leads/${id}/timeline`)).status).toBe(404);
  for (const verb of ["enroll", "pause", "resume", "stop"]) {
    const answer = await live("POST", `/leads/${id}/${verb}`, { campaign_id: campaign.id });
    expect([verb, answer.status, answer.error.code]).toEqual([verb, 404, "not_found"]);
  }
  expect((await get(id)).campaigns).toMatchObject([{ state: "waiting" }]);
});
