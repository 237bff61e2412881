// Invariant 7: each inbound mail has its effect once, over folders, UIDVALIDITY resets, restarts and broken sessions.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";

import { pruneDigests } from "../../src/resources/replies/store.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";

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

test(
  "the effects of any stream of mails do not depend on how it was read",
  async () => {
    close();
    const MAILS = [
      () => answerTo(mail(), "Tell me more."),
      () => mailFrom({ from: "lea@lead.test", to: ANA }, "Are you there?"),
      () => reportOn({ to: ANA, recipient: "lea@lead.test", message_id: mail().message_id }),
      () => mailFrom({ from: "mum@family.test", to: ANA }, "Dinner?"),
    ];
    const step = fc.oneof(
      fc.record({ mail: fc.nat(MAILS.length - 1), junk: fc.boolean(), twice: fc.boolean() }),
      fc.constantFrom("reset" as const, "restart" as const, "broken" as const, "read" as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await open();
        try {
          const counts = { reply: 0, bounce: 0 };
          for (const one of steps) {
            room.clock.moveBy(60_000);
            if (one === "reset") room.world.resetUids(ANA, "INBOX");
            else if (one === "restart") room.restart();
            else if (one === "read") await room.run();
            else if (one === "broken") {
              room.world.breakReadingAfter(2);
              await room.run().catch(() => undefined);
              room.world.breakReadingAfter(null);
            } else {
              const bytes = MAILS[one.mail]?.() ?? Buffer.alloc(0);
              room.world.deliver(ANA, bytes, { folder: one.junk ? "Junk" : "INBOX" });
              if (one.twice) room.world.deliver(ANA, bytes);
              if (one.mail < 2) counts.reply++;
              if (one.mail === 2) counts.bounce = 1;
              // A mail that came before a reset is there before it.
              room.world.arrive();
            }
          }
          await room.run();
          expect(replies()).toBe(counts.reply);
          expect(room.events().filter((event) => event === "email.bounced.hard").length).toBe(
            counts.bounce,
          );
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
