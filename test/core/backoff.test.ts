// When a deferred mail and a failed delivery are tried again, and when they are given up.

import { expect, test } from "bun:test";

import { deliveryRetryAt, isGivenUp, retryAt } from "../../src/core/backoff.ts";

const NOW = Date.parse("2026-05-04T09:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test.each([
  [1, 1],
  [2, 5],
  [3, 15],
  [4, 60],
  [5, 60],
  [24, 60],
])("a mail deferred %i times waits for %i minutes, 20 % more or less", (attempt, minutes) => {
  expect(retryAt(attempt, NOW, 0.5) - NOW).toBe(minutes * MINUTE);
  expect(retryAt(attempt, NOW, 0) - NOW).toBe(minutes * MINUTE * 0.8);
  expect(retryAt(attempt, NOW, 1 - Number.EPSILON) - NOW).toBe(minutes * MINUTE * 1.2);
});

test("a mail is given up when it has been deferred for 24 hours", () => {
  expect(isGivenUp(NOW, NOW + 24 * HOUR - 1)).toBe(false);
  expect(isGivenUp(NOW, NOW + 24 * HOUR)).toBe(true);
  expect(isGivenUp(NOW, NOW - HOUR)).toBe(false);
});

test("a delivery is tried 11 times over 24 hours, each wait 10 % longer or shorter at most", () => {
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 10; attempt++) {
    const wait = deliveryRetryAt(attempt, NOW, 0.5)! - NOW;
    expect(deliveryRetryAt(attempt, NOW, 0)! - NOW).toBe(wait * 0.9);
    expect(deliveryRetryAt(attempt, NOW, 1 - Number.EPSILON)! - NOW).toBeCloseTo(wait * 1.1, 3);
    waits.push(wait / 1000);
  }
  expect(waits).toEqual([5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800]);
  expect(deliveryRetryAt(11, NOW, 0.5)).toBeNull();
});
