// What a bounce does, whether the server said it at once or a report came later: a mailbox fact suppresses the
// address, anything else never does (domain.md "Inbound mail").
import type { EventSubject } from "../core/events.ts";
import type { Tx } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { stopLead } from "../resources/enrollments/actions.ts";
import { record } from "../resources/events/actions.ts";
import { addSoftBounce, findLead, setLeadState } from "../resources/leads/store.ts";
import type { MessageRow } from "../resources/messages/store.ts";
import { suppress } from "../resources/suppressions/actions.ts";

const SOFT_BOUNCES_MOST = 3;

export interface Bounce {
  category: string;
  enhanced_status: string | null;
  diagnostic: string | null;
}

const about = (message: MessageRow): EventSubject => ({
  campaign_id: message.campaign_id,
  lead_id: message.lead_id,
  step_id: message.step_id,
  message_id: message.id,
  inbox_id: message.inbox_id,
  variant_id: message.variant_id,
});

/** The mailbox does not exist: suppressed, and every enrollment of the lead ends. */
export function bounceHard(ledger: Ledger, tx: Tx, message: MessageRow, bounce: Bounce): void {
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
  record(ledger, tx, { event: "email.bounced.hard", detail: { ...bounce } }, about(message));
}

/** It did not arrive this time; the third in a row ends the lead's enrollments, without suppressing it. */
export function bounceSoft(ledger: Ledger, tx: Tx, message: MessageRow, bounce: Bounce): void {
  if (message.lead_id !== null && addSoftBounce(tx, message.lead_id) >= SOFT_BOUNCES_MOST) {
    stopLead(ledger, tx, message.lead_id, "bounced");
    setLeadState(tx, message.lead_id, "bounced");
  }
  record(ledger, tx, { event: "email.bounced.soft", detail: { ...bounce } }, about(message));
}
