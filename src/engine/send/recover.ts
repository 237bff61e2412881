// The story of a send told backwards: what each state means after a kill. Only by another boot's id, never by age:
// a slow mail of this boot is not a lost one.
import type { Ledger } from "../../ledger/ledger.ts";
import { listCommitsSince, listOfOtherBoots } from "../../resources/messages/due.store.ts";
import { markUncertain } from "../../resources/messages/store.ts";
import { commitLine } from "./commit-line.ts";
import { putBack } from "./settle.ts";

const TAIL_BYTES = 256 * 1024;
const JOURNAL_LAG_MS = 60_000;

export interface Recovery {
  /** No dot was written: they wait again. */
  queued: number;
  /** The dot may have been written: only evidence can settle them. */
  uncertain: number;
}

/** `claimed` by another boot goes back to `queued`; `committed` becomes `uncertain`. Then the journal gets what it lacks. */
export function recover(ledger: Ledger): Recovery {
  const recovery = ledger.write((tx) => {
    const claimed = listOfOtherBoots(tx, "claimed", ledger.boot_id);
    for (const message of claimed)
      putBack(ledger, tx, message, "imail was stopped before the mail was handed over");
    const committed = listOfOtherBoots(tx, "committed", ledger.boot_id);
    for (const message of committed) {
      markUncertain(tx, message.id, "imail was stopped while the server's answer was awaited");
    }
    return { queued: claimed.length, uncertain: committed.length };
  });
  completeJournal(ledger);
  return recovery;
}

/** The journal is fsynced once a second, the database at each commit: after power loss it may lack the last lines. */
function completeJournal(ledger: Ledger): void {
  const tail = ledger.journal.tail(TAIL_BYTES);
  const last = tail[tail.length - 1];
  const known = new Set(tail.map(({ message_id }) => message_id));
  const lacking = listCommitsSince(ledger, (last?.at ?? 0) - JOURNAL_LAG_MS).filter(
    ({ id }) => !known.has(id),
  );
  ledger.journal.append(
    lacking.map((message) => commitLine(ledger, message, message.committed_at ?? 0)),
  );
  ledger.journal.sync();
}
