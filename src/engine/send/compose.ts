// Gathers what the mail of a step is made of; the mail itself is made where the preview is made (core/step-mail.ts).

import { RENDER_TOO_SLOW } from "../../core/render.ts";
import { type Composed, composeStepMail } from "../../core/step-mail.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { publicSide } from "../../resources/campaigns/actions.ts";
import type { StepRow } from "../../resources/campaigns/steps.store.ts";
import type { CampaignRow } from "../../resources/campaigns/store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import type { LeadRow } from "../../resources/leads/store.ts";
import { findAliasOf } from "../../resources/messages/aliases.store.ts";
import { listThread } from "../../resources/messages/due.store.ts";

export interface StepOrder {
  campaign: CampaignRow;
  message_id: number;
  enrollment: EnrollmentRow;
  lead: LeadRow;
  inbox: InboxRow;
  steps: readonly StepRow[];
  step: StepRow;
}

export type ComposeStep = (ledger: Ledger, reading: Reading, order: StepOrder) => Composed;

/** The step's mail for this lead, or what the lead lacks for it: never "Hi ,". Throws where writing it took too long. */
export function composeStep(ledger: Ledger, reading: Reading, order: StepOrder): Composed {
  const { message_id, campaign, lead, inbox, steps, step, enrollment } = order;
  const composed = composeStepMail({
    message_id,
    date: ledger.clock.now(),
    step,
    lead,
    inbox,
    // A thread lives in one mailbox: after a change of inbox a new one begins.
    thread: listThread(reading, enrollment.id)
      .filter(({ inbox_id }) => inbox_id === inbox.id)
      .map(({ id, subject }) => ({ id, subject, alias: findAliasOf(reading, id) })),
    first: steps[0] ?? step,
    postal_address: ledger.workspace().postal_address,
    keys: ledger.keys,
    public: publicSide(ledger, campaign),
  });
  // The machine's fault, as far as anybody can tell: the lead steps aside for a while and not for good.
  if (!composed.ok && composed.blocked_by.endsWith(RENDER_TOO_SLOW))
    throw new Error(RENDER_TOO_SLOW);
  return composed;
}
