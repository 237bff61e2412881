// What can be known of a campaign before its first mail; and `resume` decides by the same.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { parseId } from "../../../src/core/ids.ts";
import type { Validation } from "../../../src/resources/campaigns/schema.ts";
import { pauseInbox } from "../../../src/resources/inboxes/store.ts";
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

const validate = async (id: string) =>
  (await ask<Validation>("POST", `/campaigns/${id}/validate`)).data;
const codes = (findings: Validation["issues"]) => findings.map(({ code }) => code).toSorted();

function setAddress(postal_address: string): void {
  changeWorkspace(house.control, house.workspace_id, { postal_address });
}

function pauseInboxOf(text: string | undefined): void {
  house.test_ledger.write((tx) => {
    pauseInbox(tx, parseId("inb", text ?? "") ?? 0, { by: "server", reason: "550 blocked" });
  });
}

test("a sound campaign is ready, and its mails have a way out", async () => {
  setAddress("Example Ltd, 1 Street, Town");
  const { id } = await makeCampaign(ask, {
    steps: [{ subject: "Hello", body: "Hi. To unsubscribe, just say so." }],
  });
  await ask("POST", "/leads", { email: "a@b.test", campaign_id: id });
  expect(await validate(id)).toEqual({
    object: "validation",
    ready: true,
    issues: [],
    warnings: [],
    unsubscribe: ["mailto"],
  });
});

test("a bare draft is ready too, and is told what its author may want to know", async () => {
  const { id } = await makeCampaign(ask);
  const { ready, warnings } = await validate(id);
  expect(ready).toBe(true);
  expect(codes(warnings)).toEqual(["no_leads", "no_opt_out_words", "no_postal_address"]);
});

describe("issues", () => {
  test("are all told at once, and resume refuses with the very same", async () => {
    changeWorkspace(house.control, house.workspace_id, { tier: "velocity" });
    const { id, inbox_ids } = await makeCampaign(ask, {
      daily_limit: 20_000,
      send_window: { timezone: "UTC", days: ["mon"], start: "09:00", end: "10:00" },
      steps: [
        { subject: "Hello", body: '<a href="javascript:alert(1)">x</a>' },
        { body: "", variants: [{ body: "see https://a:b@example.com" }, { body: "fine" }] },
      ],
    });
    changeWorkspace(house.control, house.workspace_id, { tier: "surge" });
    pauseInboxOf(inbox_ids[0]);
    const { ready, issues } = await validate(id);
    expect(ready).toBe(false);
    expect(issues.map(({ code, field }) => `${code} ${field}`)).toEqual([
      "inbox_unusable inbox_ids[0]",
      "link_unsafe steps[0].body",
      "link_unsafe steps[1].variants[0].body",
      "limit_invalid daily_limit",
    ]);
    const refused = await ask("POST", `/campaigns/${id}/resume`);
    expect([refused.status, refused.error.code]).toEqual([409, "not_ready"]);
    expect(refused.error.details).toEqual(issues.map(({ field, message }) => ({ field, message })));
  });

  test("name a window that never opens, and resume refuses it", async () => {
    const { id } = await makeCampaign(ask);
    const clock = await ask<{ now: string }>("GET", "/test/clock");
    const today = Temporal.PlainDate.from(clock.data.now.slice(0, 10));
    const monday = today.subtract({ days: today.dayOfWeek - 1 });
    const exclude_dates = Array.from({ length: 60 }, (_, week) =>
      monday.add({ weeks: week }).toString(),
    );
    await ask("PATCH", `/campaigns/${id}`, { send_window: { days: ["mon"], exclude_dates } });
    const { issues } = await validate(id);
    expect(issues).toMatchObject([{ code: "window_shut", field: "send_window" }]);
    expect((await ask("POST", `/campaigns/${id}/resume`)).error.code).toBe("not_ready");
  });

  test("an inbox that cannot send is a warning while another one can", async () => {
    const one = await makeSandbox(ask, "one@company.example");
    const two = await makeSandbox(ask, "two@company.example");
    const { id } = await makeCampaign(ask, { inbox_ids: [one.id, two.id] });
    pauseInboxOf(two.id);
    const { ready, warnings } = await validate(id);
    expect(ready).toBe(true);
    expect(warnings[0]).toMatchObject({ code: "inbox_unusable", field: "inbox_ids[1]" });
    expect(warnings[0]?.message).toContain("550 blocked");
  });
});

