// Slows down those who guess keys: ten wrong keys a minute and address, then 429. Keys that are right never wait.
// In memory and bounded: a restart forgives, and a million addresses cost no more than MAX_ADDRESSES.

const WINDOW_MS = 60_000;
const MAX_FAILURES = 10;
const MAX_ADDRESSES = 10_000;

export interface FailedKeys {
  /** Counts a wrong key; the seconds to wait when there were too many, else null. */
  count(address: string, now: number): number | null;
}

interface Tally {
  since: number;
  failures: number;
}

export function openFailedKeys(): FailedKeys {
  const tallies = new Map<string, Tally>();
  return {
    count(address, now) {
      const found = tallies.get(address);
      const fresh = !found || now - found.since >= WINDOW_MS || now < found.since;
      const tally = fresh ? { since: now, failures: 0 } : found;
      tally.failures++;
      if (fresh) {
        // A Map keeps the order of insertion: the first is the one that was started longest ago.
        tallies.delete(address);
        const oldest = tallies.keys().next();
        if (tallies.size >= MAX_ADDRESSES && !oldest.done) tallies.delete(oldest.value);
        tallies.set(address, tally);
      }
      if (tally.failures <= MAX_FAILURES) return null;
      return Math.max(1, Math.ceil((tally.since + WINDOW_MS - now) / 1000));
    },
  };
}
