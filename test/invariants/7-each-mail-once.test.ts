// Invariant 7: each inbound mail has its effect once, over folders, UIDVALIDITY resets, restarts and broken sessions.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";

import { pruneDigests } from "../../src/resources/replies/store.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";

/** A property plays many histories; on a busy machine that takes its time. */
const LONG_MS = 60_000;

const ANA = "ana@sender.test";
let directory = "";
let room: EngineRoom;
let lead = 0;

async function open(): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), "imail-"));
  room = openEngineRoom({ path: join(directory, "ledger.db") });
  const inbox = room.make.inbox({ email: ANA });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P30D" }] });
  lead = room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
  await room.run();
}
function close(): void {
  room.close();
  rmSync(directory, { recursive: true });
}
beforeEach(open);
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  close();
});

const mail = () => ({
  from: ANA,
  to: "lea@lead.test",
  message_id: room.world.taken[0]?.message_id ?? "",
});
const replies = () => room.events().filter((event) => event === "reply.received").length;

test("the same mail in INBOX, again and in Junk counts once", async () => {
  const bytes = answerTo(mail(), "Tell me more.");
  room.world.deliver(ANA, bytes);
  room.world.deliver(ANA, bytes);
  room.world.deliver(ANA, bytes, { folder: "Junk" });
  await room.run();
  room.world.deliver(ANA, bytes);
  await room.run();
  expect(replies()).toBe(1);
  expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "replied" });
});

test("a reply that only Junk has counts, too", async () => {
  room.world.deliver(ANA, answerTo(mail(), "Tell me more."), { folder: "Junk" });
  await room.run();
  expect(replies()).toBe(1);
});

test("two answers with the same words are two mails", async () => {
  room.world.deliver(ANA, answerTo(mail(), "Hello?"));
  room.world.deliver(ANA, answerTo(mail(), "Hello?"));
  await room.run();
  expect(replies()).toBe(2);
});

test("a UIDVALIDITY reset reads again and repeats nothing, and what came meanwhile is not missed", async () => {
  room.world.deliver(ANA, answerTo(mail(), "Tell me more."));
  await room.run();
  room.world.deliver(ANA, answerTo(mail(), "And one more thing."));
  room.world.arrive();
  room.clock.moveBy(HOUR_MS);
  room.world.resetUids(ANA, "INBOX");
  await room.run();
  await room.run();
  expect(replies()).toBe(2);
  room.world.resetUids(ANA, "INBOX");
  await room.run();
  expect(replies()).toBe(2);
});

test("a reset of a quiet folder repeats nothing, however old its last mail is", async () => {
  room.world.deliver(ANA, answerTo(mail(), "Tell me more."));
  await room.run();
  for (let day = 0; day < 120; day += 10) {
    room.clock.moveBy(10 * DAY_MS);
    await room.run();
  }
  room.ledger.write((tx) => pruneDigests(tx, tx.now - 100 * DAY_MS));
  room.world.resetUids(ANA, "INBOX");
  await room.run();
  expect(replies()).toBe(1);
});

test("a new inbox is read from its end on: what lies there is somebody's private mail", async () => {
  room.world.deliver("ben@sender.test", answerTo(mail(), "Tell me more."));
  room.world.arrive();
  room.make.inbox({ email: "ben@sender.test" });
  await room.run();
  expect(replies()).toBe(0);
});

test("a folder that the server makes later is read from its first mail on", async () => {
  const db = room.ledger.db;
  db.run("DELETE FROM folders WHERE path = 'Junk'");
  room.world.deliver(ANA, answerTo(mail(), "Tell me more."), { folder: "Junk" });
  room.clock.moveBy(60_000);
  await room.run();
  expect(replies()).toBe(1);
});

test("mail that is nobody's answer leaves no trace", async () => {
  room.world.deliver(ANA, mailFrom({ from: "mum@family.test", to: ANA }, "Dinner on Sunday?"));
  room.world.deliver(ANA, mailFrom({ from: ANA, to: ANA }, "a note to myself"));
  await room.run();
  for (const table of ["replies", "judged_mails"])
    expect(room.ledger.db.query(`SELECT * FROM ${table}`).all()).toEqual([]);
  expect(room.events()).toEqual(["email.sent"]);
});

