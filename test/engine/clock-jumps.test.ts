// The clock of the machine jumps, sleeps and is wrong: nothing goes early, nothing bursts, and nothing hangs (reliability.md S9).

import { afterEach, describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { localDay } from "../../src/core/zones.ts";
import { BELIEVED_AFTER_MS } from "../../src/engine/clock-watch.ts";
import { readFreeze } from "../../src/ledger/freeze.ts";
import { auditOf } from "../world/audit.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  MONDAY,
  openEngineRoom,
} from "../world/engine-room.ts";
import { openMachineClock } from "../world/mail-world.ts";

let room: EngineRoom;
let clock: ReturnType<typeof openMachineClock>;
afterEach(() => room.close());

const ALWAYS = {
  days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const,
  start: "00:00",
  end: "24:00",
};

function open(
  limits: Parameters<EngineRoom["make"]["inbox"]>[0] = {},
  leads = 40,
  { delay = "P2D", ...room_options }: { delay?: string; seed?: number; path?: string } = {},
) {
  clock = openMachineClock(MONDAY);
  room = openEngineRoom({ clock, ...room_options });
  const inbox_ids = [
    room.make.inbox({ min_gap_seconds: 600, hourly_limit: 100, daily_limit: 100, ...limits }),
  ];
  const campaign = room.make.campaign({
    inbox_ids,
    send_window: { ...ALWAYS, days: [...ALWAYS.days] },
    steps: [{}, { delay }],
  });
  for (let i = 0; i < leads; i++)
    room.make.lead({ email: `lead${i}@company${i}.test`, campaign_id: campaign.id });
  return { campaign, inbox_id: inbox_ids[0] ?? 0 };
}

/** Time passes as on a machine that is on: the engine looks every 30 s. What went out, by the clock that never lies. */
async function run(ms: number, sent: number[] = []): Promise<number[]> {
  for (let left = ms; left > 0; left -= 30_000) {
    const before = room.world.taken.length;
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await room.run();
    for (let n = before; n < room.world.taken.length; n++) sent.push(clock.mono());
    clock.moveBy(Math.min(30_000, left));
  }
  return sent;
}

const gapsOf = (sent: readonly number[]) => sent.slice(1).map((at, i) => at - (sent[i] ?? 0));

describe("a clock that is set ahead for a while and then right again", () => {
  test("leaves no inbox waiting for a day that has not come", async () => {
    open();
    await run(HOUR_MS);
    clock.set(3 * DAY_MS);
    await run(HOUR_MS);
    clock.set(-3 * DAY_MS);
    const before = room.world.taken.length;
    await run(HOUR_MS);
    expect(readFreeze(room.ledger)).toBeNull();
    expect(room.world.taken.length - before).toBeGreaterThanOrEqual(4);
    expect(room.world.taken.length - before).toBeLessThanOrEqual(8);
  });

  test("does not forget what went out: the day's limit holds for the day that it was", async () => {
    open({ daily_limit: 10 });
    await run(HOUR_MS);
    clock.set(3 * DAY_MS);
    await run(HOUR_MS);
    const before = room.world.taken.length;
    expect(before).toBeGreaterThan(9);
    clock.set(-3 * DAY_MS);
    await run(6 * HOUR_MS);
    expect(room.world.taken.length).toBe(before);
    expect(auditOf(room.ledger)).toEqual([]);
  });

  test("sends follow-ups when they are due in truth", async () => {
    open({}, 1, { delay: "PT3H" });
    clock.set(20 * DAY_MS);
    await run(HOUR_MS);
    clock.set(-20 * DAY_MS);
    await run(4 * HOUR_MS);
    expect(room.world.taken).toHaveLength(2);
  });

  test("lets leads that were added meanwhile go now", async () => {
    const { campaign } = open({}, 0);
    await run(MINUTE_MS);
    clock.set(9 * DAY_MS);
    await run(MINUTE_MS);
    room.make.lead({ email: "late@company.test", campaign_id: campaign.id });
    clock.set(-9 * DAY_MS);
    await run(10 * MINUTE_MS);
    expect(room.world.takenBy("late@company.test")).toHaveLength(1);
  });
});

