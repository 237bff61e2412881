// Reading that goes on for months: servers that lose their numbers, mails that nobody can read, folders without end. Whatever
// happens, every mail has its effect once, and none keeps the others waiting for ever.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { MailboxError } from "../../src/core/mail-port.ts";
import { type FolderJudges, readUpToDate } from "../../src/engine/read/fetch.ts";
import { takeMail } from "../../src/engine/read/ingest.ts";
import { accountOf } from "../../src/resources/inboxes/actions.ts";
import { findInbox } from "../../src/resources/inboxes/store.ts";
import { countQuarantined } from "../../src/resources/inboxes/unread.store.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, MINUTE_MS, openEngineRoom } from "../world/engine-room.ts";
import { answerTo, mailFrom } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEADS = 6;
let room: EngineRoom;
let inbox = 0;

beforeEach(async () => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: ANA, min_gap_seconds: 1, hourly_limit: 1000 });
  const campaign = room.make.campaign({
    inbox_ids: [inbox],
    steps: [{}, { delay: "P60D" }],
    stop_for_company: false,
  });
  for (let i = 0; i < LEADS; i++)
    room.make.lead({ email: `lea${i}@lead${i}.test`, campaign_id: campaign.id });
  await room.play(DAY_MS);
  expect(room.world.taken).toHaveLength(LEADS);
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const answerOf = (i: number, text = "Tell me more.") => {
  const { to, message_id } = room.world.taken[i] ?? { to: "", message_id: "" };
  return answerTo({ from: ANA, to, message_id }, text);
};
const strangers = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    mailFrom({ from: `eve${i}@other.test`, to: ANA, subject: `news ${i}` }, "Buy this."),
  );
const deliver = (bytes: Uint8Array, folder = "INBOX") => room.world.deliver(ANA, bytes, { folder });
const replies = () => room.events().filter((event) => event === "reply.received").length;
const cursor = (path = "INBOX") =>
  room.ledger.db
    .query<{ next_uid: number }, [string]>("SELECT next_uid FROM folders WHERE path = ?")
    .get(path)?.next_uid;
const quarantine = () =>
  room.ledger.db
    .query("SELECT path, uid, attempts, reason FROM unread_mails WHERE quarantined_at IS NOT NULL")
    .all();

/** Reads once over a new connection; the error that ended it, or null. */
async function readAnew(judges?: FolderJudges): Promise<unknown> {
  const row = findInbox(room.ledger, inbox);
  const account = row && accountOf(room.ledger, row);
  if (!row || !account) throw new Error("no inbox");
  const session = await room.world.port.openMailbox(account, new AbortController().signal);
  try {
    await readUpToDate({ ledger: room.ledger, inbox: row, session }, judges);
    return null;
  } catch (error) {
    return error;
  } finally {
    await session.close();
  }
}

test("a thousand UIDVALIDITY resets: each answer has its effect once", async () => {
  for (let i = 0; i < LEADS - 1; i++) deliver(answerOf(i));
  await room.run();
  expect(replies()).toBe(LEADS - 1);
  for (let flip = 0; flip < 1000; flip++) {
    if (flip === 500) deliver(answerOf(LEADS - 1));
    room.world.resetUids(ANA, flip % 3 === 0 ? "Junk" : "INBOX");
    room.clock.moveBy(MINUTE_MS);
    expect(await readAnew()).toBeNull();
  }
  expect(replies()).toBe(LEADS);
  expect(room.ledger.db.query("SELECT count(*) AS n FROM replies").get()).toEqual({ n: LEADS });
});

test("gaps, expunged mails and a mail that was moved to Junk: each once", async () => {
  deliver(answerOf(0));
  for (const bytes of strangers(3)) deliver(bytes);
  await room.run();
  const folder = room.world.folderOf(ANA, "INBOX");
  const [moved] = folder.mails;
  folder.uidnext += 1000;
  folder.mails = [];
  deliver(moved?.bytes ?? new Uint8Array(), "Junk");
  deliver(answerOf(1));
  expect(await readAnew()).toBeNull();
  expect(replies()).toBe(2);
  expect(cursor()).toBe(folder.uidnext);
});

