// What proves that a mail arrived, told once for each mail: a report, a reaction, or no bounce for 6 hours in a mailbox
// that was read since. The submission server's 250 proves nothing.
import type { Tx } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { record } from "../resources/events/actions.ts";
import { subjectOf } from "../resources/messages/actions.ts";
import { listQuiet, nextUnknownDelivery } from "../resources/messages/due.store.ts";
import { type MessageRow, settleDelivery } from "../resources/messages/store.ts";

/** A mail of which no bounce came for so long is taken to have arrived (domain.md "Events and their data"). */
const SILENCE_MS = 6 * 3_600_000;
/** So many slices of the backlog are told at one look. */
const SLICES_MOST = 10;

export function noteDelivered(
  ledger: Ledger,
  tx: Tx,
  message: MessageRow,
  evidence: "dsn" | "engaged" | "no_bounce",
): void {
  if (!settleDelivery(tx, message.id)) return;
  record(ledger, tx, { event: "email.delivered", detail: { evidence } }, subjectOf(message));
}

/** Tells of the mails that no bounce came of. The next instant at which there may be more, or null. */
export function tellDeliveries(ledger: Ledger): number | null {
  const sent_before = ledger.clock.now() - SILENCE_MS;
  for (let slice = 0; listQuiet(ledger, sent_before, SILENCE_MS).length > 0; slice++) {
    // After a long outage there may be many: others want their turn.
    if (slice === SLICES_MOST) return ledger.clock.now() + 1;
    ledger.write((tx) => {
      for (const message of listQuiet(tx, sent_before, SILENCE_MS))
        noteDelivered(ledger, tx, message, "no_bounce");
    });
  }
  const sent_at = nextUnknownDelivery(ledger, sent_before);
  return sent_at === null ? null : sent_at + SILENCE_MS;
}
