// Reading from a real Dovecot that loses its numbers again and again (IMAIL_FLIPS sets how often), holds mails that together
// are far larger than memory should be, and is told of news by IDLE.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import type { MailAccount } from "../../src/core/mail-port.ts";
import { readUpToDate } from "../../src/engine/read/fetch.ts";
import { openMailPort } from "../../src/mail/port.ts";
import { accountOf } from "../../src/resources/inboxes/actions.ts";
import { findInbox } from "../../src/resources/inboxes/store.ts";
import { headerOf } from "../e2e/rig.ts";
import { openDesk, openEngineRoom } from "../world/engine-room.ts";
import { answerTo, mailFrom } from "../world/inbound-mails.ts";
import { makeLabInbox } from "../world/lab-inbox.ts";
import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";

const FLIPS = Number(process.env["IMAIL_FLIPS"] ?? 40);
const FLIP_MS = 3000;
const missing = mailLabMissing();
const never = new AbortController().signal;

describe.skipIf(missing !== null)("reading from real servers", () => {
  let lab: MailLab;
  beforeAll(async () => {
    lab = await openMailLab();
  }, 60_000);
  afterAll(() => lab.close(), 30_000);

  const accountAt = (email: string): MailAccount => ({
    inbox_id: 1,
    email,
    provider: "smtp",
    smtp: lab.login(email, lab.smtp.tls),
    imap: lab.login(email, lab.imap.tls),
  });

  test(
    `${FLIPS} UIDVALIDITY resets: each answer has its effect once`,
    async () => {
      const [ana, lea, max] = ["s1@sender.test", "lead1@lead.test", "lead3@lead.test"] as const;
      const room = openEngineRoom();
      const port = openMailPort();
      const inbox = makeLabInbox(room.ledger, lab, ana);
      const steps = [{}, { delay: "P60D" }];
      const campaign = room.make.campaign({ inbox_ids: [inbox], steps, stop_for_company: false });
      for (const email of [lea, max]) room.make.lead({ email, campaign_id: campaign.id });
      const desk = openDesk(room.ledger, { port });
      const answer = async (lead: string) => {
        const [mail = ""] = await lab.waitForMails(lead, 1);
        const message_id = (headerOf(mail, "Message-ID") ?? "").replace(/[<>]/g, "");
        await lab.save(ana, answerTo({ from: ana, to: lead, message_id }, "Hello.").toString());
      };
      await desk.runDue();
      room.clock.moveBy(10_000);
      await desk.runDue();
      await answer(lea);
      const replies = () => room.events().filter((event) => event === "reply.received").length;
      for (let flip = 0; flip < FLIPS; flip++) {
        if (flip === Math.floor(FLIPS / 2)) await answer(max);
        await lab.setUidValidity(ana, "INBOX", 1_000_000 + flip);
        const row = findInbox(room.ledger, inbox);
        const account = row && accountOf(room.ledger, row);
        if (!row || !account) throw new Error("no inbox");
        const session = await port.openMailbox(account, never);
        await readUpToDate({ ledger: room.ledger, inbox: row, session });
        await session.close();
      }
      expect(replies()).toBe(2);
      const cursor = room.ledger.db.query("SELECT uidvalidity FROM folders WHERE path = 'INBOX'");
      expect(cursor.get()).toEqual({ uidvalidity: 1_000_000 + FLIPS - 1 });
      await desk.close(1000);
      room.close();
    },
    60_000 + FLIPS * FLIP_MS,
  );

  test("a batch of large mails comes in pieces that fit into memory, and none is left out", async () => {
    const ana = "s2@sender.test";
    const session = await openMailPort().openMailbox(accountAt(ana), never);
    const { uidnext } = await session.status("INBOX");
    const body = `${"x".repeat(70)}\n`.repeat(40_000);
    for (let i = 0; i < 8; i++)
      await lab.save(ana, mailFrom({ from: "eve@other.test", to: ana }, body).toString());
    const sizes: number[][] = [];
    for (let from = uidnext; from < uidnext + 8;) {
      const mails = await session.fetchFrom("INBOX", from, 50);
      sizes.push(mails.map(({ bytes }) => bytes.length));
      from = (mails.at(-1)?.uid ?? Infinity) + 1;
    }
    expect(sizes.flat()).toHaveLength(8);
    for (const batch of sizes)
      expect(batch.reduce((sum, size) => sum + size, 0)).toBeLessThan(10_000_000);
    await session.close();
  }, 60_000);

  test("a folder that lost its numbers between two commands is not read with the old cursor", async () => {
    const ana = "s3@sender.test";
    await lab.save(ana, mailFrom({ from: "eve@other.test", to: ana }, "x").toString(), "Junk");
    const session = await openMailPort().openMailbox(accountAt(ana), never);
    await session.status("INBOX");
    await session.status("Junk");
    await lab.setUidValidity(ana, "Junk", 2_000_000);
    const error = await session.fetchFrom("Junk", 1, 10).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("UIDVALIDITY changed");
  }, 30_000);

  test("mail in Junk is seen while the INBOX is listened to, and the INBOX's is told", async () => {
    const ana = "s4@sender.test";
    const session = await openMailPort().openMailbox(accountAt(ana), never);
    await session.status("INBOX");
    const junk = (await session.folders()).find(({ role }) => role === "junk")?.path ?? "";
    const before = await session.status(junk);
    await lab.save(ana, mailFrom({ from: "eve@other.test", to: ana }, "x").toString(), junk);
    expect((await session.status(junk)).uidnext).toBe(before.uidnext + 1);
    const waiting = session.wait(30_000, never);
    await lab.save(ana, mailFrom({ from: "eve@other.test", to: ana }, "x").toString());
    expect(await waiting).toBe("news");
    await session.close();
  }, 60_000);
});
