// What `explain` looks at: a ledger at one instant, with what the engine knows beside its rows. The gates come from
// send/gates.ts; here they are put together as the round and the claim do it.

import type { Ledger } from "../../ledger/ledger.ts";
import { type InboxRow } from "../../resources/inboxes/store.ts";
import { hasMailUnderWay } from "../../resources/messages/due.store.ts";
import {
  type Gate,
  inboxBudgetGates,
  inboxGates,
  ledgerGates,
  type LedgerSigns,
  readingGates,
  shut,
} from "../send/gates.ts";

/** What the engine knows of one ledger. */
export interface EngineSigns extends LedgerSigns {
  /** Since this start, has reading been tried for this inbox? Reading comes before sending. */
  mayStart(inbox_id: number): boolean;
}

export interface Scene {
  ledger: Ledger;
  now: number;
  signs: EngineSigns;
}

/** The ledger as it is now. */
export function openScene(ledger: Ledger, signs: EngineSigns): Scene {
  return { ledger, now: ledger.clock.now(), signs };
}

/** A gate, and the inbox that it is about. */
export interface Found {
  gate: Gate;
  inbox: InboxRow | null;
}

export const found = (gates: readonly Gate[], inbox: InboxRow | null = null): Found[] =>
  gates.map((gate) => ({ gate, inbox }));

/** What stops everything. */
export const ledgerFinds = ({ ledger, signs }: Scene): Found[] => found(ledgerGates(ledger, signs));

/** What keeps an inbox from sending this now. With a clock that is moved by hand, reading is part of the move. */
export function inboxFinds(
  { ledger, now, signs }: Scene,
  inbox: InboxRow,
  follow_up: boolean,
): Found[] {
  const gates: Gate[] = [];
  if (ledger.mode === "live" && !signs.mayStart(inbox.id))
    gates.push(shut("server_starting", null));
  gates.push(...inboxGates(inbox, now));
  if (hasMailUnderWay(ledger, inbox.id)) gates.push(shut("inbox_busy", null));
  gates.push(...readingGates({ inbox, now, follow_up }));
  gates.push(...inboxBudgetGates({ ledger, reading: ledger, now, inbox }));
  return found(gates, inbox);
}
