// One step to oneself, for a look at it: claimed, committed and settled like every mail, but for nobody's enrollment, so that
// it counts nowhere. It takes no slot and waits for none: somebody sits there and waits for it.

import { AppError, notFound } from "../../core/faults.ts";
import { composeStepMail, type MailLead } from "../../core/step-mail.ts";
import type { TestMailOrder } from "../../core/test-mail.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listSteps } from "../../resources/campaigns/steps.store.ts";
import { findCampaign, listInboxIds } from "../../resources/campaigns/store.ts";
import { findEnrollmentOf } from "../../resources/enrollments/store.ts";
import { findInbox, type InboxRow } from "../../resources/inboxes/store.ts";
import { findLead } from "../../resources/leads/store.ts";
import { insertClaimed, type NewMessage } from "../../resources/messages/store.ts";
import { findSuppression } from "../../resources/suppressions/actions.ts";
import type { ClaimedMail } from "./claim.ts";

/** Where nobody is in the campaign yet, and none is named: nobody has no fields. */
const NOBODY: Omit<MailLead, "email"> = {
  id: 0,
  first_name: null,
  last_name: null,
  company: null,
  title: null,
  phone: null,
  website: null,
  country: null,
  custom: {},
};

/** Makes and claims the mail. Throws where it cannot be made or no inbox of the campaign can send. */
export function claimTestMail(ledger: Ledger, order: TestMailOrder): ClaimedMail {
  return ledger.write((tx) => {
    const campaign = findCampaign(tx, order.campaign_id);
    if (!campaign) throw notFound("campaign");
    if (campaign.state === "archived") {
      throw new AppError(
        "wrong_state",
        "The campaign is archived: it can be read and nothing else.",
      );
    }
    if (findSuppression(ledger, tx, order.to)) {
      throw new AppError("lead_suppressed", "`to` is on the suppression list.", { field: "to" });
    }
    const inbox = chooseInbox(tx, order);
    const { variant_id, subject, bytes } = compose(ledger, tx, order, inbox);
    const { message_id: id, to: recipient } = order;
    const message: NewMessage = {
      id,
      kind: "test",
      campaign_id: campaign.id,
      // Not the lead's: nothing was sent to them.
      lead_id: null,
      enrollment_id: null,
      step_id: order.step_id,
      variant_id,
      inbox_id: inbox.id,
      recipient,
      // It belongs to no lead, so erasing one would not find it: no word about the lead is kept (Invariant 8).
      subject,
      text: null,
      html: null,
      bytes,
      links: null,
      first_of_lead: false,
      follow_up: false,
    };
    insertClaimed(tx, message, { boot_id: ledger.boot_id, quota_day: null, window_until: null });
    return { id, inbox, recipient, bytes };
  });
}

/** The inbox that writes to this lead, else the first one of the campaign that can send. */
function chooseInbox(tx: Tx, { campaign_id, lead_id }: TestMailOrder): InboxRow {
  const own = lead_id === null ? null : findEnrollmentOf(tx, campaign_id, lead_id)?.inbox_id;
  const ids = [
    ...(own === null || own === undefined ? [] : [own]),
    ...listInboxIds(tx, campaign_id),
  ];
  const inbox = ids.map((id) => findInbox(tx, id)).find((row) => row?.state === "active");
  if (!inbox) {
    const message = "inbox_ids names no inbox that can send now";
    throw new AppError("not_ready", message, { field: "inbox_ids" });
  }
  return inbox;
}

function compose(ledger: Ledger, tx: Tx, order: TestMailOrder, inbox: InboxRow) {
  const steps = listSteps(tx, order.campaign_id);
  const [first] = steps;
  const step = steps.find(({ id }) => id === order.step_id);
  if (!first || !step) throw notFound("step");
  const lead = order.lead_id === null ? null : findLead(tx, order.lead_id);
  if (order.lead_id !== null && !lead) throw notFound("lead");
  const composed = composeStepMail({
    message_id: order.message_id,
    date: ledger.clock.now(),
    step,
    lead: lead ?? { ...NOBODY, email: order.to },
    recipient: order.to,
    inbox,
    // Nothing went out before it: a step without a subject borrows the first one's.
    thread: [],
    first,
    postal_address: ledger.workspace().postal_address,
    keys: ledger.keys,
    // Who looks at a test mail is no lead: its links lead where they say, and nothing of it counts.
    public: null,
  });
  if (composed.ok) {
    const { variant_id, bytes } = composed.content;
    const variant = step.variants.find((one) => String(one.id) === variant_id);
    return { variant_id, bytes, subject: (variant ?? step).subject || first.subject };
  }
  const who = lead ? "this lead" : "nobody";
  const message = `lead_id must name a lead for whom the step can be written; for ${who} it cannot: ${composed.blocked_by}`;
  throw new AppError("invalid_field", message, { field: "lead_id" });
}
