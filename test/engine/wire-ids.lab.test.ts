// The Message-ID that a mail really went out under, learnt from a copy in a real Dovecot: outlook.com's habit, played by
// putting a copy with another id into Sent.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { openMailPort } from "../../src/mail/port.ts";
import { findInbox, insertInbox } from "../../src/resources/inboxes/store.ts";
import { findAliasOf } from "../../src/resources/messages/aliases.store.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  openDesk,
  openEngineRoom,
} from "../world/engine-room.ts";
import { mailLabMissing } from "../world/mail-lab-missing.ts";
import { type MailLab, openMailLab } from "../world/mail-lab.ts";

const ADA = "s1@sender.test";
const BOB = "lead1@lead.test";
const WIRE = "VI1PR08MB1234@VI1PR08MB1234.eurprd08.prod.outlook.com";
const missing = mailLabMissing();

describe.skipIf(missing !== null)("a rewritten Message-ID, with real servers", () => {
  let lab: MailLab;
  let room: EngineRoom;
  beforeAll(async () => {
    lab = await openMailLab();
    room = openEngineRoom();
  }, 60_000);
  afterAll(async () => {
    room.close();
    await lab.close();
  }, 30_000);

  function makeInbox(): number {
    const { ledger } = room;
    const serverOf = (endpoint: Parameters<MailLab["login"]>[1]) => {
      const { password, ...server } = lab.login(ADA, endpoint);
      return { server, password };
    };
    const [smtp, imap] = [serverOf(lab.smtp.tls), serverOf(lab.imap.tls)];
    return ledger.write((tx) => {
      const id = tx.id();
      const seal = (column: string, password: string) =>
        ledger.vault.seal({ table: "inboxes", row: id, column }, password);
      insertInbox(tx, {
        id,
        email: ADA,
        name: "Ada",
        provider: "microsoft",
        smtp: smtp.server,
        imap: imap.server,
        smtp_password: seal("smtp_password", smtp.password),
        imap_password: seal("imap_password", imap.password),
        daily_limit: 50,
        hourly_limit: 10,
        min_gap_seconds: 60,
        signature: "",
        reply_to: null,
        save_sent: "auto",
      });
      return id;
    });
  }

  test("is learnt, and the follow-up refers to it", async () => {
    const inbox = makeInbox();
    const steps = [{}, { delay: "P1D" }];
    const campaign = room.make.campaign({ inbox_ids: [inbox], steps });
    room.make.lead({ email: BOB, campaign_id: campaign.id });
    const desk = openDesk(room.ledger, { port: openMailPort() });
    await desk.runDue();
    const [first = ""] = await lab.waitForMails(BOB, 1);
    const [message] = room.messages();
    expect(message).toMatchObject({ state: "sent" });

    await lab.save(ADA, first.replace(/^Message-ID: <.*>$/m, `Message-ID: <${WIRE}>`), "Sent");
    room.clock.moveBy(2 * MINUTE_MS);
    await desk.runDue();
    expect(findAliasOf(room.ledger, message?.id ?? 0)).toBe(WIRE);
    expect(findInbox(room.ledger, inbox)?.rewrites_ids).toBe(true);

    room.clock.moveBy(DAY_MS + HOUR_MS);
    await desk.runDue();
    const [, second = ""] = await lab.waitForMails(BOB, 2);
    expect(second.replace(/\n[ \t]+/g, " ")).toContain(`In-Reply-To: <${WIRE}>`);
    await desk.close(1000);
  }, 60_000);
});
