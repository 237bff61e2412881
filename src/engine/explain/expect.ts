// When a mail may go, out of all gates that fail: all of them must have passed and the window must be open. Of several
// inboxes the first that is free counts.

import { type ReasonEnd, REASONS } from "../../core/reasons.ts";
import type { Gate } from "../send/gates.ts";
import type { Found } from "./scene.ts";

/** What ends this gate, now. */
export function endOf({ gate, inbox }: Found): ReasonEnd {
  if (gate.code === "outside_window" && gate.next_at === null) return "person";
  // With a fault of the mailbox it is not only a matter of the next look.
  if (gate.code === "inbox_unread" && (inbox?.read_fault ?? null) !== null) return "mail_server";
  return REASONS[gate.code].waits_for;
}

/** Of a test clock every instant is told as the clock's own: that it stands still is no end of the way. */
const isOfClock = ({ code }: Gate) => code === "test_clock_still";

/** Does this gate open by itself, at an instant or with the next look? */
export function passesAlone(one: Found): boolean {
  const end = endOf(one);
  return isOfClock(one.gate) || end === "time" || end === "imail";
}

/** The first instant at which all of these have passed; null where one of them does not pass by itself. */
export function whenPassed(finds: readonly Found[], now: number): number | null {
  if (!finds.every(passesAlone)) return null;
  return Math.max(now, ...finds.map(({ gate }) => gate.next_at ?? now));
}

/** The inbox that is free first: its gates, and since when. Null where none is ever by itself. */
export function freeFirst(
  options: readonly (readonly Found[])[],
  now: number,
): { at: number; finds: readonly Found[] } | null {
  let best: { at: number; finds: readonly Found[] } | null = null;
  for (const finds of options) {
    const at = whenPassed(finds, now);
    if (at !== null && (best === null || at < best.at)) best = { at, finds };
  }
  return best;
}

/** The one that decides: what does not pass by itself before what does, and of those the last to pass. */
export function decider(finds: readonly Found[]): Found | null {
  const real = finds.filter(({ gate }) => !isOfClock(gate));
  const stuck = real.find((one) => !passesAlone(one));
  if (stuck) return stuck;
  return real.reduce<Found | null>(
    (last, one) =>
      last === null || (one.gate.next_at ?? 0) > (last.gate.next_at ?? 0) ? one : last,
    null,
  );
}
