// The matching ladder where it is not plain sailing: answers from other addresses and of colleagues, mails of which only
// the envelope is listed, our own mail come back, and machines that answer machines.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { OpenedMail } from "../../src/core/opened-mail.ts";
import { openUntracked } from "../../src/engine/read/untracked.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { changeReply } from "../../src/resources/replies/actions.ts";
import { findSuppression } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  openEngineRoom,
} from "../world/engine-room.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEA = "lea@acme.example.com";
const MAX = "max@acme.example.com";
let directory = "";
let room: EngineRoom;
let inbox = 0;
let lead = 0;
const steps = [{ subject: "A proposal" }, { delay: "P1D" }, { delay: "P1D" }];

const open = async (stop_for_company = false) => {
  room = openEngineRoom({ path: join(directory, "ledger.db") });
  inbox = room.make.inbox({ email: ANA });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps, stop_for_company });
  lead = room.make.lead({ email: LEA, campaign_id: campaign.id });
  await room.run();
  room.clock.moveBy(MINUTE_MS);
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "imail-"));
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
  rmSync(directory, { recursive: true });
});

interface Listed {
  id: number;
  kind: string;
  category: string | null;
  matched_by: string;
  lead_id: number | null;
  sender: string;
  subject: string;
  text: string;
  uid: number | null;
  uidvalidity: number | null;
}
const replies = () =>
  room.ledger.db
    .query<Listed, []>(
      "SELECT id, kind, category, matched_by, lead_id, sender, subject, text, uid, uidvalidity FROM replies ORDER BY id",
    )
    .all();
const sent = () => ({ from: ANA, to: LEA, message_id: room.world.taken[0]?.message_id ?? "" });
const read = async (bytes: Uint8Array, folder = "INBOX") => {
  room.world.deliver(ANA, bytes, { folder });
  await room.run();
};
const inThread = (from: string, text: string, headers: Record<string, string> = {}) =>
  mailFrom(
    {
      from,
      to: ANA,
      subject: "Re: A proposal",
      headers: { "In-Reply-To": `<${sent().message_id}>`, ...headers },
    },
    text,
  );
const suppressed = (email: string) => findSuppression(room.ledger, room.ledger, email) !== null;

describe("an id of ours from another address", () => {
  test("pauses the lead, and says neither what it means nor that the lead answered", async () => {
    await open();
    await read(inThread("lea.private@gmail.com", "I answer from home."));
    expect(room.enrollment(lead)).toMatchObject({ state: "paused", paused_by: "possible_reply" });
    expect(replies()).toMatchObject([{ matched_by: "possible", kind: "reply", category: null }]);
    expect(room.events()).not.toContain("reply.received");
    await room.play(10 * DAY_MS);
    expect(room.world.taken).toHaveLength(1);
  });

  test("and asks for no more mail: nobody is put on the list, and the lead is left alone", async () => {
    await open();
    await read(inThread("eve@evil.example.net", "Please unsubscribe me."));
    expect(suppressed(LEA)).toBe(false);
    expect(suppressed("eve@evil.example.net")).toBe(false);
    expect(room.enrollment(lead)).toMatchObject({ state: "paused", paused_by: "possible_reply" });
  });

  test("that says who is away holds the lead: servers answer from the address behind an alias", async () => {
    await open();
    const away = absenceOf({ ...sent(), to: "lea.lang@acme.example.com" }, "I am out of office.");
    await read(away);
    expect(room.enrollment(lead)).toMatchObject({ state: "held" });
  });

  test("of a colleague stops the lead where the campaign stops for the company", async () => {
    await open(true);
    await read(inThread(MAX, "Lea gave me this, we are set."));
    expect(room.enrollment(lead)).toMatchObject({ ended_by: "company_replied" });
  });

  test("that is another lead's own answer is that lead's, and pauses the one whose thread it is", async () => {
    await open();
    const campaign = room.make.campaign({ inbox_ids: [inbox], steps });
    const max = room.make.lead({ email: MAX, campaign_id: campaign.id });
    room.clock.moveBy(HOUR_MS);
    await room.run();
    await read(inThread(MAX, "Let us talk."));
    expect(replies()).toMatchObject([{ matched_by: "sender", lead_id: max }]);
    expect(room.enrollment(max)).toMatchObject({ ended_by: "replied" });
    expect(room.enrollment(lead)).toMatchObject({ paused_by: "possible_reply" });
  });
});

