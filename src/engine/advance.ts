// Moves a test clock from due instant to due instant, so that what happens does not depend on how the way was cut.

import type { AdvanceReport } from "../core/advance-report.ts";
import { AppError } from "../core/faults.ts";
import { type Ledger, moveTestClock } from "../ledger/ledger.ts";
import { countEventsAfter, lastEventId } from "../resources/events/store.ts";
import {
  countArrivals,
  countSentAfter,
  lastSandboxMailId,
  nextArrivalAt,
} from "../resources/test/store.ts";
import type { LedgerDesk } from "./desk.ts";

const running = new WeakSet<Ledger>();
/** A way with more stops is no test any more. */
const INSTANTS_MOST = 1_000_000;

/** One thing at a time happens to a test ledger from outside: else what it does would depend on who came first. */
export async function alone<T>(ledger: Ledger, work: () => Promise<T>): Promise<T> {
  if (running.has(ledger)) throw new AppError("clock_running");
  running.add(ledger);
  try {
    return await work();
  } finally {
    running.delete(ledger);
  }
}

/** Runs everything that falls due until `until` (ms UTC), in order. One at a time per ledger. */
export function advanceClock(
  ledger: Ledger,
  desk: LedgerDesk,
  until: number,
): Promise<AdvanceReport> {
  return alone(ledger, async () => {
    const from = ledger.clock.now();
    const last_event = lastEventId(ledger);
    const last_mail = lastSandboxMailId(ledger);
    let instants = 1;
    let next = await due(ledger, desk);
    while (next !== null && next <= until) {
      moveTestClock(ledger, next);
      if (++instants > INSTANTS_MOST) throw new Error("too much falls due on this way");
      // oxlint-disable-next-line no-await-in-loop -- one instant after the other
      next = await due(ledger, desk);
    }
    if (until > ledger.clock.now()) moveTestClock(ledger, until);
    const now = ledger.clock.now();
    return {
      from,
      now,
      events: countEventsAfter(ledger, last_event),
      mails: {
        sent: countSentAfter(ledger, last_mail, null),
        received: countArrivals(ledger, from, now),
      },
      instants,
      next_at: next,
      notes: notesOn(ledger, last_mail),
    };
  });
}

/** Magic addresses that did nothing, and why. */
function notesOn(ledger: Ledger, last_mail: number): string[] {
  return ["open", "click", "scanner"].flatMap((name) => {
    const sent = countSentAfter(ledger, last_mail, name);
    const mails = sent === 1 ? "1 mail went" : `${sent} mails went`;
    const why =
      "opens and clicks are seen at a public URL, in test mode too, and this server has none";
    return sent === 0 ? [] : [`${mails} to ${name}@ and nothing came of it: ${why}.`];
  });
}

/** Does what is due now; the next instant at which something is, or null. */
async function due(ledger: Ledger, desk: LedgerDesk): Promise<number | null> {
  const next = await desk.runDue();
  const arrival = nextArrivalAt(ledger, ledger.clock.now());
  if (next === null || arrival === null) return next ?? arrival;
  return Math.min(next, arrival);
}