describe("warnings", () => {
  test("count the leads that lack a variable, per step, with up to five of them", async () => {
    const { id } = await makeCampaign(ask, {
      steps: [
        {
          subject: "Hi {{ first_name }}",
          body: "{{ company | default: 'you' }} {{ custom.city }}",
        },
        { body: "{{ city }} {% if title %}{{ title }}{% endif %} {{ first_name | upcase }}" },
      ],
    });
    const leads = [
      ...Array.from({ length: 7 }, (_, i) => ({ email: `none${i}@b.test` })),
      { email: "blank@b.test", first_name: " ", custom: { city: "Rome" } },
      { email: "all@b.test", first_name: "Ada", custom: { city: "Rome" } },
    ];
    await ask("POST", "/leads/bulk", { leads, campaign_id: id });
    const lacking = (await validate(id)).warnings.filter(({ code }) => code === "variable_missing");
    expect(lacking.map(({ field, variable, leads: who }) => [field, variable, who?.count])).toEqual(
      [
        ["steps[0]", "first_name", 8],
        ["steps[0]", "custom.city", 7],
        ["steps[1]", "city", 7],
        ["steps[1]", "first_name", 8],
      ],
    );
    const examples = lacking[0]?.leads?.examples ?? [];
    expect(examples).toHaveLength(5);
    expect((await ask<Lead>("GET", `/leads/${examples[0]}`)).data.first_name).toBeNull();
  });

  test("leave out who has ended, and steps that lie behind a lead", async () => {
    const { id } = await makeCampaign(ask, {
      status: "active",
      steps: [{ subject: "Hi", body: "Hello" }, { body: "{{ title }}" }],
    });
    const a = await ask<Lead>("POST", "/leads", { email: "a@b.test", campaign_id: id });
    const count = async () =>
      (await validate(id)).warnings.find(({ code }) => code === "variable_missing")?.leads?.count;
    expect(await count()).toBe(1);
    await ask("POST", `/leads/${a.data.id}/stop`, {});
    expect(await count()).toBeUndefined();
  });

  test("count over slices of a big campaign", async () => {
    const { id } = await makeCampaign(ask, {
      steps: [{ subject: "Hi", body: "{{ title }}" }],
    });
    const leads = Array.from({ length: 2500 }, (_, i) => ({
      email: `lead${i}@b.test`,
      ...(i % 2 === 0 ? { title: "CEO" } : {}),
    }));
    await ask("POST", "/leads/bulk", { leads, campaign_id: id });
    const found = (await validate(id)).warnings.find(({ code }) => code === "variable_missing");
    expect(found?.leads?.count).toBe(1250);
  });

  test("tell words and numbers that do not fit", async () => {
    const inbox = await makeSandbox(ask, "small@company.example");
    const { id } = await makeCampaign(ask, {
      inbox_ids: [inbox.id],
      daily_limit: 1500,
      daily_new_leads: 2000,
      steps: [{ subject: "Act now", body: "Risk free!!!" }],
    });
    const { warnings } = await validate(id);
    expect(codes(warnings)).toEqual([
      "daily_limit_above_inboxes",
      "daily_new_leads_above_limit",
      "no_leads",
      "no_opt_out_words",
      "no_postal_address",
      "spam_words",
    ]);
    const spam = warnings.find(({ code }) => code === "spam_words");
    expect(spam).toMatchObject({ field: "steps[0]" });
    expect(spam?.message).toContain("act now, risk free");
  });
});
