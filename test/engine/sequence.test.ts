// A campaign plays on the test clock: what a sender would see of it.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { listEnrollmentsOfLead } from "../../src/resources/enrollments/store.ts";
import { listSandboxMails } from "../../src/resources/test/store.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { makerOf } from "../world/make.ts";

const DAY_MS = 86_400_000;
let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(async () => {
  await house.close();
});

const advance = (days: number) => {
  const ledger = house.test_ledger;
  return house.engine.advance(ledger, ledger.clock.now() + days * DAY_MS);
};
const sentTo = (to: string) =>
  listSandboxMails(house.test_ledger, {
    to,
    limit: 100,
    before: Number.MAX_SAFE_INTEGER,
    offset: 0,
  })
    .toReversed()
    .map(({ bytes }) => Buffer.from(bytes).toString("utf8"));

function play(emails: string[]) {
  const make = makerOf(house.test_ledger);
  const inbox_id = make.inbox({ email: "ana@sender.test" });
  const campaign = make.campaign({
    inbox_ids: [inbox_id],
    steps: [{}, { delay: "P3D" }, { delay: "P4D" }],
  });
  return emails.map((email) => make.lead({ email, campaign_id: campaign.id }));
}

const enrollment = (lead_id: number) => listEnrollmentsOfLead(house.test_ledger, lead_id)[0];

describe("a three-step campaign", () => {
  test("reaches a silent lead with all three steps in one thread", async () => {
    const [lead = 0] = play(["lea@lead.test"]);
    await advance(21);
    const mails = sentTo("lea@lead.test");
    expect(mails).toHaveLength(3);
    const ids = mails.map((mail) => /^Message-ID: (.+)\r$/m.exec(mail)?.[1]);
    expect(mails[1]).toContain(`In-Reply-To: ${ids[0]}`);
    expect(mails[1]).toContain("Subject: Re: Hello Lea");
    expect(mails[2]).toContain(`In-Reply-To: ${ids[1]}`);
    expect(enrollment(lead)).toMatchObject({
      state: "completed",
      ended_by: "last_step",
      sent_count: 3,
    });
  });

  test("stops at a reply and goes on with the others", async () => {
    const [replier = 0, silent = 0] = play(["reply+interested@lead.test", "lea@lead.test"]);
    const report = await advance(21);
    expect(sentTo("reply+interested@lead.test")).toHaveLength(1);
    expect(sentTo("lea@lead.test")).toHaveLength(3);
    expect(enrollment(replier)).toMatchObject({ state: "stopped", ended_by: "replied" });
    expect(enrollment(silent)).toMatchObject({ state: "completed" });
    expect(report.events).toMatchObject({ "email.sent": 4, "reply.received": 1 });
  });

  test("suppresses an address that bounces hard", async () => {
    const [lead = 0] = play(["bounce+hard@lead.test"]);
    const report = await advance(21);
    expect(sentTo("bounce+hard@lead.test")).toHaveLength(1);
    expect(enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "bounced" });
    expect(report.events).toMatchObject({ "email.bounced.hard": 1 });
  });

  test("holds a lead who is away for five days and goes on then", async () => {
    const [lead = 0] = play(["ooo@lead.test"]);
    await advance(2);
    const sent = sentTo("ooo@lead.test").length;
    if (sent > 0) expect(enrollment(lead)?.state).toBe("held");
    await advance(40);
    expect(sentTo("ooo@lead.test")).toHaveLength(3);
  });
});
