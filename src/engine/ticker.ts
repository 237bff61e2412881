// When each ledger is looked at next, by both clocks: a timer of the runtime looks in time, and whoever nudges makes up for
// one that is late, because it is dead, the machine has slept or the clock was set.

import type { Ledger } from "../ledger/ledger.ts";
import type { Later } from "./send/commit-group.ts";

/** The longest sleep between two looks: suspended laptops and changed clocks are noticed within it. */
const LONGEST_SLEEP_MS = 30_000;
/** A nudge makes up for a look that is later than this, and nudges that come faster are one. */
const LATE_MS = 1000;

export interface Ticker {
  /** Looks at the ledger in so many ms, in place of what was planned. Between start and stop only. */
  plan(ledger: Ledger, wait_ms: number): void;
  /** Looks at that instant of the ledger's clock, if it would look later. */
  bringForward(ledger: Ledger, at: number): void;
  start(): void;
  /** Looks at whatever is overdue. */
  pulse(): void;
  stop(): void;
}

interface TickerParts {
  tick: (ledger: Ledger) => void;
  later: Later;
  mono: () => number;
}

interface Plan {
  wall: number;
  mono: number;
  cancel: () => void;
}

export function openTicker({ tick, later, mono }: TickerParts): Ticker {
  const plans = new Map<Ledger, Plan>();
  let pulsed_at = -Infinity;
  let is_running = false;
  const plan = (ledger: Ledger, wait_ms: number) => {
    if (!is_running) return;
    plans.get(ledger)?.cancel();
    const sleep_ms = Math.min(wait_ms, LONGEST_SLEEP_MS);
    plans.set(ledger, {
      wall: ledger.clock.now() + sleep_ms,
      mono: mono() + sleep_ms,
      cancel: later(sleep_ms, () => tick(ledger)),
    });
  };
  return {
    plan,
    bringForward(ledger, at) {
      const now = ledger.clock.now();
      if (at < (plans.get(ledger)?.wall ?? now)) plan(ledger, Math.max(0, at - now));
    },
    start: () => void (is_running = true),
    pulse() {
      const now = mono();
      if (!is_running || now - pulsed_at < LATE_MS) return;
      pulsed_at = now;
      for (const [ledger, planned] of plans) {
        const late_ms = Math.max(ledger.clock.now() - planned.wall, now - planned.mono);
        if (late_ms > LATE_MS) tick(ledger);
      }
    },
    stop() {
      is_running = false;
      for (const { cancel } of plans.values()) cancel();
    },
  };
}
