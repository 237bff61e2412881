// Outcomes that come in together are settled together: one durable transaction, in which the next mails of the same
// inboxes are claimed, too. Each outcome stands alone: one that cannot be written is kept and undoes no other.

import type { SendOutcome } from "../../core/mail-port.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { ClaimedMail } from "./claim.ts";
import type { Later } from "./commit-group.ts";
import { settle } from "./settle.ts";

const WAIT_MS = 10;
const OUTCOMES_MOST = 200;

/** Runs in the transaction of the outcomes; what it returns runs once they are durable. */
export type GoOn = (tx: Tx, inbox_ids: ReadonlySet<number>) => () => void;

export interface SettleGroup {
  /** A mail was let go: its answer is awaited, and outcomes that come earlier wait for it a little. */
  expect(): void;
  /** Resolves once the outcome is written, or kept. `expected`: it was announced. */
  settle(claimed: ClaimedMail, outcome: SendOutcome, expected: boolean): Promise<void>;
  /** Is there an outcome that could not be written? */
  isStuck(): boolean;
  /** Writes what could not be written before. Throws while it still cannot. */
  settleKept(): void;
}

interface GroupParts {
  ledger: Ledger;
  later: Later;
  goOn: GoOn;
  onKept: (facts: { message_id: number; outcome: string; error: string }) => void;
}

interface Arrived {
  claimed: ClaimedMail;
  outcome: SendOutcome;
  done: () => void;
}

/** One group per ledger. */
export function openSettleGroup({ ledger, later, goOn, onKept }: GroupParts): SettleGroup {
  const kept = new Map<number, SendOutcome>();
  let arrived: Arrived[] = [];
  let expected = 0;

  const keep = ({ claimed, outcome }: Arrived, error: unknown) => {
    kept.set(claimed.id, outcome);
    onKept({ message_id: claimed.id, outcome: outcome.outcome, error: String(error) });
  };
  const flush = () => {
    const group = arrived;
    arrived = [];
    if (group.length === 0) return;
    try {
      settleAll({ ledger, goOn, keep, is_stuck: kept.size > 0 }, group);
    } finally {
      for (const { done } of group) done();
    }
  };
  return {
    expect: () => void expected++,
    settle(claimed, outcome, was_expected) {
      if (was_expected) expected--;
      const { promise, resolve } = Promise.withResolvers<void>();
      arrived.push({ claimed, outcome, done: resolve });
      if (expected === 0 || arrived.length >= OUTCOMES_MOST) flush();
      else if (arrived.length === 1) later(WAIT_MS, flush);
      return promise;
    },
    isStuck: () => kept.size > 0,
    settleKept() {
      for (const [message_id, outcome] of kept) {
        settle(ledger, message_id, outcome);
        kept.delete(message_id);
      }
    },
  };
}

interface Settling {
  ledger: Ledger;
  goOn: GoOn;
  keep: (arrived: Arrived, error: unknown) => void;
  is_stuck: boolean;
}

function settleAll(parts: Settling, group: readonly Arrived[]): void {
  let start: (() => void) | null = null;
  try {
    start = settleTogether(parts, group);
  } catch {
    // The group, or what was to follow it, could not be committed: each by itself, and nothing follows.
    for (const arrived of group) {
      try {
        settle(parts.ledger, arrived.claimed.id, arrived.outcome);
      } catch (error) {
        parts.keep(arrived, error);
      }
    }
  }
  start?.();
}

/** One transaction; what it returns starts the mails that were claimed in it. */
function settleTogether(
  { ledger, goOn, keep, is_stuck }: Settling,
  group: readonly Arrived[],
): () => void {
  const failed: { arrived: Arrived; error: unknown }[] = [];
  const start = ledger.together((tx) => {
    const free = new Set<number>();
    for (const arrived of group) {
      try {
        settle(ledger, arrived.claimed.id, arrived.outcome);
        // What was not accepted may matter to other inboxes, too: its settling has the whole house looked at.
        if (arrived.outcome.outcome === "accepted") free.add(arrived.claimed.inbox.id);
      } catch (error) {
        // SQLite may have rolled the whole transaction back (a full disk): then there is no group any more.
        if (!ledger.db.inTransaction) throw error;
        failed.push({ arrived, error });
      }
    }
    return failed.length > 0 || is_stuck || free.size === 0 ? () => undefined : goOn(tx, free);
  });
  for (const { arrived, error } of failed) keep(arrived, error);
  return start;
}