const colleague = () =>
  mailFrom({ from: MAX, to: ANA, subject: "AW: a proposal" }, "Lea told me. Call me.");

describe("the same subject from the same company", () => {
  test("is shown as related and stops nobody", async () => {
    await open();
    await read(colleague());
    expect(replies()).toMatchObject([{ matched_by: "related", kind: "reply", lead_id: lead }]);
    expect(room.enrollment(lead).state).toBe("waiting");
    expect(room.events()).not.toContain("reply.received");
  });

  test("stops the whole company where the campaign says so", async () => {
    await open(true);
    await read(colleague());
    expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "company_replied" });
  });

  test("at a public mail domain is a stranger's private mail", async () => {
    await open();
    const campaign = room.make.campaign({ inbox_ids: [inbox], steps });
    const other = room.make.lead({ email: "lea@gmail.com", campaign_id: campaign.id });
    room.clock.moveBy(HOUR_MS);
    await room.run();
    await read(mailFrom({ from: "bob@gmail.com", to: ANA, subject: "Re: A proposal" }, "Hi!"));
    expect(room.enrollment(other).state).toBe("waiting");
    expect(replies()).toEqual([]);
  });

  test("long after the last mail is not", async () => {
    await open();
    room.ledger.db.run("UPDATE enrollments SET state = 'paused', paused_by = 'api'");
    room.clock.moveBy(91 * DAY_MS);
    await read(colleague());
    expect(replies()).toEqual([]);
  });
});

const attach = (id: number, lead_id: number, opened: OpenedMail | null = null) =>
  changeReply(room.ledger, id, {
    attach: { lead_id, message_id: null },
    category: null,
    read: null,
    opened,
    by: "test",
  });
const SECRET = "the numbers for Tuesday are confidential";
const untracked = () => mailFrom({ from: MAX, to: ANA, subject: "Re: lunch" }, SECRET);
const onDisk = () =>
  readdirSync(directory).map((name) => readFileSync(join(directory, name)).toString("latin1"));

describe("a mail that may be an answer", () => {
  test("is listed by its envelope, and no word of its body is on the disk", async () => {
    await open();
    await read(untracked());
    expect(replies()).toMatchObject([
      { matched_by: "untracked", lead_id: null, sender: MAX, subject: "Re: lunch", text: "" },
    ]);
    expect(onDisk().some((text) => text.includes("confidential"))).toBe(false);
    expect(room.events()).not.toContain("reply.classified");
  });

  test("is fetched when it is opened, after new numbers of the server and a move too", async () => {
    await open();
    await read(untracked());
    const id = replies()[0]?.id ?? 0;
    const { port } = room.world;
    expect(await openUntracked(room.ledger, port, id)).toMatchObject({ text: SECRET });
    room.world.resetUids(ANA, "INBOX");
    expect(await openUntracked(room.ledger, port, id)).toMatchObject({ text: SECRET });
    await room.run();
    expect(replies()).toMatchObject([{ uidvalidity: 2 }]);
    const folder = room.world.folderOf(ANA, "INBOX");
    room.world.folderOf(ANA, "Junk").mails.push(...folder.mails.splice(0));
    expect(await openUntracked(room.ledger, port, id)).toMatchObject({ text: SECRET });
    room.world.folderOf(ANA, "Junk").mails.splice(0);
    expect(openUntracked(room.ledger, port, id)).rejects.toThrow();
    room.world.failReading("connect");
    expect(openUntracked(room.ledger, port, id)).rejects.toMatchObject({ code: "unavailable" });
    expect(onDisk().some((text) => text.includes("confidential"))).toBe(false);
  });

  test("has its effect once a person says whose it is, and once only", async () => {
    await open();
    await read(untracked());
    const id = replies()[0]?.id ?? 0;
    attach(id, lead);
    attach(id, lead);
    expect(replies()).toMatchObject([{ matched_by: "by_hand", lead_id: lead }]);
    expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "replied" });
    expect(room.events().filter((event) => event === "reply.received")).toHaveLength(1);
  });

  test("is an opt-out of the lead's if that is what its words are", async () => {
    await open();
    await read(mailFrom({ from: MAX, to: ANA, subject: "Re: lunch" }, "Please unsubscribe me."));
    expect(suppressed(MAX)).toBe(false);
    const id = replies()[0]?.id ?? 0;
    const opened = await openUntracked(room.ledger, room.world.port, id);
    attach(id, lead, opened);
    expect(suppressed(LEA)).toBe(true);
    expect(room.enrollment(lead)).toMatchObject({ ended_by: "unsubscribed" });
  });

  test("goes with the person who wrote it when that one is erased", async () => {
    await open();
    const max = room.make.lead({ email: MAX });
    await read(untracked());
    eraseLead(room.ledger, max);
    expect(replies()).toEqual([]);
  });

  test("cannot be taken from the lead whose answer it is, nor given to nobody", async () => {
    await open();
    const other = room.make.lead({ email: "new@lead.test" });
    await read(answerTo(sent(), "Yes."));
    const id = replies()[0]?.id ?? 0;
    expect(() => attach(id, other)).toThrow();
    expect(() => attach(id, 1)).toThrow();
    expect(() => attach(1, lead)).toThrow();
  });

  test("may be one that named a mail of ours: then it has its whole effect", async () => {
    await open();
    await read(inThread("lea.private@gmail.com", "Please unsubscribe me."));
    expect(room.enrollment(lead)).toMatchObject({ paused_by: "possible_reply" });
    attach(replies()[0]?.id ?? 0, lead);
    expect(replies()).toMatchObject([{ matched_by: "by_hand", kind: "unsubscribe" }]);
    expect(suppressed(LEA)).toBe(true);
  });

  const private_mails: Record<string, () => Uint8Array> = {
    "of somebody who was never mailed": () =>
      mailFrom({ from: "mum@family.example.org", to: ANA, subject: "Re: Sunday" }, SECRET),
    "that begins something new": () => mailFrom({ from: MAX, to: ANA, subject: "Lunch?" }, SECRET),
    "with a forged id": () =>
      mailFrom(
        {
          from: "eve@evil.example.net",
          to: ANA,
          headers: { "In-Reply-To": `<${"a".repeat(30)}@sender.test>` },
        },
        SECRET,
      ),
  };
  for (const [which, bytes] of Object.entries(private_mails)) {
    test(`but not one ${which}: it leaves no trace`, async () => {
      await open();
      await read(bytes());
      expect(replies()).toEqual([]);
      expect(onDisk().some((text) => /confidential|Sunday|evil/.test(text))).toBe(false);
    });
  }
});

