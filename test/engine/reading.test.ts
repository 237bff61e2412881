// What an inbound mail does: the table of domain.md "Inbound mail", read by the engine from a mailbox.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { unsubscribeAddress, unsubscribeToken } from "../../src/core/threading.ts";
import { findSuppression } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, MINUTE_MS, openEngineRoom } from "../world/engine-room.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";
import { serverThatDropsTheMailSilently } from "../world/mail-vices.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
let room: EngineRoom;
let inbox = 0;
let lead = 0;
beforeEach(async () => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: ANA });
  const steps = [{}, { delay: "P1D" }, { delay: "P1D" }];
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps });
  lead = room.make.lead({ email: LEA, campaign_id: campaign.id });
  await room.run();
  room.clock.moveBy(MINUTE_MS);
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const sent = () => ({ from: ANA, to: LEA, message_id: room.world.taken[0]?.message_id ?? "" });
const message_id = () => room.messages()[0]?.id ?? 0;
const suppression = (email = LEA) => findSuppression(room.ledger, room.ledger, email);
const read = async (bytes: Uint8Array) => {
  room.world.deliver(ANA, bytes);
  await room.run();
};

describe("a reply stops the lead", () => {
  const replies: Record<string, () => Uint8Array> = {
    "by its ids": () => answerTo(sent(), "Sounds good."),
    "by its ids from another spelling of its address": () =>
      mailFrom(
        {
          from: "Lea+work@lead.test",
          to: ANA,
          headers: { "In-Reply-To": `<${sent().message_id}>` },
        },
        "I answer from here.",
      ),
    "by its sender alone": () =>
      mailFrom({ from: "Lea@Lead.test", to: ANA, subject: "a new thread" }, "About your mail."),
  };
  for (const [how, bytes] of Object.entries(replies)) {
    test(how, async () => {
      await read(bytes());
      await room.play(10 * DAY_MS);
      expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "replied" });
      expect(room.world.taken).toHaveLength(1);
      expect(suppression()).toBeNull();
    });
  }

  test("but not what a lead of nobody wrote, nor a forged id", async () => {
    const forged = sent().message_id.replace(/\.(.)/, (_, one) => `.${one === "a" ? "b" : "a"}`);
    await read(answerTo({ from: ANA, to: "eve@evil.test", message_id: forged }, "unsubscribe"));
    expect(room.enrollment(lead).state).toBe("waiting");
    expect(room.events()).toEqual(["email.sent"]);
  });
});

test("an answer that came before a new inbox could be read for the first time stops the lead", async () => {
  const other = "eva@sender.test";
  const eva = room.make.inbox({ email: other });
  const campaign = room.make.campaign({ inbox_ids: [eva], steps: [{}, { delay: "P1D" }] });
  const max = room.make.lead({ email: "max@lead.test", campaign_id: campaign.id });
  await room.run();
  // As after a first look that broke off: it was tried, so the first mail went, and no folder has a cursor.
  room.ledger.db.run(`DELETE FROM folders WHERE inbox_id = ${eva}`);
  room.ledger.db.run(`UPDATE inboxes SET read_at = NULL WHERE id = ${eva}`);
  const mail = room.world.taken.find(({ to }) => to === "max@lead.test");
  expect(mail).toBeDefined();
  const thread = { from: other, to: "max@lead.test", message_id: mail?.message_id ?? "" };
  room.world.deliver(other, answerTo(thread, "Sounds good."));
  await room.play(10 * DAY_MS);
  expect(room.enrollment(max)).toMatchObject({ state: "stopped", ended_by: "replied" });
});

const key = () => room.ledger.keys.token;

describe("an opt-out suppresses the lead everywhere", () => {
  const asks: Record<string, () => Uint8Array> = {
    "in words": () => answerTo(sent(), "Please remove me from your list."),
    "by the token in a plus address": () =>
      mailFrom(
        { from: "relay@mua.test", to: unsubscribeAddress(ANA, message_id(), key()), subject: "" },
        "",
      ),
    "by the token in the subject": () =>
      mailFrom(
        {
          from: "relay@mua.test",
          to: ANA,
          subject: `unsubscribe u-${unsubscribeToken(message_id(), key())}`,
        },
        "",
      ),
  };
  for (const [how, bytes] of Object.entries(asks)) {
    test(how, async () => {
      await read(bytes());
      expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "unsubscribed" });
      expect(suppression()).toMatchObject({ reason: "unsubscribed" });
      expect(room.lead(lead)?.state).toBe("unsubscribed");
      expect(room.events()).toContain("lead.unsubscribed");
      expect(room.events()).not.toContain("reply.received");
    });
  }

  test("and a token that is not ours does nothing", async () => {
    const token = unsubscribeToken(message_id(), new Uint8Array(32));
    await read(mailFrom({ from: "x@mua.test", to: ANA, subject: `unsubscribe u-${token}` }, ""));
    expect(suppression()).toBeNull();
  });
});

