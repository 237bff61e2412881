// Invariant 1: no (enrollment, step) reaches an SMTP server's DATA twice, over any number of kills. In process: every
// state in which a kill can leave a mail, and a storm of vices, kills and stops.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";

import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import {
  portThatThrowsAfterTheDot,
  portThatThrowsBeforeTheDot,
  serverThatAnswersTheDotWith,
  serverThatCannotBeReached,
  serverThatDropsTheMailSilently,
  serverThatGreylists,
  serverThatNeverAnswersAfterTheDot,
  serverThatRefusesTheRecipient,
  type Vice,
} from "../world/mail-vices.ts";

/** A property plays many histories; on a busy machine that takes its time. */
const LONG_MS = 60_000;

let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "imail-"))));
afterEach(() => rmSync(directory, { recursive: true }));

/** The process dies here: what was under way never comes back. */
const forever = () => new Promise<void>(() => undefined);

function play(room: EngineRoom) {
  const inbox = room.make.inbox({ email: "ana@sender.test" });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P1D" }] });
  return room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
}

async function killedWhile(room: EngineRoom, vice: Vice) {
  room.world.next(vice);
  let reached = false;
  const running = room.run().then(() => (reached = true));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(reached).toBe(false);
  void running.catch(() => undefined);
  return room.restart();
}

describe("a kill", () => {
  test("before the dot puts the mail back, with its quota, and it goes once", async () => {
    const room = openEngineRoom({ path: join(directory, "ledger.db") });
    const lead = play(room);
    const recovery = await killedWhile(room, { midway: forever });
    expect(recovery).toEqual({ queued: 1, uncertain: 0 });
    expect(room.states()).toEqual(["queued"]);
    expect(room.enrollment(lead)).toMatchObject({ in_flight: null, inbox_id: null });
    expect(auditOf(room.ledger)).toEqual([]);
    expect(
      room.ledger.db.query<{ n: number }, []>("SELECT sum(used) AS n FROM quotas").get()?.n,
    ).toBe(0);
    await room.play(HOUR_MS);
    expect(room.world.taken).toHaveLength(1);
    expect(room.states()).toEqual(["sent"]);
    room.close();
  });

  test("after the dot leaves a doubt, which the copy in Sent settles", async () => {
    const room = openEngineRoom({ path: join(directory, "ledger.db") });
    play(room);
    const recovery = await killedAfterTheDot(room);
    expect(recovery).toEqual({ queued: 0, uncertain: 1 });
    expect(room.states()).toEqual(["uncertain"]);
    await room.play(2 * DAY_MS);
    expect(room.states()).toEqual(["sent", "sent"]);
    expect(room.world.taken).toHaveLength(2);
    expect(auditOf(room.ledger)).toEqual([]);
    room.close();
  });

  test("after the dot of a server without Sent copies lets the sequence go on, unsent again", async () => {
    const room = openEngineRoom({ path: join(directory, "ledger.db"), files_sent: false });
    const lead = play(room);
    await killedAfterTheDot(room);
    await room.play(2 * DAY_MS);
    expect(room.states()).toEqual(["uncertain", "sent"]);
    expect(room.world.taken).toHaveLength(2);
    expect(room.enrollment(lead)).toMatchObject({ state: "completed", sent_count: 2 });
    expect(auditOf(room.ledger)).toEqual([]);
    room.close();
  });

  test("changes nothing about what this boot has under way", async () => {
    const room = openEngineRoom();
    play(room);
    let midway: unknown = null;
    room.world.next({ midway: () => void (midway = room.desk.recover()) });
    await room.run();
    expect(midway).toEqual({ queued: 0, uncertain: 0 });
    expect(room.states()).toEqual(["sent"]);
    room.close();
  });

  test("gives a journal that lost its last lines what the database knows", async () => {
    const path = join(directory, "ledger.db");
    const room = openEngineRoom({ path });
    play(room);
    await room.run();
    const [line] = room.ledger.journal.tail(10_000);
    rmSync(join(directory, "ledger.sent"));
    room.restart();
    expect(room.ledger.journal.tail(10_000)).toEqual(line ? [line] : []);
    room.restart();
    expect(room.ledger.journal.tail(10_000)).toHaveLength(1);
    room.close();
  });
});

/** The mail is taken and the process dies waiting for the answer. */
const killedAfterTheDot = (room: EngineRoom) => killedWhile(room, { before_answer: forever });

const VICES: (() => Vice)[] = [
  () => ({}),
  () => ({}),
  serverThatGreylists,
  serverThatCannotBeReached,
  serverThatDropsTheMailSilently,
  serverThatNeverAnswersAfterTheDot,
  portThatThrowsBeforeTheDot,
  portThatThrowsAfterTheDot,
  () => serverThatRefusesTheRecipient("550 5.1.1 no such user"),
  () => serverThatRefusesTheRecipient("552 5.2.2 mailbox full"),
  () => serverThatAnswersTheDotWith("451 4.3.0 later"),
  () => serverThatAnswersTheDotWith("550 5.4.5 daily limit exceeded"),
  () => ({ midway: forever }),
  () => ({ before_answer: forever }),
];

test(
  "no storm of vices and kills makes a server take one step twice or leaves a lead stuck",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(VICES.length - 1), { minLength: 5, maxLength: 25 }),
        fc.boolean(),
        async (storm, files_sent) => {
          const path = join(directory, `${storm.join("-").slice(0, 60)}-${files_sent}.db`);
          rmSync(path, { force: true });
          const room = openEngineRoom({ path, files_sent });
          try {
            const inboxes = ["ana@sender.test", "ben@sender.test"].map((email) =>
              room.make.inbox({ email }),
            );
            const campaign = room.make.campaign({
              inbox_ids: inboxes,
              steps: [{}, { delay: "PT2H" }],
            });
            for (const name of ["a", "b", "c"])
              room.make.lead({ email: `${name}@${name}.test`, campaign_id: campaign.id });
            await playThroughKills(
              room,
              storm.map((i) => VICES[i]?.() ?? {}),
            );
            const ids = room.world.taken.map(({ imail_id }) => imail_id);
            expect(new Set(ids).size).toBe(ids.length);
            expect(auditOf(room.ledger)).toEqual([]);
            const waiting = room.ledger.db.query(
              "SELECT state FROM enrollments WHERE ended_by IS NULL",
            );
            expect(waiting.all()).toEqual([]);
          } finally {
            room.close();
          }
        },
      ),
      { numRuns: 25 },
    );
  },
  LONG_MS,
);

/** Plays until nothing is left to do. A mail that hangs is a kill. */
async function playThroughKills(room: EngineRoom, storm: Vice[]): Promise<void> {
  room.world.next(...storm);
  for (let boot = 0; boot < 30; boot++) {
    const state = { ended: false };
    const playing = room.play(30 * DAY_MS).then(
      () => (state.ended = true),
      () => undefined,
    );
    for (let turn = 0, at = -1; turn < 50 && !state.ended; turn++) {
      if (at !== room.clock.now()) turn = 0;
      at = room.clock.now();
      await new Promise(setImmediate);
    }
    const lost = "UPDATE inboxes SET state = 'active', failures = 0 WHERE state <> 'active'";
    if (state.ended && room.ledger.db.run(lost).changes === 0) return playing.then(() => undefined);
    if (!state.ended) room.restart();
    room.ledger.db.run(lost);
  }
}
