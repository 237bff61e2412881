// The magic addresses of test mode: each does what its name says, and the report of the advance tells the rest.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Inbox } from "../../../src/resources/inboxes/schema.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import type { SandboxMail } from "../../../src/resources/test/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

interface Report {
  from: string;
  now: string;
  events: Record<string, number>;
  mails: { sent: number; received: number };
  instants: number;
  next_at: string | null;
  notes: string[];
}

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

async function play(email: string, by = "P14D") {
  const campaign = await makeCampaign(ask, { status: "active" });
  const lead = await ask<Lead>("POST", "/leads", { email, campaign_id: campaign.id });
  const report = await ask<Report>("POST", "/test/clock/advance", { by });
  const mails = await ask<SandboxMail[]>("GET", "/test/mailbox");
  const now = await ask<Lead>("GET", `/leads/${lead.data.id}`);
  return { campaign, report: report.data, mails: mails.data, lead: now.data };
}

describe("people answer", () => {
  const categories = [
    "interested",
    "meeting_requested",
    "question",
    "referral",
    "not_now",
    "not_interested",
    "wrong_person",
    "other",
    "no_such_category",
  ];
  test.each(categories)("reply+%s@ after 90 minutes, and the sequence stops", async (category) => {
    const { report, mails, lead } = await play(`reply+${category}@any.test`);
    expect(mails).toHaveLength(1);
    expect(report.events).toMatchObject({ "email.sent": 1, "reply.received": 1 });
    expect(report.mails).toEqual({ sent: 1, received: 1 });
    expect(lead.campaigns[0]).toMatchObject({ state: "stopped", ended_by: "replied" });
  });

  test.each(["unsubscribe", "reply+unsubscribe_request"])("%s@ asks for no more", async (name) => {
    const { report, mails, lead } = await play(`${name}@any.test`);
    expect(mails).toHaveLength(1);
    expect(report.events).toMatchObject({ "lead.unsubscribed": 1 });
    expect(lead.status).toBe("unsubscribed");
  });
});

describe("machines answer", () => {
  test.each(["ooo", "reply+out_of_office"])(
    "%s@ is away and gets the next mail later",
    async (name) => {
      const { lead, mails } = await play(`${name}@any.test`, "P2D");
      expect(mails).toHaveLength(1);
      expect(lead.campaigns[0]?.state).toBe("held");
      await ask("POST", "/test/clock/advance", { by: "P30D" });
      expect((await ask<SandboxMail[]>("GET", "/test/mailbox")).data).toHaveLength(2);
    },
  );

  test("reply+auto_reply@ says that it got the mail, and nothing else happens", async () => {
    const { report, mails, lead } = await play("reply+auto_reply@any.test");
    expect(mails).toHaveLength(2);
    expect(report.events["reply.received"]).toBeUndefined();
    expect(lead.campaigns[0]?.state).toBe("completed");
  });
});

describe("mails come back", () => {
  test("bounce+hard@ is suppressed", async () => {
    const { report, mails, lead } = await play("bounce+hard@any.test");
    expect(mails).toHaveLength(1);
    expect(report.events).toMatchObject({ "email.bounced.hard": 1 });
    expect(lead.status).toBe("bounced");
    const list = await ask<{ reason: string }[]>(
      "GET",
      "/suppressions?email=bounce%2Bhard@any.test",
    );
    expect(list.data.map(({ reason }) => reason)).toEqual(["bounced"]);
  });

  test("bounce+soft@ gets the next mail all the same", async () => {
    const { report, mails, lead } = await play("bounce+soft@any.test");
    expect(mails).toHaveLength(2);
    expect(report.events).toMatchObject({ "email.bounced.soft": 2 });
    expect(lead.campaigns[0]?.state).toBe("completed");
  });

  test("sender-fault@ pauses the inbox and leaves the lead alone", async () => {
    const { campaign, lead } = await play("sender-fault@any.test");
    const inbox = await ask<Inbox>("GET", `/inboxes/${campaign.inbox_ids[0]}`);
    expect(inbox.data).toMatchObject({ status: "paused" });
    expect(inbox.data.status_reason).toContain("5.7.26");
    expect(lead.status).toBe("in_sequence");
  });

  test("complaint@ reports the mail as spam and is suppressed", async () => {
    const { report, mails, lead } = await play("complaint@any.test");
    expect(mails).toHaveLength(1);
    expect(report.events).toMatchObject({ "complaint.received": 1 });
    expect(lead.status).toBe("complained");
    expect(lead.campaigns[0]?.ended_by).toBe("suppressed");
  });
});

test.each(["open", "click", "scanner"])(
  "%s@ does nothing without a public URL, and the advance says so",
  async (name) => {
    const { report } = await play(`${name}@any.test`);
    expect(report.notes).toHaveLength(1);
    expect(report.notes[0]).toContain(`2 mails went to ${name}@`);
    expect(report.notes[0]).toContain("public URL");
    const quiet = await ask<Report>("POST", "/test/clock/advance", { by: "P1D" });
    expect(quiet.data.notes).toEqual([]);
  },
);

test("nothing is magic outside of .test", async () => {
  const { report, mails } = await play("bounce+hard@any.example");
  expect(mails).toHaveLength(2);
  expect(report.mails).toEqual({ sent: 2, received: 0 });
});

test("the report tells from when to when, at how many instants, and what comes next", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  const before = await ask<{ now: string }>("GET", "/test/clock");
  const idle = await ask<Report>("POST", "/test/clock/advance", { by: "PT1M" });
  expect(idle.data).toMatchObject({
    from: before.data.now,
    events: {},
    mails: { sent: 0, received: 0 },
    next_at: null,
    notes: [],
  });
  await ask("POST", "/leads", { email: "lea@lead.test", campaign_id: campaign.id });
  const first = await ask<Report>("POST", "/test/clock/advance", { by: "P1D" });
  expect(first.data.mails.sent).toBe(1);
  expect(first.data.instants).toBeGreaterThanOrEqual(1);
  const next = Date.parse(first.data.next_at ?? "");
  expect(next).toBeGreaterThan(Date.parse(first.data.now));
  const step = await ask<Report>("POST", "/test/clock/advance", { by: "P3D" });
  expect(step.data.mails.sent).toBe(1);
});

test("one mail of the mailbox can be read alone, and as the bytes that went out", async () => {
  const { mails } = await play("lea@lead.test");
  const [newest] = mails;
  expect((await ask<SandboxMail>("GET", `/test/mailbox/${newest!.id}`)).data).toEqual(newest!);
  const raw = await house.request(`/v1/test/mailbox/${newest!.id}/raw`, {
    headers: { authorization: `Bearer ${house.test_key.key}` },
  });
  expect(raw.headers.get("content-type")).toBe("message/rfc822");
  expect(await raw.text()).toBe(newest!.raw);
  for (const path of ["msg_00000000007", "msg_00000000007/raw", "nonsense"])
    expect((await ask("GET", `/test/mailbox/${path}`)).status).toBe(404);
});