describe("a mail that breaks every connection that fetches it", () => {
  test("is found among its neighbours, and after three attempts reading goes on without it", async () => {
    for (let i = 0; i < LEADS; i++) deliver(answerOf(i));
    room.world.breakOn("INBOX", { uid: 3, fault: "protocol" });
    const errors: unknown[] = [];
    for (let i = 0; i < 6; i++) errors.push(await readAnew());
    expect(errors.filter((error) => error instanceof MailboxError)).toHaveLength(4);
    expect(errors.slice(4)).toEqual([null, null]);
    expect(replies()).toBe(LEADS - 1);
    expect(quarantine()).toEqual([
      { path: "INBOX", uid: 3, attempts: 3, reason: "the connection broke in FETCH" },
    ]);
    expect(countQuarantined(room.ledger, inbox)).toBe(1);
  });

  test("is given more attempts when it may be the line that breaks", async () => {
    deliver(answerOf(0));
    room.world.breakOn("INBOX", { uid: 1, fault: "connect" });
    for (let i = 0; i < 5; i++) expect(await readAnew()).toBeInstanceOf(MailboxError);
    expect(countQuarantined(room.ledger, inbox)).toBe(0);
    room.world.breakOn("INBOX", { uid: 0, fault: "connect" });
    expect(await readAnew()).toBeNull();
    expect(replies()).toBe(1);
    expect(room.ledger.db.query("SELECT uid FROM unread_mails").all()).toEqual([]);
  });

  test("is forgotten when the server has lost its numbers", async () => {
    deliver(answerOf(0));
    room.world.breakOn("INBOX", { uid: 1, fault: "protocol" });
    await readAnew();
    room.world.breakOn("INBOX", { uid: 0, fault: "protocol" });
    room.world.resetUids(ANA, "INBOX");
    expect(await readAnew()).toBeNull();
    expect(room.ledger.db.query("SELECT uid FROM unread_mails").all()).toEqual([]);
    expect(replies()).toBe(1);
  });
});

const failing = (subject: string): FolderJudges => [
  [
    "inbox",
    (ledger, tx, arrival) => {
      if (arrival.mail.subject === subject) throw new Error("a bug of ours");
      takeMail(ledger, tx, arrival);
    },
  ],
];

describe("a mail whose effect fails", () => {
  test("keeps itself out and none of its batch; nothing of it is left", async () => {
    deliver(answerOf(0));
    deliver(mailFrom({ from: "lea1@lead1.test", to: ANA, subject: "bad" }, "Hello"));
    for (let i = 2; i < LEADS; i++) deliver(answerOf(i));
    expect(await readAnew(failing("bad"))).toBeNull();
    expect(replies()).toBe(LEADS - 1);
    expect(quarantine()).toEqual([{ path: "INBOX", uid: 2, attempts: 3, reason: "a bug of ours" }]);
  });

  test("for the disk is full ends reading, and the mail is read later", async () => {
    deliver(answerOf(0));
    const full = Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
    const error = await readAnew([
      [
        "inbox",
        () => {
          throw full;
        },
      ],
    ]);
    expect(error).toBe(full);
    expect(countQuarantined(room.ledger, inbox)).toBe(0);
    expect(await readAnew()).toBeNull();
    expect(replies()).toBe(1);
  });
});

test("a mail that is too large to be parsed is judged by its header", async () => {
  const head = answerOf(0).toString().replace("Tell me more.", "");
  deliver(Buffer.concat([Buffer.from(head), Buffer.alloc(11 * 1024 * 1024, "word ")]));
  deliver(answerOf(1));
  expect(await readAnew()).toBeNull();
  expect(replies()).toBe(2);
  expect(quarantine()).toEqual([
    { path: "INBOX", uid: 1, attempts: 3, reason: expect.stringContaining("larger than") },
  ]);
});

test("a Junk folder with thousands of mails does not keep the INBOX waiting", async () => {
  for (const bytes of strangers(1000)) deliver(bytes, "Junk");
  for (const bytes of strangers(300)) deliver(bytes);
  deliver(answerOf(0));
  expect(await readAnew()).toBeNull();
  const order = room.world.fetches.map(({ path }) => path);
  const until = order.lastIndexOf("INBOX");
  const count = (path: string, fetches = room.world.fetches) =>
    fetches.reduce((sum, one) => sum + (one.path === path ? one.uids.length : 0), 0);
  expect(count("Junk", room.world.fetches.slice(0, until))).toBeLessThanOrEqual(200);
  expect([count("INBOX"), count("Junk")]).toEqual([301, 1000]);
  expect(replies()).toBe(1);
});

test("an inbox is read only when every folder is", async () => {
  await room.run();
  const before = room.inbox(inbox)?.read_at;
  room.clock.moveBy(MINUTE_MS);
  for (const bytes of strangers(10)) deliver(bytes, "Junk");
  room.world.breakOn("Junk", { uid: 10, fault: "timeout" });
  expect(await readAnew()).toBeInstanceOf(MailboxError);
  expect(room.inbox(inbox)?.read_at).toBe(before);
});

test("another folder is read when it is given a judge, with a cursor of its own: each mail once", async () => {
  const seen: string[] = [];
  const judges: FolderJudges = [
    ["inbox", takeMail],
    ["sent", (_ledger, _tx, { mail }) => seen.push(mail.subject)],
  ];
  await readAnew(judges);
  deliver(mailFrom({ from: ANA, to: "lea0@lead0.test", subject: "by hand" }, "Hello"), "Sent");
  await readAnew(judges);
  await readAnew(judges);
  // What was in Sent before has been looked at for "you took over": the cursor of a folder is one.
  expect(seen).toEqual(["by hand"]);
  expect(cursor("Sent")).toBe(LEADS + 2);
});