describe("a report", () => {
  test("that the mailbox does not exist suppresses the lead", async () => {
    await read(reportOn({ to: ANA, recipient: LEA, message_id: sent().message_id }));
    expect(suppression()).toMatchObject({ reason: "bounced" });
    expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "bounced" });
  });

  test("that comes three times counts one mail", async () => {
    const report = { to: ANA, recipient: LEA, message_id: sent().message_id };
    const full = { ...report, status: "5.2.2", words: "552 5.2.2 Mailbox full" };
    for (let turn = 0; turn < 3; turn++) await read(reportOn(full));
    expect(room.events().filter((event) => event === "email.bounced.soft")).toHaveLength(1);
    expect(room.lead(lead)).toMatchObject({ state: "in_sequence", soft_bounces: 1 });
  });

  const forged: Record<string, () => Uint8Array> = {
    "without a Message-ID of ours": () => reportOn({ to: ANA, recipient: LEA, message_id: null }),
    "with somebody else's Message-ID": () =>
      reportOn({ to: ANA, recipient: LEA, message_id: "12345678901.abc@sender.test" }),
    "about another recipient": () =>
      reportOn({ to: ANA, recipient: "max@lead.test", message_id: sent().message_id }),
  };
  for (const [what, bytes] of Object.entries(forged)) {
    test(`${what} has no effect`, async () => {
      await read(bytes());
      expect(suppression()).toBeNull();
      expect(room.enrollment(lead).state).toBe("waiting");
      expect(room.events()).toEqual(["email.sent"]);
    });
  }

  test("of a sender's fault pauses the inbox and leaves the lead untouched", async () => {
    const words = "550 5.7.26 Unauthenticated mail is not accepted";
    const report = { to: ANA, recipient: LEA, message_id: sent().message_id };
    await read(reportOn({ ...report, status: "5.7.26", words }));
    expect(room.inbox(inbox)).toMatchObject({ state: "paused" });
    expect(room.lead(lead)).toMatchObject({ state: "in_sequence", soft_bounces: 0 });
    expect(suppression()).toBeNull();
  });

  test("of delivery is told with its evidence, of delay is not counted", async () => {
    const report = { to: ANA, recipient: LEA, message_id: sent().message_id };
    await read(reportOn({ ...report, action: "delayed", status: "4.4.1", words: "later" }));
    expect(room.events()).not.toContain("email.bounced.soft");
    await read(reportOn({ ...report, action: "delivered", status: "2.0.0", words: "250 ok" }));
    expect(room.events()).toContain("email.delivered");
    expect(room.enrollment(lead).state).toBe("waiting");
  });
});

/** A report about the mail in doubt. */
const report = (status: string, words: string) => {
  const bytes = room.ledger.db
    .query<{ bytes: Uint8Array }, []>("SELECT bytes FROM messages WHERE state = 'uncertain'")
    .get()?.bytes;
  const id = /Message-ID: <(.+)>/.exec(Buffer.from(bytes ?? []).toString())?.[1] ?? null;
  return reportOn({ to: ANA, recipient: LEA, message_id: id, status, words });
};

describe("a report about a mail in doubt settles it", () => {
  beforeEach(async () => {
    room.world.next(serverThatDropsTheMailSilently());
    await room.play(DAY_MS + MINUTE_MS);
    expect(room.states()).toEqual(["sent", "uncertain"]);
  });
  test("a full mailbox: failed, and the lead goes on", async () => {
    await read(report("5.2.2", "552 5.2.2 Mailbox full"));
    expect(room.states()).toEqual(["sent", "failed"]);
    await room.play(10 * DAY_MS);
    expect(room.states()).toEqual(["sent", "failed", "sent"]);
    expect(room.enrollment(lead)).toMatchObject({ state: "completed" });
  });

  test("a sender's fault: failed, and the lead goes on once the inbox is resumed", async () => {
    await read(report("5.7.1", "550 5.7.1 Message rejected as spam"));
    expect(room.inbox(inbox)?.state).toBe("paused");
    room.ledger.db.run("UPDATE inboxes SET state = 'active'");
    await room.play(10 * DAY_MS);
    expect(room.states()).toEqual(["sent", "failed", "sent"]);
  });

  test("no such mailbox: failed, and the lead ends as bounced", async () => {
    await read(report("5.1.1", "550 5.1.1 User unknown"));
    expect(room.states()).toEqual(["sent", "failed"]);
    expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "bounced" });
  });
});

test("an answer to a mail in doubt proves that it was sent", async () => {
  room.world.next(serverThatDropsTheMailSilently());
  await room.play(DAY_MS + MINUTE_MS);
  await read(answerTo(sent(), "Tell me more."));
  expect(room.states()).toEqual(["sent", "uncertain"]);
  expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "replied" });
});

describe("an absence holds the lead", () => {
  test("for five days when it names no date", async () => {
    const from = room.clock.now();
    await read(absenceOf(sent(), "I am out of the office and will answer when I am back."));
    expect(room.enrollment(lead)).toMatchObject({ state: "held", held_until: from + 5 * DAY_MS });
    await room.play(30 * DAY_MS);
    expect(room.world.taken).toHaveLength(3);
    expect(room.world.taken[1]?.at).toBeGreaterThanOrEqual(from + 5 * DAY_MS);
  });

  test("until the business day after the date that it names", async () => {
    await read(absenceOf(sent(), "I am out of the office until 30 October 2026."));
    // 30 October is a Friday: Monday, 2 November, 00:00 in Berlin is UTC+1 by then.
    expect(room.enrollment(lead).held_until).toBe(Date.UTC(2026, 10, 1, 23));
    await room.play(30 * DAY_MS);
    expect(room.world.taken[1]?.at).toBe(Date.UTC(2026, 10, 2, 8));
  });
});

test("an automatic confirmation changes nothing", async () => {
  const headers = { "In-Reply-To": `<${sent().message_id}>`, "Auto-Submitted": "auto-generated" };
  await read(mailFrom({ from: LEA, to: ANA, subject: "Ticket 123", headers }, "We got your mail."));
  expect(room.enrollment(lead).state).toBe("waiting");
  expect(room.ledger.db.query("SELECT kind FROM replies").all()).toEqual([{ kind: "auto_reply" }]);
});

test("our own footer in a quoted answer is no opt-out", async () => {
  const words = "Sounds good!\n\nOn Mon, Ana wrote:\n> Hello\n> To unsubscribe, please write back.";
  await read(answerTo(sent(), words));
  expect(suppression()).toBeNull();
  expect(room.enrollment(lead).ended_by).toBe("replied");
});
