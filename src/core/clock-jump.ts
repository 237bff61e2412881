// Did the machine's clock jump, or did we not run? One tick against the one before (reliability.md S9).
// Anything but "steady" goes through the wake protocol: reading comes before sending.

const TOLERANCE_MS = 60_000;
/** A clock this far below the highest time ever seen is wrong: nothing is sent until it has caught up. */
const BEHIND_MS = 5 * 60_000;

/** Two readings of both clocks in ms, one tick apart. */
export interface ClockReadings {
  wall_before: number;
  mono_before: number;
  wall_now: number;
  mono_now: number;
}

export type ClockVerdict = "steady" | "jumped_forward" | "jumped_back" | "slept";

/**
 * What happened between two ticks. `slept`: both clocks went on and we did not run (a stopped process).
 * A sleeping Linux or macOS halts its monotonic clock, so that sleep cannot be told from a clock that was
 * set forward and is `jumped_forward`.
 */
export function judgeClock(readings: ClockReadings): ClockVerdict {
  const wall = readings.wall_now - readings.wall_before;
  const mono = readings.mono_now - readings.mono_before;
  if (wall - mono > TOLERANCE_MS) return "jumped_forward";
  if (mono - wall > TOLERANCE_MS) return "jumped_back";
  return mono > TOLERANCE_MS ? "slept" : "steady";
}

/** Is the clock more than 5 min below the highest wall time (ms UTC) that was ever stored? Then all sending is frozen. */
export function isClockBehind(highest_wall: number, wall_now: number): boolean {
  return wall_now < highest_wall - BEHIND_MS;
}
