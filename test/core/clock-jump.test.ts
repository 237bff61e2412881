// What two clocks say about the time between two ticks (reliability.md S9).

import { expect, test } from "bun:test";

import { isClockBehind, judgeClock } from "../../src/core/clock-jump.ts";
import type { ClockVerdict } from "../../src/core/clock-jump.ts";

const WALL = Date.parse("2026-05-04T09:00Z");
const DAY_S = 86_400;

const verdicts: [string, number, number, ClockVerdict][] = [
  ["a tick of a second", 1, 1, "steady"],
  ["time that NTP corrects by half a minute", 31, 1, "steady"],
  ["a minute of drift, which is not yet a jump", 61, 1, "steady"],
  ["a clock that is set forward by a day", DAY_S, 1, "jumped_forward"],
  ["a sleep in which the monotonic clock stood still", 3 * DAY_S, 1, "jumped_forward"],
  ["a clock that is set back by an hour", -3599, 1, "jumped_back"],
  ["a process that was stopped for three days", 3 * DAY_S, 3 * DAY_S, "slept"],
  ["a process that was stopped while the clock was set back", -DAY_S, 3600, "jumped_back"],
];
test.each(verdicts)("%s: %i s on the wall, %i s in truth, is %s", (_, wall_s, mono_s, verdict) => {
  const readings = {
    wall_before: WALL,
    mono_before: 5000.25,
    wall_now: WALL + wall_s * 1000,
    mono_now: 5000.25 + mono_s * 1000,
  };
  expect(judgeClock(readings)).toBe(verdict);
});

test("a clock more than five minutes below the highest time ever seen is behind", () => {
  expect(isClockBehind(WALL, WALL - 5 * 60_000)).toBe(false);
  expect(isClockBehind(WALL, WALL - 5 * 60_000 - 1)).toBe(true);
  expect(isClockBehind(WALL, WALL + 1)).toBe(false);
});
