// A preview is the mail: every byte of it, but for what only comes into being with the mail.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Preview } from "../../../src/resources/campaigns/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { listSandboxMails } from "../../../src/resources/test/store.ts";
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

const preview = async (campaign_id: string, lead_id: string) =>
  (await ask<Preview>("POST", `/campaigns/${campaign_id}/preview`, { lead_id })).data;

const sentTo = (to: string) =>
  listSandboxMails(house.test_ledger, {
    to,
    limit: 100,
    before: Number.MAX_SAFE_INTEGER,
    offset: 0,
  })
    .toReversed()
    .map(({ bytes }) => Buffer.from(bytes).toString("latin1"));

/** What a mail has that no preview can have: marks and ids of its own, and its time. Their lengths stay. */
function timeless(raw: string): string {
  return raw
    .replaceAll(/^Date: .*$/gm, (line) => "D".repeat(line.length))
    .replaceAll(/[0-9a-z]{11}\.[0-9a-z]{26}@/g, (id) => `${"I".repeat(id.length - 1)}@`)
    .replaceAll(/u-[0-9a-z]{37}/g, `u-${"U".repeat(37)}`)
    .replaceAll(/msg_[0-9a-z]{11}/g, `msg_${"M".repeat(11)}`)
    .replaceAll(/=_[0-9a-f]{32}/g, `=_${"B".repeat(32)}`);
}

const STEPS = [
  {
    subject: "{Hello|Hi|Hey} {{ first_name }} – größer",
    body: "{Hi|Hello|Dear} {{ first_name }},\n\n{one|two|three|four} {{ custom.city | default: 'town' }}.",
  },
  {
    body: "",
    variants: [
      { body: "<p>Variant A {a|b|c} {{ first_name }}</p>" },
      { body: "<p>Variant B {a|b|c}</p>", weight: 2 },
      { body: "<p>Variant C</p>", subject: "New {thread|talk}" },
    ],
  },
  { subject: "Another thing", body: "Third" },
  { body: "Last {x|y|z}" },
];

describe("a preview", () => {
  test("is, for every lead and step, what is sent then", async () => {
    changeWorkspace(house.control, house.workspace_id, { postal_address: "1 Street\nTown" });
    const campaign = await makeCampaign(ask, { steps: STEPS, status: "active" });
    const emails = ["ada", "bob", "cem", "dora", "eva", "finn"].map((name) => `${name}@lead.test`);
    const leads: Lead[] = [];
    for (const email of emails) {
      const order = { email, first_name: `Jörg ${email[0]}`, campaign_id: campaign.id };
      leads.push((await ask<Lead>("POST", "/leads", order)).data);
    }
    const before = new Map<string, Preview>();
    for (const { id, email } of leads) before.set(email, await preview(campaign.id, id));
    await ask("POST", "/test/clock/advance", { by: "P30D" });
    for (const email of emails) {
      const sent = sentTo(email);
      const shown = before.get(email)?.steps.map(({ raw }) => raw ?? "") ?? [];
      expect(sent).toHaveLength(STEPS.length);
      expect(shown.map(timeless)).toEqual(sent.map(timeless));
      expect(shown.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
    }
    const variants = [...before.values()].map(({ steps }) => steps[1]?.variant_id);
    expect(new Set(variants).size).toBeGreaterThan(1);
  });

  test("in the middle of a sequence goes on in the thread that is there", async () => {
    const campaign = await makeCampaign(ask, { status: "active" });
    const { data: lead } = await ask<Lead>("POST", "/leads", {
      email: "a@lead.test",
      campaign_id: campaign.id,
    });
    await ask("POST", "/test/clock/advance", { by: "PT1H" });
    const { steps } = await preview(campaign.id, lead.id);
    expect(steps[0]).toMatchObject({ state: "sent", subject: "Hello" });
    expect(steps[0]?.text).toContain("Hi there");
    expect(steps[1]).toMatchObject({ state: "planned", subject: "Re: Hello", message_id: null });
    const [first = ""] = sentTo("a@lead.test");
    const id = /^Message-ID: (.+)\r$/m.exec(first)?.[1] ?? "none";
    expect(steps[1]?.raw).toContain(`In-Reply-To: ${id}`);
    await ask("POST", "/test/clock/advance", { by: "P10D" });
    expect(timeless(steps[1]?.raw ?? "")).toBe(timeless(sentTo("a@lead.test")[1] ?? ""));
  });

  test("needs no enrollment, says what is missing, and leaves nothing behind", async () => {
    const campaign = await makeCampaign(ask, {
      steps: [{ subject: "Hi", body: "{{ title }} {{ company }}" }, { body: "Still there?" }],
    });
    const { data: lead } = await ask<Lead>("POST", "/leads", { email: "a@lead.test" });
    const { steps, inbox_id } = await preview(campaign.id, lead.id);
    expect(inbox_id).toBe(campaign.inbox_ids[0] ?? "");
    expect(steps[0]).toMatchObject({
      raw: null,
      subject: null,
      blocked_by: "missing_variable: title, company",
    });
    // Without a mail before it a step without a subject takes that of the first: it never goes out bare.
    expect(steps[1]).toMatchObject({ subject: "Hi", blocked_by: null });
    expect((await ask<unknown[]>("GET", "/messages")).data).toEqual([]);
    expect((await ask<Lead>("GET", `/leads/${lead.id}`)).data.campaigns).toEqual([]);
  });

  test("of a campaign or for a lead that is not there is a 404", async () => {
    const campaign = await makeCampaign(ask);
    const { data: lead } = await ask<Lead>("POST", "/leads", { email: "a@lead.test" });
    const nobody = await ask("POST", `/campaigns/${campaign.id}/preview`, {
      lead_id: "lead_00000000007",
    });
    expect([nobody.status, nobody.error.code]).toEqual([404, "not_found"]);
    const nowhere = await ask("POST", "/campaigns/cmp_00000000007/preview", { lead_id: lead.id });
    expect([nowhere.status, nowhere.error.code]).toEqual([404, "not_found"]);
  });
});
