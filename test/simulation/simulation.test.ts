// A few simulated lives in CI, and every seed that ever failed. scripts/simulate.ts plays any number.
import { expect, test } from "bun:test";

import { simulate } from "./run.ts";

const LONG_MS = 60_000;
const kept = (await Bun.file(new URL("seeds.txt", import.meta.url)).text())
  .split("\n")
  .map((line) => line.replace(/#.*/, "").trim())
  .filter((line) => line !== "");

test.each([...kept, "1", "2", "3"])(
  "seed %s: nothing twice, nothing after a stop, nothing outside of a promise, nobody forgotten",
  async (seed) => {
    expect((await simulate(seed)).violations).toEqual([]);
  },
  LONG_MS,
);

test(
  "one seed replays one run",
  async () => {
    const one = await simulate("4");
    const other = await simulate("4");
    expect(other).toEqual(one);
    expect(one.mails).toBeGreaterThan(0);
  },
  LONG_MS,
);