describe("our own mail come back", () => {
  test("is no answer, whatever it names", async () => {
    await open();
    await read(room.world.taken[0]?.bytes ?? Buffer.alloc(0));
    const id = room.world.taken[0]?.imail_id ?? "";
    await read(inThread(LEA, "redirected", { "X-Imail-Id": id }));
    const ben = room.make.inbox({ email: "ben@sender.test" });
    expect(ben).toBeGreaterThan(0);
    await read(inThread("ben@sender.test", "What do you think?"));
    expect(replies()).toEqual([]);
    expect(room.enrollment(lead).state).toBe("waiting");
  });

  test("but an own address that is a lead answers as one: so people try it on themselves", async () => {
    await open();
    room.make.inbox({ email: LEA });
    await read(answerTo(sent(), "It works!"));
    expect(room.enrollment(lead)).toMatchObject({ ended_by: "replied" });
  });
});

test("of machines that answer machines only three mails a day are heard", async () => {
  await open();
  for (let turn = 0; turn < 10; turn++) {
    await read(inThread(LEA, `Ticket ${turn}`, { "Auto-Submitted": "auto-replied" }));
    room.clock.moveBy(MINUTE_MS);
  }
  expect(replies()).toHaveLength(3);
  room.clock.moveBy(DAY_MS);
  await read(inThread(LEA, "Ticket 11", { "Auto-Submitted": "auto-replied" }));
  expect(replies()).toHaveLength(4);
});

describe("a report counts", () => {
  test("for 14 days", async () => {
    await open();
    room.ledger.db.run("UPDATE enrollments SET state = 'paused', paused_by = 'api'");
    room.clock.moveBy(14 * DAY_MS + HOUR_MS);
    await read(reportOn({ to: ANA, recipient: LEA, message_id: sent().message_id }));
    expect(suppressed(LEA)).toBe(false);
    expect(replies()).toEqual([]);
  });
});

test("what an erased person writes is kept no more", async () => {
  await open();
  const answer = answerTo(sent(), "Hello again.");
  eraseLead(room.ledger, lead);
  await read(answer);
  expect(replies()).toEqual([]);
});
