// Never follow up blind, and what becomes of an inbox that cannot be read or sent from.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { watchInbox } from "../../src/engine/read/watch.ts";
import { clearReadFailures, pauseInbox } from "../../src/resources/inboxes/store.ts";
import { auditOf } from "../world/audit.ts";
import { type EngineRoom, HOUR_MS, MINUTE_MS, openEngineRoom } from "../world/engine-room.ts";
import { serverThatCannotBeReached } from "../world/mail-vices.ts";

let room: EngineRoom;
let inbox = 0;
let campaign = 0;
beforeEach(() => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: "ana@sender.test" });
  campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "PT1H" }] }).id;
  room.make.lead({ email: "lea@lead.test", campaign_id: campaign });
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

/** One round without reading before it, and what it started. */
async function roundOnly(): Promise<void> {
  room.desk.round();
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

test("with a mailbox that was not read for five minutes follow-ups wait and first steps go", async () => {
  await room.run();
  room.clock.moveBy(HOUR_MS);
  room.make.lead({ email: "max@lead.test", campaign_id: campaign });
  await roundOnly();
  expect(room.world.taken.map(({ to }) => to)).toEqual(["lea@lead.test", "max@lead.test"]);
  room.clock.moveBy(HOUR_MS);
  await roundOnly();
  expect(room.world.taken).toHaveLength(2);
  await room.run();
  expect(room.world.takenBy("lea@lead.test")).toHaveLength(2);
});

test("a follow-up goes while the last reading is five minutes old, and no longer", async () => {
  await room.run();
  room.clock.moveBy(HOUR_MS);
  room.world.next(serverThatCannotBeReached());
  await room.run();
  room.ledger.db.run("UPDATE inboxes SET retry_at = NULL, next_slot_at = 0");
  room.clock.moveBy(5 * MINUTE_MS + 1);
  await roundOnly();
  expect(room.world.taken).toHaveLength(1);
  room.clock.moveBy(-1);
  await roundOnly();
  expect(room.world.taken).toHaveLength(2);
});

test("a reading that lies ahead, for the clock was set back, is no reading", async () => {
  await room.run();
  room.clock.moveBy(10 * HOUR_MS);
  await room.desk.runDue();
  room.clock.moveBy(-6 * HOUR_MS);
  room.ledger.db.run("UPDATE inboxes SET next_slot_at = 0");
  await roundOnly();
  expect(room.world.taken).toHaveLength(1);
  await room.run();
  expect(room.world.taken).toHaveLength(2);
});

test("before reading was tried nothing goes at all", async () => {
  await roundOnly();
  expect(room.world.taken).toEqual([]);
});

/** Watches the inbox until `isDone`; every wait moves the clock. */
async function watchUntil(isDone: () => boolean, onSleep: (sleeps: number) => void = () => {}) {
  const stop = new AbortController();
  let looks = 0;
  let sleeps = 0;
  await watchInbox({
    ledger: room.ledger,
    inbox_id: inbox,
    mail: room.world.port,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    signal: stop.signal,
    sleep: async (ms) => {
      room.clock.moveBy(ms);
      onSleep(++sleeps);
    },
    nudged: () => stop.signal,
    connection: () => stop.signal,
    crowd: () => 1,
    onTried: () => {
      if (isDone() || ++looks > 500) stop.abort();
    },
  });
  return { sleeps, looks };
}

const happened = (event: string) => () => room.events().includes(event);

describe("a mailbox that cannot be read", () => {
  test("is disconnected after three failures over five minutes and reconnected by the first reading", async () => {
    await room.run();
    room.world.failReading("connect");
    const began = room.clock.now();
    const { looks } = await watchUntil(happened("inbox.disconnected"));
    expect(looks).toBeGreaterThanOrEqual(2);
    expect(room.clock.now() - began).toBeGreaterThanOrEqual(5 * MINUTE_MS);
    expect(room.inbox(inbox)).toMatchObject({ state: "disconnected" });
    room.world.failReading(null);
    await watchUntil(happened("inbox.reconnected"));
    expect(room.inbox(inbox)).toMatchObject({ state: "active", read_failures: 0 });
    expect(room.events()).toEqual(["email.sent", "inbox.disconnected", "inbox.reconnected"]);
  });

  test("is not told of after a hiccup", async () => {
    room.world.failReading("timeout");
    let reads = 0;
    await watchUntil(
      () => room.inbox(inbox)?.read_at !== null && ++reads > 3,
      (sleeps) => sleeps === 3 && room.world.failReading(null),
    );
    expect(room.events()).toEqual([]);
    expect(room.inbox(inbox)).toMatchObject({ state: "active", read_failures: 0 });
  });

  test("backs off, at most ten minutes and a fifth", async () => {
    room.world.failReading("auth");
    const began = room.clock.now();
    const { sleeps } = await watchUntil(() => room.clock.now() - began > 24 * HOUR_MS);
    expect(sleeps).toBeLessThan(200);
    expect(sleeps).toBeGreaterThan(100);
    expect(room.inbox(inbox)?.state).toBe("needs_login");
  });

  test("is tried no more after three days of a refused login, until its owner says that it works", async () => {
    room.world.failReading("auth");
    const began = room.clock.now();
    await watchUntil(() => room.clock.now() - began > 4 * 24 * HOUR_MS);
    const { read_failures, read_failing_since } = room.inbox(inbox) ?? {};
    expect(read_failures).toBeLessThan(3.2 * 24 * 6);
    expect(read_failing_since).toBe(began);
    await watchUntil(() => room.clock.now() - began > 5 * 24 * HOUR_MS);
    // A new watch knows nothing of the one before.
    expect(room.inbox(inbox)?.read_failures).toBe(read_failures);
    room.world.failReading(null);
    room.ledger.write((tx) => clearReadFailures(tx, inbox));
    await watchUntil(happened("inbox.reconnected"));
    expect(room.inbox(inbox)?.state).toBe("active");
  });

  test("because its server has too many connections is told of after an hour", async () => {
    room.world.failReading("limit");
    const began = room.clock.now();
    await watchUntil(() => room.clock.now() - began > 30 * MINUTE_MS);
    expect(room.events()).toEqual([]);
    expect(room.inbox(inbox)?.read_fault).not.toBeNull();
    await watchUntil(happened("inbox.disconnected"));
    expect(room.clock.now() - began).toBeGreaterThanOrEqual(HOUR_MS);
    expect(room.inbox(inbox)?.state).toBe("disconnected");
  });

  test("stays paused when somebody paused it", async () => {
    room.ledger.write((tx) => pauseInbox(tx, inbox, { by: "api", reason: "holiday" }));
    room.world.failReading("connect");
    let reads = 0;
    await watchUntil(
      () => room.inbox(inbox)?.read_at !== null && ++reads > 3,
      (sleeps) => sleeps === 12 && room.world.failReading(null),
    );
    expect(room.inbox(inbox)?.state).toBe("paused");
    expect(room.events()).toEqual([]);
  });
});

test("a mailbox that could not send is tried by logging in, and sends again", async () => {
  room.world.always(() => serverThatCannotBeReached());
  await room.play(2 * HOUR_MS);
  expect(room.inbox(inbox)?.state).toBe("disconnected");
  room.world.always(() => ({}));
  room.world.failLogin("connect");
  await watchUntil(() => (room.inbox(inbox)?.failures ?? 0) > 8);
  expect(room.inbox(inbox)?.state).toBe("disconnected");
  room.world.failLogin(null);
  await watchUntil(happened("inbox.reconnected"));
  await room.play(HOUR_MS / 2);
  expect(room.world.takenBy("lea@lead.test")).toHaveLength(1);
  expect(room.events().filter((event) => event.startsWith("inbox."))).toEqual([
    "inbox.disconnected",
    "inbox.reconnected",
  ]);
});
