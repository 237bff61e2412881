// The only file that asks the machine for the time. Live ledgers run on the system clock; a test ledger's clock
// stands still until it is advanced.
import type { Clock } from "../core/clock.ts";

export const systemClock: Clock & { mono(): number } = {
  now: () => Date.now(),
  mono: () => performance.now(),
};

/** A clock that the API moves. It never goes back. */
export interface TestClock extends Clock {
  moveTo(instant: number): void;
}

/** Opens a test clock that stands at `instant`. */
export function openTestClock(instant: number): TestClock {
  let now = instant;
  return {
    now: () => now,
    moveTo(next) {
      if (next < now) throw new RangeError("a test clock never goes back");
      now = next;
    },
  };
}
