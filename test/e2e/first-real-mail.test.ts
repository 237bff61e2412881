// The main job on real servers: a sender connects a mailbox, imail sends, reads, stops at a reply and follows up with
// the others. The program runs as a process of its own; Postfix and Dovecot are real.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { until } from "../world/mail-lab-process.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";
import { ALWAYS, headerOf, labInbox, openRig, type Rig } from "./rig.ts";

const missing = mailLabMissing();
const SETUP_MS = 30_000;

interface Lead {
  id: string;
  email: string;
  status: string;
  campaigns: { state: string; ended_by: string | null }[];
}

describe.skipIf(missing !== null)(
  "one inbox, three leads in three zones, a two-step campaign",
  () => {
    let lab: MailLab;
    let rig: Rig;
    beforeAll(async () => {
      lab = await openMailLab();
      rig = await openRig();
      await rig.start();
    }, SETUP_MS);
    afterAll(async () => {
      await rig.close();
      await lab.close();
    }, SETUP_MS);

    const leads = [
      { email: "lead1@lead.test", first_name: "Lea", timezone: "Europe/Berlin" },
      { email: "lead2@other.test", first_name: "Noah", timezone: "America/New_York" },
      { email: "lead3@lead.test", first_name: "Mia", timezone: "Asia/Kolkata" },
    ];
    const lead = async (email: string) => {
      const [found] = await rig.all<Lead>(`/v1/leads?email=${encodeURIComponent(email)}`);
      return rig.call<Lead>("GET", `/v1/leads/${found?.id ?? ""}`);
    };

    const answersAreJudged = async () => {
      const inbox = await rig.call<{ id: string }>(
        "POST",
        "/v1/inboxes",
        labInbox(lab, "s1@sender.test", { min_gap_seconds: 0 }),
      );
      const campaign = await rig.call<{ id: string }>("POST", "/v1/campaigns", {
        name: "First real mail",
        inbox_ids: [inbox.id],
        send_window: ALWAYS,
        steps: [
          {
            subject: "A question, {{ first_name }}",
            body: "Hello {{ first_name }},\n\ndo you have a minute?",
          },
          { delay: "PT8S", body: "Did you see my mail, {{ first_name }}?" },
        ],
      });
      const added = await rig.call<{ created: number }>("POST", "/v1/leads/bulk", {
        campaign_id: campaign.id,
        leads,
      });
      expect(added.created).toBe(3);
      await rig.call("POST", `/v1/campaigns/${campaign.id}/resume`);

      for (const { email } of leads) await lab.waitForMails(email, 1, { timeout_ms: 15_000 });
      const [first = ""] = lab.mailsIn("lead1@lead.test");
      expect(headerOf(first, "Subject")).toBe("A question, Lea");
      expect(headerOf(first, "List-Unsubscribe")).toContain("mailto:s1");
      const answered = headerOf(first, "Message-ID") ?? "";
      await lab.inject({
        from: "lead1@lead.test",
        to: "s1@sender.test",
        raw: `From: Lea <lead1@lead.test>\r\nTo: s1@sender.test\r\nSubject: Re: A question, Lea\r\nMessage-ID: <answer-1@lead.test>\r\nIn-Reply-To: ${answered}\r\nReferences: ${answered}\r\nDate: ${new Date().toUTCString()}\r\n\r\nYes, tell me more.\r\n`,
      });
      // Put into the mailbox as a mail: Pigeonhole says nothing to mails with List-Unsubscribe.
      await lab.save(
        "s1@sender.test",
        `From: Noah <lead2@other.test>\r\nTo: s1@sender.test\r\nSubject: Automatic reply: A question, Noah\r\nMessage-ID: <absent-1@other.test>\r\nAuto-Submitted: auto-replied\r\nDate: ${new Date().toUTCString()}\r\n\r\nI am out of the office.\r\n`,
      );

      await lab.waitForMails("lead3@lead.test", 2, { timeout_ms: 30_000 });
      const [opening = "", follow_up = ""] = lab.mailsIn("lead3@lead.test");
      expect(headerOf(follow_up, "In-Reply-To")).toBe(headerOf(opening, "Message-ID"));
      expect(headerOf(follow_up, "References")).toBe(headerOf(opening, "Message-ID"));
      expect(headerOf(follow_up, "Subject")).toBe("Re: A question, Mia");

      expect((await lead("lead1@lead.test")).campaigns[0]).toMatchObject({
        state: "stopped",
        ended_by: "replied",
      });
      expect((await lead("lead2@other.test")).campaigns[0]).toMatchObject({ state: "held" });
      expect((await lead("lead3@lead.test")).campaigns[0]).toMatchObject({
        state: "completed",
        ended_by: "last_step",
      });
      expect(lab.mailsIn("lead1@lead.test")).toHaveLength(1);
      expect(lab.mailsIn("lead2@other.test")).toHaveLength(1);
    };

    const copiesAreFiled = async () => {
      await until(
        "four copies in Sent",
        90_000,
        async () => lab.mailsIn("s1@sender.test", "Sent").length === 5 || null,
      );
      expect(
        new Set(lab.mailsIn("s1@sender.test", "Sent").map((mail) => headerOf(mail, "X-Imail-Id")))
          .size,
      ).toBe(5);
    };

    const factsAreTold = async () => {
      const events = await rig.all<{ event: string }>("/v1/events");
      const count = (name: string) => events.filter(({ event }) => event === name).length;
      expect(count("email.sent")).toBe(4);
      expect(count("reply.received")).toBe(1);
      const messages = await rig.all<{ state: string; sent_at: string | null }>("/v1/messages");
      expect(messages.map(({ state }) => state)).toEqual(["sent", "sent", "sent", "sent"]);
    };

    const optOutIsObeyed = async () => {
      const [mail = ""] = lab.mailsIn("lead3@lead.test");
      const uri = /<mailto:([^?>]+)\?subject=([^>]+)>/.exec(
        headerOf(mail, "List-Unsubscribe") ?? "",
      );
      const to = decodeURIComponent(uri?.[1] ?? "");
      await lab.inject({
        from: "lead3@lead.test",
        to,
        raw: `From: lead3@lead.test\r\nTo: ${to}\r\nSubject: unsubscribe\r\nMessage-ID: <stop-1@lead.test>\r\n\r\n\r\n`,
      });
      await until(
        "the lead to be unsubscribed",
        15_000,
        async () => (await lead("lead3@lead.test")).status === "unsubscribed" || null,
      );
    };

    const bounceIsRead = async () => {
      const [inbox] = await rig.all<{ id: string }>("/v1/inboxes");
      const campaign = await rig.call<{ id: string }>("POST", "/v1/campaigns", {
        name: "Bounces",
        inbox_ids: [inbox?.id],
        send_window: ALWAYS,
        status: "active",
        steps: [{ subject: "Hello", body: "Hello." }],
      });
      await rig.call("POST", "/v1/leads", {
        email: "nosuchuser@lead.test",
        campaign_id: campaign.id,
      });
      await until(
        "the bounce to be read",
        30_000,
        async () => (await lead("nosuchuser@lead.test")).status === "bounced" || null,
      );
    };

    // One story: each stage goes on where the one before it ended.
    test("the one who answers is stopped, the absent one held, the silent one followed up in thread", async () => {
      await answersAreJudged();
      await factsAreTold();
      await optOutIsObeyed();
      await bounceIsRead();
      await copiesAreFiled();
      expect(await rig.stop()).toBe(0);
    }, 240_000);
  },
);

test("the mail lab is there", () => {
  if (missing !== null && process.env["IMAIL_TEST_REQUIRE_LAB"] === "1") throw new Error(missing);
  if (missing !== null) process.stderr.write(`skipped: ${missing}\n`);
  expect(missing === null || missing.length > 0).toBe(true);
});
