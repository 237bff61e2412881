// What real servers write is judged right: Postfix' reports, and absences of a Sieve vacation.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { judgeMail } from "../../src/core/classify.ts";
import { parseMail } from "../../src/mail/parse.ts";
import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";

const missing = mailLabMissing();
if (missing !== null) process.stderr.write(`${missing}\n`);
const SLOW_MS = 60_000;

describe.skipIf(missing !== null)("mail of real servers", () => {
  let lab: MailLab;
  beforeAll(async () => {
    lab = await openMailLab({ user_count: 16 });
  }, SLOW_MS);
  afterAll(() => lab.close());

  /** Sends from a sender of its own and judges the first mail that comes back. */
  async function answerOf(to: string, turn: number) {
    const from = lab.users.filter(({ email }) => /^s\d+@/.test(email))[turn]?.email ?? "";
    const id = `lab-${turn}@sender.test`;
    await lab.inject({
      from,
      to,
      raw: `From: ${from}\r\nTo: ${to}\r\nSubject: Hello\r\nMessage-ID: <${id}>\r\n\r\nHello\r\n`,
    });
    const [raw = ""] = await lab.waitForMails(from, 1, { timeout_ms: SLOW_MS / 2 });
    const mail = await parseMail(Buffer.from(raw.replaceAll("\n", "\r\n")));
    return { id, judgement: judgeMail(mail, { recipient: to }) };
  }

  test.each([
    ["nosuchuser@lead.test", "hard_bounce", "mailbox", "user_unknown", 0],
    ["anna@nxdomain.test", "hard_bounce", "mailbox", "invalid_address", 1],
    ["anna@nullmx.test", "hard_bounce", "mailbox", "invalid_address", 2],
    ["anna@blocked.test", "soft_bounce", "sender", "ip_blacklisted", 3],
    ["full@lead.test", "soft_bounce", "transient", "mailbox_full", 4],
    ["gmail-nouser@lead.test", "hard_bounce", "mailbox", "user_unknown", 5],
    ["gmail-dmarc@lead.test", "soft_bounce", "sender", "auth_failure", 6],
    ["o365-nouser@lead.test", "soft_bounce", "transient", "unknown", 7],
    ["yahoo-nouser@lead.test", "soft_bounce", "sender", "auth_failure", 8],
  ] as const)(
    "a report about %s is %s",
    async (...row) => {
      const [to, kind, fault, category, turn] = row;
      const { id, judgement } = await answerOf(to, turn);
      expect(judgement).toMatchObject({
        kind,
        original_message_ids: [id],
        bounce: { form: "report", fault, category, recipient: to },
      });
    },
    SLOW_MS,
  );

  test.each([
    ["vacation@lead.test", 9],
    ["vacation@other.test", 10],
  ] as const)(
    "the absence of %s is one",
    async (to, turn) => {
      const { judgement } = await answerOf(to, turn);
      expect(judgement).toMatchObject({ kind: "auto_reply", category: "out_of_office" });
    },
    SLOW_MS,
  );
});
