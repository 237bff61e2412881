// Slows down those who guess passwords: five failures are free, then each one doubles the wait, for the account and for
// the address that asks. Nothing sleeps: whoever comes too early is told how long. In memory and bounded.

const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15 * 60_000;
const FORGOTTEN_AFTER_MS = 60 * 60_000;
const MAX_TALLIES = 10_000;

export interface FailedLogins {
  /**
   * Takes one try for all these names (an account, an address): null when it may go on, else the whole seconds to wait.
   * A try counts as failed until `forgive`: a hundred at the same time get no more than five.
   */
  take(names: readonly string[], now: number): number | null;
  /** It was no failure: the names start anew. */
  forgive(names: readonly string[]): void;
}

interface Tally {
  failures: number;
  at: number;
  wait_until: number;
}

export function openFailedLogins(): FailedLogins {
  const tallies = new Map<string, Tally>();
  const read = (name: string, now: number): Tally => {
    const tally = tallies.get(name);
    // A clock that was set back must not lock anybody out for longer than the wait itself.
    const stale =
      !tally || now - tally.at >= FORGOTTEN_AFTER_MS || tally.wait_until - now > LONGEST_WAIT_MS;
    return stale ? { failures: 0, at: now, wait_until: 0 } : tally;
  };
  const count = (name: string, now: number) => {
    const failures = read(name, now).failures + 1;
    const wait_until = failures < FREE_FAILURES ? 0 : now + waitAfter(failures);
    // A Map keeps the order of insertion: the first is the one that failed longest ago.
    tallies.delete(name);
    const oldest = tallies.keys().next();
    if (tallies.size >= MAX_TALLIES && !oldest.done) tallies.delete(oldest.value);
    tallies.set(name, { failures, at: now, wait_until });
  };
  return {
    take(names, now) {
      const wait_ms = Math.max(...names.map((name) => read(name, now).wait_until - now));
      if (wait_ms > 0) return Math.ceil(wait_ms / 1000);
      for (const name of names) count(name, now);
      return null;
    },
    forgive(names) {
      for (const name of names) tallies.delete(name);
    },
  };
}

/** 1 s after the fifth failure, then 2, 4, 8 s …, at most 15 min. */
const waitAfter = (failures: number) =>
  Math.min(FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES), LONGEST_WAIT_MS);
