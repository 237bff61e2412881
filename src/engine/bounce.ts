// What a bounce does, whether the server said it at once or a report came later: a mailbox fact suppresses the
// address, anything else never does (domain.md "Inbound mail").
import type { EventName } from "../core/events.ts";
import type { Tx } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { stopLead } from "../resources/enrollments/actions.ts";
import { record } from "../resources/events/actions.ts";
import { hasEvent } from "../resources/events/store.ts";
import { pauseInbox } from "../resources/inboxes/store.ts";
import { addSoftBounce, findLead, setLeadState } from "../resources/leads/store.ts";
import { subjectOf } from "../resources/messages/actions.ts";
import { type MessageRow, settleDelivery } from "../resources/messages/store.ts";
import { suppress } from "../resources/suppressions/actions.ts";

const SOFT_BOUNCES_MOST = 3;

export interface Bounce {
  category: string;
  enhanced_status: string | null;
  diagnostic: string | null;
}

/** Servers may report one mail more than once; bounces count mails (domain.md "Events and their data"). */
const isTold = (tx: Tx, { lead_id, id }: MessageRow, event: EventName): boolean =>
  lead_id !== null && hasEvent(tx, { lead_id, message_id: id, event });

/** The mailbox does not exist: suppressed, and every enrollment of the lead ends. */
export function bounceHard(ledger: Ledger, tx: Tx, message: MessageRow, bounce: Bounce): void {
  settleDelivery(tx, message.id);
  const lead = message.lead_id === null ? null : findLead(tx, message.lead_id);
  if (lead) {
    suppress(ledger, tx, {
      kind: "address",
      value: lead.email,
      reason: "bounced",
      source: "bounce",
      evidence: bounce.diagnostic,
    });
    stopLead(ledger, tx, lead.id, "bounced");
    setLeadState(tx, lead.id, "bounced");
  }
  if (isTold(tx, message, "email.bounced.hard")) return;
  record(ledger, tx, { event: "email.bounced.hard", detail: { ...bounce } }, subjectOf(message));
}

/** It did not arrive this time; the third in a row ends the lead's enrollments, without suppressing it. */
export function bounceSoft(ledger: Ledger, tx: Tx, message: MessageRow, bounce: Bounce): void {
  settleDelivery(tx, message.id);
  if (isTold(tx, message, "email.bounced.soft")) return;
  if (message.lead_id !== null && addSoftBounce(tx, message.lead_id) >= SOFT_BOUNCES_MOST) {
    stopLead(ledger, tx, message.lead_id, "bounced");
    setLeadState(tx, message.lead_id, "bounced");
  }
  record(ledger, tx, { event: "email.bounced.soft", detail: { ...bounce } }, subjectOf(message));
}

/** Our own fault (policy, spam, authentication): the inbox pauses with the server's words, the lead is left alone. */
export function bounceOfSender(ledger: Ledger, tx: Tx, message: MessageRow, bounce: Bounce): void {
  settleDelivery(tx, message.id);
  pauseInbox(tx, message.inbox_id, { by: "bounce", reason: bounce.diagnostic ?? bounce.category });
  if (isTold(tx, message, "email.bounced.soft")) return;
  record(ledger, tx, { event: "email.bounced.soft", detail: { ...bounce } }, subjectOf(message));
}