const SENT = "Sent";
const ics = `BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:call-1\nATTENDEE;PARTSTAT=ACCEPTED:mailto:lea@lead.test\nEND:VEVENT\nEND:VCALENDAR`;
const calendar = { "Content-Type": "text/calendar" };
/** Each kind of mail, where it comes in, and what it is told as; `most`: however many of them there are. */
const MAILS: {
  make: () => Buffer;
  folder?: string;
  event: string | null;
  most?: number;
}[] = [
  { make: () => answerTo(mail(), "Tell me more."), event: "reply.received" },
  {
    make: () => mailFrom({ from: "lea@lead.test", to: ANA }, "Are you there?"),
    event: "reply.received",
  },
  {
    make: () => reportOn({ to: ANA, recipient: "lea@lead.test", message_id: mail().message_id }),
    event: "email.bounced.hard",
    most: 1,
  },
  { make: () => mailFrom({ from: "mum@family.test", to: ANA }, "Dinner?"), event: null },
  {
    make: () => answerTo(mail(), "Please unsubscribe me."),
    event: "lead.unsubscribed",
    most: 1,
  },
  { make: () => absenceOf(mail(), "I am out of the office."), event: "email.delivered", most: 1 },
  {
    make: () => mailFrom({ from: "lea@lead.test", to: ANA, headers: calendar }, ics),
    event: "meeting.booked",
    most: 1,
  },
  {
    make: () => mailFrom({ from: ANA, to: "lea@lead.test" }, "It is me."),
    folder: SENT,
    event: null,
    most: 1,
  },
  {
    make: () =>
      mailFrom({ from: "max@lead.test", to: ANA, subject: "Re: lunch" }, "a colleague, unasked"),
    event: null,
  },
];

test(
  "the effects of any stream of mails do not depend on how it was read",
  async () => {
    close();
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          mail: fc.nat(MAILS.length - 1),
          junk: fc.boolean(),
          twice: fc.boolean(),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ at: fc.constantFrom("reset", "broken"), after: fc.nat(8) }),
      },
      { weight: 1, arbitrary: fc.constantFrom("restart" as const, "read" as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        await open();
        try {
          const came = MAILS.map(() => 0);
          for (const one of steps) {
            room.clock.moveBy(60_000);
            if (one === "restart") room.restart();
            else if (one === "read") await room.run();
            else if ("at" in one) {
              if (one.at === "reset")
                room.world.resetUids(ANA, ["INBOX", "Junk", SENT][one.after % 3] ?? "INBOX");
              else {
                // The process dies at whatever command it had come to.
                room.world.breakReadingAfter(one.after);
                await room.run().catch(() => undefined);
                room.world.breakReadingAfter(null);
                room.restart();
              }
            } else {
              const kind = MAILS[one.mail];
              const bytes = kind?.make() ?? Buffer.alloc(0);
              const folder = kind?.folder ?? (one.junk ? "Junk" : "INBOX");
              room.world.deliver(ANA, bytes, { folder });
              if (one.twice) room.world.deliver(ANA, bytes, { folder: kind?.folder ?? "INBOX" });
              came[one.mail] = (came[one.mail] ?? 0) + 1;
              // A mail that came before a reset is there before it.
              room.world.arrive();
            }
          }
          await room.run();
          for (const event of ["reply.received", "email.bounced.hard", "lead.unsubscribed"])
            expect([event, told(event)]).toEqual([event, expected(came, event)]);
          for (const event of ["meeting.booked", "email.delivered", "lead.paused"])
            expect(told(event)).toBeLessThanOrEqual(1);
          if ((came[6] ?? 0) > 0) expect(told("meeting.booked")).toBe(1);
          const listed = room.ledger.db
            .query<{ n: number }, []>(
              "SELECT count(*) AS n FROM replies WHERE matched_by IN ('untracked', 'related')",
            )
            .get()?.n;
          expect(listed).toBe(came[8] ?? 0);
          expect(auditOf(room.ledger)).toEqual([]);
        } finally {
          close();
        }
      }),
      { numRuns: 40 },
    );
    await open();
  },
  LONG_MS,
);

const told = (event: string) => room.events().filter((one) => one === event).length;
const expected = (came: number[], event: string) =>
  MAILS.reduce(
    (sum, kind, at) =>
      kind.event === event ? sum + Math.min(came[at] ?? 0, kind.most ?? Infinity) : sum,
    0,
  );
