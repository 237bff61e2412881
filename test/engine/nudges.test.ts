// Three nudges that know nothing of each other run the same tick, so that no dead timer stops the sending.

import { expect, test } from "bun:test";

import { openEngine } from "../../src/engine/engine.ts";
import { openJobs } from "../../src/engine/jobs.ts";
import { openPulses } from "../../src/engine/pulses.ts";
import { openEngineRoom } from "../world/engine-room.ts";
import { openMachineClock } from "../world/mail-world.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

test("the thread knocks until it is stopped", async () => {
  let knocks = 0;
  const enough = Promise.withResolvers<void>();
  const pulses = openPulses(
    5,
    () => {
      if (++knocks === 3) enough.resolve();
    },
    (fault) => enough.reject(new Error(fault)),
  );
  await enough.promise;
  pulses.stop();
  expect(knocks).toBeGreaterThanOrEqual(3);
});

test("a request ticks what is overdue, and nothing that is not", async () => {
  const clock = openMachineClock(Date.UTC(2026, 9, 19, 7));
  const room = openEngineRoom({ clock });
  const { mono } = clock;
  const engine = openEngine({
    ledgers: () => [room.ledger],
    mail: () => room.world.port,
    disk: null,
    log: silent,
    mono,
  });
  engine.start();
  try {
    const ticked = () => engine.last_tick_at();
    const first = ticked();
    clock.moveBy(20_000);
    engine.pulse();
    expect(ticked()).toBe(first);
    // No timer of the runtime has moved: for it no time has passed.
    clock.moveBy(20_000);
    engine.pulse();
    expect(ticked()).toBe(clock.now());
    // Asleep: the monotonic clock stood still, the time of day did not.
    clock.set(3_600_000);
    clock.moveBy(2000);
    engine.pulse();
    expect(ticked()).toBe(clock.now());
    // The clock is set back: the other clock tells that it is late.
    clock.set(-7_200_000);
    clock.moveBy(40_000);
    engine.pulse();
    expect(ticked()).toBe(clock.now());
  } finally {
    await engine.stop();
    room.close();
  }
});

test("housekeeping whose timer is dead is done by whoever nudges, once at a time, and goes on after a fault", async () => {
  let now = 0;
  let ran = 0;
  const slow = Promise.withResolvers<void>();
  let slow_ran = 0;
  const jobs = openJobs({
    work: [
      () => {
        ran++;
        throw new Error("it fails each time");
      },
      () => {
        slow_ran++;
        return slow.promise;
      },
    ],
    later: () => () => undefined,
    mono: () => now,
    log: silent,
  });
  jobs.pulse();
  expect(ran).toBe(0);
  for (let i = 0; i < 3; i++) {
    now += 6000;
    jobs.pulse();
  }
  expect([ran, slow_ran]).toEqual([3, 1]);
  slow.resolve();
  await slow.promise;
  await Promise.resolve();
  jobs.stop();
  now += 6000;
  jobs.pulse();
  expect(ran).toBe(3);
});
