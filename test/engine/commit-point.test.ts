// The commit point when its disk fails: what is not durable is not let go, and nothing is used up or stuck.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { Journal } from "../../src/ledger/journal.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { serverThatIsSlow } from "../world/mail-vices.ts";

let room: EngineRoom;
let inbox = 0;
let lead = 0;
beforeEach(() => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: "ana@sender.test" });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P1D" }] });
  lead = room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

/** A journal whose disk is full for so many appends. */
function ledgerWhoseJournalRefuses(ledger: Ledger, times: number): Ledger {
  let left = times;
  const journal: Journal = {
    ...ledger.journal,
    append(lines) {
      if (left-- > 0) throw new Error("ENOSPC: no space left on device");
      ledger.journal.append(lines);
    },
  };
  return { ...ledger, journal };
}

/** COMMIT itself fails from now on: a deferred foreign key is only looked at there. */
function failCommits({ db }: Ledger): void {
  db.run("CREATE TABLE trap (id INTEGER REFERENCES inboxes (id) DEFERRABLE INITIALLY DEFERRED)");
  db.run(`CREATE TRIGGER trapped AFTER UPDATE ON messages WHEN NEW.state = 'committed'
          BEGIN INSERT INTO trap VALUES (-1); END`);
}

const used = () =>
  room.ledger.db.query<{ n: number }, []>("SELECT sum(used) AS n FROM quotas").get()?.n;

test("a journal that cannot be written lets nothing go, and the mail waits with its quota given back", async () => {
  room.takeDesk(ledgerWhoseJournalRefuses(room.ledger, 1));
  await room.run();
  expect(room.world.taken).toEqual([]);
  expect(room.states()).toEqual(["queued"]);
  expect(used()).toBe(0);
  expect(room.enrollment(lead)).toMatchObject({ in_flight: null, inbox_id: null });
  await room.play(2 * DAY_MS);
  expect(room.states()).toEqual(["sent", "sent"]);
  expect(room.world.taken).toHaveLength(2);
});

test("a whole group waits when the journal cannot be written", async () => {
  const second = room.make.inbox({ email: "ben@sender.test" });
  const other = room.make.campaign({ inbox_ids: [second] });
  room.make.lead({ email: "max@lead.test", campaign_id: other.id });
  room.takeDesk(ledgerWhoseJournalRefuses(room.ledger, 1));
  await room.run();
  expect(room.world.taken).toEqual([]);
  expect(room.states()).toEqual(["queued", "queued"]);
  await room.play(HOUR_MS);
  expect(room.states()).toEqual(["sent", "sent"]);
});

test("a COMMIT that fails lets nothing go", async () => {
  failCommits(room.ledger);
  await room.run();
  expect(room.world.taken).toEqual([]);
  expect(room.states()).toEqual(["queued"]);
  expect(used()).toBe(0);
  expect(room.ledger.journal.tail(1000)).toEqual([]);
  room.ledger.db.run("DROP TRIGGER trapped");
  await room.play(HOUR_MS);
  expect(room.states()).toEqual(["sent"]);
});

test("each mail that was let go is in the journal, once and before its answer", async () => {
  await room.play(2 * DAY_MS);
  const lines = room.ledger.journal.tail(1000);
  expect(lines.map(({ kind, message_id }) => ({ kind, message_id }))).toEqual(
    room.messages().map(({ id }) => ({ kind: "commit", message_id: id })),
  );
  expect(JSON.stringify(lines)).not.toContain("lead.test");
});

test("an outcome that cannot be written is kept, stops every claim, and is written later", async () => {
  room.make.lead({ email: "max@lead.test", campaign_id: room.enrollment(lead).campaign_id });
  room.ledger.db.run(`CREATE TRIGGER full BEFORE UPDATE ON messages WHEN NEW.state = 'sent'
                      BEGIN SELECT raise(ABORT, 'disk full'); END`);
  await room.run();
  expect(room.states()).toEqual(["committed"]);
  expect(() => room.desk.settleKept()).toThrow();
  room.clock.moveBy(HOUR_MS);
  expect(room.desk.round()).toBeNull();
  const told = await room.run().catch((error: unknown) => String(error));
  expect(told).toContain("disk full");
  expect(room.world.taken).toHaveLength(1);
  room.ledger.db.run("DROP TRIGGER full");
  room.desk.settleKept();
  expect(room.states()).toEqual(["sent"]);
  await room.play(HOUR_MS);
  expect(room.world.taken).toHaveLength(2);
});

test("a slow body does not shorten the gap to the next mail", async () => {
  room.make.lead({ email: "max@lead.test", campaign_id: room.enrollment(lead).campaign_id });
  room.world.next(serverThatIsSlow(() => room.clock.moveBy(8 * 60_000)));
  await room.play(HOUR_MS);
  const [one, other] = room.world.taken;
  expect((other?.at ?? 0) - (one?.at ?? 0)).toBeGreaterThanOrEqual(450_000);
});
