// The gap between two mails: never shorter than three quarters, never made up for.

import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { nextSlot, spread } from "../../src/core/pace.ts";

const NOW = Date.parse("2026-05-04T09:00Z");
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test.each([
  [0, 450],
  [0.5, 600],
  [0.75, 675],
])("chance %f makes a gap of 10 minutes %i seconds long", (chance, seconds) => {
  expect(nextSlot(NOW, 600, chance)).toBe(NOW + seconds * 1000);
});

test("the next slot is a whole millisecond between 75 % and 125 % of the gap from now", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 86_400 }), chances, (gap_seconds, chance) => {
      const gap = nextSlot(NOW, gap_seconds, chance) - NOW;
      expect(gap).toBeGreaterThanOrEqual(gap_seconds * 750);
      expect(gap).toBeLessThanOrEqual(gap_seconds * 1250);
      expect(Number.isInteger(gap)).toBe(true);
    }),
  );
});

test("invariant 3: three days of sleep give one slot and not a burst", () => {
  const woken = NOW + 3 * 86_400_000;
  let slot = nextSlot(NOW, 600, 0.5);
  const sent: number[] = [];
  for (let now = woken; now <= woken + 3_600_000; now += 60_000) {
    if (now < slot) continue;
    sent.push(now);
    slot = nextSlot(now, 600, 0.5);
  }
  expect(sent).toHaveLength(7);
});

test("a length is spread to both sides evenly", () => {
  expect([0, 0.25, 0.5, 0.75].map((chance) => spread(1000, 0.2, chance))).toEqual([
    800, 900, 1000, 1100,
  ]);
});