describe("a clock that is set back", () => {
  test("below a time that was seen for long sends nothing, says so, and goes on when it is right again", async () => {
    open();
    await run(HOUR_MS);
    const before = room.world.taken.length;
    clock.set(-2 * DAY_MS);
    await run(30 * MINUTE_MS);
    expect(room.world.taken.length).toBe(before);
    const freeze = readFreeze(room.ledger);
    expect(freeze?.highest_wall).toBeGreaterThan(clock.now());
    expect((freeze?.believed_at ?? 0) - (freeze?.since ?? 0)).toBeLessThanOrEqual(
      BELIEVED_AFTER_MS,
    );
    clock.set(2 * DAY_MS);
    await run(MINUTE_MS + 1);
    expect(readFreeze(room.ledger)).toBeNull();
    expect(room.world.taken.length).toBeGreaterThan(before);
  });

  test("for good is believed after an hour: nothing is frozen for ever", async () => {
    open();
    await run(HOUR_MS);
    const before = room.world.taken.length;
    clock.set(-40 * DAY_MS);
    await run(BELIEVED_AFTER_MS - MINUTE_MS);
    expect(room.world.taken.length).toBe(before);
    await run(HOUR_MS);
    expect(readFreeze(room.ledger)).toBeNull();
    expect(room.world.taken.length).toBeGreaterThan(before);
  });

  test("while the program did not run is seen at the next start", async () => {
    const path = `${process.env["TMPDIR"] ?? "/tmp"}/imail-clock-${process.pid}-${Bun.nanoseconds()}.db`;
    open({}, 40, { path });
    await run(HOUR_MS);
    const before = room.world.taken.length;
    clock.set(-2 * DAY_MS);
    room.restart();
    await run(10 * MINUTE_MS);
    expect(readFreeze(room.ledger)).not.toBeNull();
    expect(room.world.taken.length).toBe(before);
    clock.set(2 * DAY_MS);
    await run(10 * MINUTE_MS);
    expect(room.world.taken.length).toBeGreaterThan(before);
  });
});

test("after a sleep everything is read before anything is sent", async () => {
  open();
  await run(HOUR_MS);
  clock.set(2 * DAY_MS);
  room.world.failReading("connect");
  const before = room.world.taken.length;
  const fault = await room.run().catch(String);
  expect(fault).toContain("cannot be opened");
  expect(room.world.taken.length).toBe(before);
  room.world.failReading(null);
  await run(13 * MINUTE_MS);
  expect(room.world.taken.length - before).toBeGreaterThanOrEqual(1);
  expect(room.world.taken.length - before).toBeLessThanOrEqual(2);
});

test("the highest time seen is written at most once a minute", async () => {
  open({}, 0);
  await run(10 * MINUTE_MS);
  const writes: number[] = [];
  const { ledger } = room;
  const note = () =>
    Number(
      ledger.db.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'max_wall'").get()
        ?.value ?? 0,
    );
  for (let i = 0; i < 60; i++) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await run(10_000);
    if (writes.at(-1) !== note()) writes.push(note());
  }
  expect(Math.min(...gapsOf(writes))).toBeGreaterThanOrEqual(MINUTE_MS);
  expect(writes.length).toBeGreaterThan(5);
});

/** Jumps of 1 s to 30 d, both ways, each followed by the truth; or a sleep, which is a jump ahead that is true. */
const trouble = fc.record({
  ms: fc.integer({ min: 1000, max: 30 * DAY_MS }),
  kind: fc.constantFrom("ahead", "back", "sleep", "stopped"),
  minutes: fc.integer({ min: 1, max: 45 }),
});

async function suffer(
  troubles: { ms: number; kind: string; minutes: number }[],
): Promise<string[]> {
  const faults: string[] = [];
  const sent: number[] = await run(30 * MINUTE_MS);
  for (const { ms, kind, minutes } of troubles) {
    const set = kind === "back" ? -ms : ms;
    if (kind === "stopped") clock.moveBy(ms);
    else clock.set(set);
    // oxlint-disable-next-line no-await-in-loop -- one trouble after the other
    await run(minutes * MINUTE_MS, sent);
    if (kind === "ahead" || kind === "back") clock.set(-set);
    const count = sent.length;
    // The truth is back: within the pace and 60 s more there is a mail, for there are always leads left.
    // oxlint-disable-next-line no-await-in-loop -- one trouble after the other
    await run(2 * 750_000 + MINUTE_MS, sent);
    if (sent.length === count) faults.push(`stuck after ${kind} by ${ms} ms for ${minutes} min`);
  }
  // A jump of less than a minute is none: a gap may be shorter by that, and by one look.
  const early = gapsOf(sent).filter((gap) => gap < 450_000 - 90_000);
  if (early.length > 0) faults.push(`too early: ${early.join(" ")}`);
  return faults;
}

test("over random jumps nothing bursts and nothing is stuck once the clock is right", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(trouble, { minLength: 1, maxLength: 4 }),
      fc.nat(1e6),
      async (troubles, seed) => {
        open({ daily_limit: 400, hourly_limit: 100 }, 120, { seed });
        try {
          expect(await suffer(troubles)).toEqual([]);
          expect(auditOf(room.ledger)).toEqual([]);
          const today = localDay(clock.now(), "Europe/Berlin");
          expect(
            room.ledger.db.query("SELECT 1 FROM quotas WHERE day > ? AND used > 0").all(today),
          ).toEqual([]);
        } finally {
          room.close();
        }
      },
    ),
    { numRuns: Number(process.env["JUMPS"] ?? 40) / 4 },
  );
  open({}, 0);
}, 120_000);
