// Moves a test clock from due instant to due instant, so that what happens does not depend on how the way was cut.
import type { AdvanceReport } from "../core/advance-report.ts";
import { AppError } from "../core/faults.ts";
import { type Ledger, moveTestClock } from "../ledger/ledger.ts";
import { countEventsAfter, lastEventId } from "../resources/events/store.ts";
import { nextArrivalAt } from "../resources/test/store.ts";
import type { LedgerDesk } from "./desk.ts";

const running = new WeakSet<Ledger>();
/** A way with more stops is no test any more. */
const INSTANTS_MOST = 1_000_000;

/** Runs everything that falls due until `until` (ms UTC), in order. One at a time per ledger. */
export async function advanceClock(
  ledger: Ledger,
  desk: LedgerDesk,
  until: number,
): Promise<AdvanceReport> {
  if (running.has(ledger)) throw new AppError("clock_running");
  running.add(ledger);
  const from = ledger.clock.now();
  const last_event = lastEventId(ledger);
  try {
    let instants = 1;
    for (
      let next = await due(ledger, desk);
      next !== null && next <= until;
      next = await due(ledger, desk)
    ) {
      moveTestClock(ledger, next);
      if (++instants > INSTANTS_MOST) throw new Error("too much falls due on this way");
    }
    if (until > ledger.clock.now()) moveTestClock(ledger, until);
    return {
      from,
      now: ledger.clock.now(),
      events: countEventsAfter(ledger, last_event),
      instants,
    };
  } finally {
    running.delete(ledger);
  }
}

/** Does what is due now; the next instant at which something is, or null. */
async function due(ledger: Ledger, desk: LedgerDesk): Promise<number | null> {
  const next = await desk.runDue();
  const arrival = nextArrivalAt(ledger, ledger.clock.now());
  if (next === null || arrival === null) return next ?? arrival;
  return Math.min(next, arrival);
}
