// The line of the sent journal that a committed mail gets: at its commit, or at the next start where a crash lost it.

import type { JournalLine } from "../../ledger/journal.ts";
import { type Ledger, suppressionHash } from "../../ledger/ledger.ts";
import type { MessageRow } from "../../resources/messages/store.ts";

/** `at` is the instant of the commit, ms UTC. The address stands in it as a keyed hash only. */
export function commitLine(ledger: Ledger, message: MessageRow, at: number): JournalLine {
  return {
    kind: "commit",
    at,
    message_id: message.id,
    enrollment_id: message.enrollment_id ?? 0,
    campaign_id: message.campaign_id ?? 0,
    step_id: message.step_id ?? 0,
    inbox_id: message.inbox_id,
    hash: Buffer.from(suppressionHash(ledger, message.recipient)).toString("hex"),
    reason: "",
  };
}
