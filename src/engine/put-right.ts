// Puts right what a clock that was ahead has left behind: slots, quotas and due times of days that have not come. Nothing
// of it may hold an inbox or a lead until then, and nothing that was sent may be forgotten by the limits.
// What stays as it is: `held_until` (a day that a person named), and the instants of events (they were told as they were).

import { idFloor } from "../core/ids.ts";
import { localDay } from "../core/zones.ts";
import type { Tx } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { pullBackDue, pullBackEnrolled, releaseBlocked } from "../resources/enrollments/store.ts";
import { listMailedAhead } from "../resources/enrollments/waiting.store.ts";
import { pullBackInboxes } from "../resources/inboxes/store.ts";
import { foldQuotas } from "../resources/messages/quotas.store.ts";
import { pullBackMessages } from "../resources/messages/store.ts";

const HOUR_MS = 3_600_000;

/** `went_back`: the clock was set back; else nobody knows, and only what cannot be right is touched. Does nothing twice. */
export function putRight(ledger: Ledger, tx: Tx, { went_back }: { went_back: boolean }): void {
  const today = localDay(tx.now, ledger.workspace().zone);
  // Leads first: which of them were mailed ahead of time stands on their mails.
  for (const id of listMailedAhead(tx, tx.now)) pullBackDue(tx, id);
  pullBackEnrolled(tx, idFloor(tx.now));
  // A company's day or a cool-down was counted by the wrong clock: the claim looks again. Other reasons last as they are.
  releaseBlocked(tx, went_back ? tx.now : tx.now + 25 * HOUR_MS);
  pullBackMessages(tx, today);
  foldQuotas(tx, today);
  pullBackInboxes(tx);
  tx.nudge("send");
}
