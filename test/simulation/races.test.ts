// Invariant 2 over a socket: every kind of stop at every point of a session, once. scripts/races.ts plays any number.
import { expect, test } from "bun:test";

import { runRaces } from "./races.ts";

const PAIRS = 114;

test("no stop that was committed before the commit point is followed by a delivery", async () => {
  const report = await runRaces(PAIRS, 5);
  expect(report.violations).toEqual([]);
  expect(report).toMatchObject({ races: PAIRS, delivered_after_stop: 0 });
  expect(Object.keys(report.met)).toHaveLength(PAIRS);
}, 60_000);
