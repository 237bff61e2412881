// Started, paused, resumed, archived: what a campaign's state lets through.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { parseId } from "../../../src/core/ids.ts";
import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import { pauseInbox } from "../../../src/resources/inboxes/store.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { changeWorkspace } from "../../../src/resources/workspaces/actions.ts";
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

test("a draft is started, paused and resumed; each says so, and the pause is an event", async () => {
  const { id } = await makeCampaign(ask);
  const draft = await ask("POST", `/campaigns/${id}/pause`);
  expect(draft.error.code).toBe("wrong_state");
  expect((await ask<Campaign>("POST", `/campaigns/${id}/resume`)).data.status).toBe("active");
  const paused = await ask<Campaign>("POST", `/campaigns/${id}/pause`);
  expect(paused.data).toMatchObject({ status: "paused", paused_by: "api" });
  expect((await ask("POST", `/campaigns/${id}/pause`)).status).toBe(200);
  const events = await ask<unknown[]>("GET", `/events?event=campaign.paused&campaign_id=${id}`);
  expect(events.data).toHaveLength(1);
  const resumed = await ask<Campaign>("POST", `/campaigns/${id}/resume`);
  expect(resumed.data).toMatchObject({ status: "active", paused_by: null, paused_reason: null });
});

test("a paused campaign sends nothing until it is resumed", async () => {
  const { id } = await makeCampaign(ask, { status: "active" });
  await ask("POST", `/campaigns/${id}/pause`);
  await ask("POST", "/leads", { email: "a@b.test", campaign_id: id });
  await ask("POST", "/test/clock/advance", { by: "P2D" });
  const mails = () => ask<unknown[]>("GET", "/test/mailbox");
  expect((await mails()).data).toEqual([]);
  await ask("POST", `/campaigns/${id}/resume`);
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  expect((await mails()).data).toHaveLength(1);
});

test("a campaign that cannot run is refused with everything that is missing", async () => {
  changeWorkspace(house.control, house.workspace_id, { tier: "velocity" });
  const campaign = await makeCampaign(ask, { daily_limit: 20_000 });
  changeWorkspace(house.control, house.workspace_id, { tier: "surge" });
  house.test_ledger.write((tx) => {
    pauseInbox(tx, parseId("inb", campaign.inbox_ids[0]!) ?? 0, {
      by: "server",
      reason: "550 5.7.1 blocked",
    });
  });
  const answer = await ask("POST", `/campaigns/${campaign.id}/resume`);
  expect(answer.status).toBe(409);
  expect(answer.error.code).toBe("not_ready");
  expect(answer.error.details?.map(({ field }) => field)).toEqual(["inbox_ids[0]", "daily_limit"]);
  expect(answer.error.message).toContain("550 5.7.1 blocked");
  expect((await ask<Campaign>("GET", `/campaigns/${campaign.id}`)).data.status).toBe("draft");
  const at_once = await ask("POST", "/campaigns", {
    name: "x",
    inbox_ids: campaign.inbox_ids,
    steps: [{ subject: "a", body: "b" }],
    status: "active",
  });
  expect(at_once.error.code).toBe("not_ready");
  expect((await ask<Campaign[]>("GET", "/campaigns")).data).toHaveLength(1);
});

test("an archived campaign is read-only, ends its enrollments and leaves the list", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  const { data: lead } = await ask<Lead>("POST", "/leads", {
    email: "a@b.test",
    campaign_id: campaign.id,
  });
  const path = `/campaigns/${campaign.id}`;
  const gone = await ask("DELETE", path);
  expect([gone.status, gone.text]).toEqual([204, ""]);
  expect((await ask("DELETE", path)).status).toBe(204);
  const { data } = await ask<Campaign>("GET", path);
  expect(data.status).toBe("archived");
  expect(data.archived_at).not.toBeNull();
  expect((await ask<Lead>("GET", `/leads/${lead.id}`)).data.campaigns).toMatchObject([
    { state: "stopped", ended_by: "archived", next_action: null },
  ]);
  expect((await ask<Campaign[]>("GET", "/campaigns")).data).toEqual([]);
  expect((await ask<Campaign[]>("GET", "/campaigns?status=archived")).data).toHaveLength(1);
  for (const action of ["pause", "resume"]) {
    expect((await ask("POST", `${path}/${action}`)).error.code).toBe("wrong_state");
  }
  expect((await ask("PATCH", path, { name: "x" })).error.code).toBe("wrong_state");
  await ask("POST", "/test/clock/advance", { by: "P5D" });
  expect((await ask<unknown[]>("GET", "/test/mailbox")).data).toEqual([]);
});
