// The gap between two mails of one inbox. Invariant 3: always counted from now, so slots that were missed
// in sleep or outage are gone and no burst can make up for them.

const JITTER = 0.25;

/** A length spread by `share` to both sides: chance 0 is the shortest, just below 1 the longest; whole ms. */
export function spread(ms: number, share: number, chance: number): number {
  return Math.round(ms * (1 - share + 2 * share * chance));
}

/** When an inbox that sends now may send again (ms UTC): the gap with 25 % jitter, chance in [0, 1) (domain.md "Pace"). */
export function nextSlot(now: number, min_gap_seconds: number, chance: number): number {
  return now + spread(min_gap_seconds * 1000, JITTER, chance);
}
