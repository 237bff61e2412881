// Transaction 1 of a send: everything is checked again, what will be sent is frozen, the quota is reserved, and the
// message is `claimed` with this boot's id. Invariant 1: what is claimed twice is sent twice, so one transaction
// decides. A kill after it: the next start puts the message back to `queued`, for no dot was written.
import { nextSlot } from "../../core/pace.ts";
import { openUntil } from "../../core/window.ts";
import { localDay } from "../../core/zones.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listSteps, type StepRow } from "../../resources/campaigns/steps.store.ts";
import { type CampaignRow, findCampaign } from "../../resources/campaigns/store.ts";
import { stopEnrollment } from "../../resources/enrollments/actions.ts";
import { noteDecision } from "../../resources/enrollments/decisions.store.ts";
import {
  block,
  complete,
  type EnrollmentRow,
  findEnrollment,
  putOff,
  takeOff,
} from "../../resources/enrollments/store.ts";
import { findInbox, type InboxRow, takeSlot } from "../../resources/inboxes/store.ts";
import { findLead, type LeadRow } from "../../resources/leads/store.ts";
import { reserveQuota } from "../../resources/messages/actions.ts";
import { keepLinks } from "../../resources/messages/links.store.ts";
import {
  claimMessage,
  findMessageOfStep,
  insertClaimed,
  type NewMessage,
  refreezeMessage,
} from "../../resources/messages/store.ts";
import { findSuppression } from "../../resources/suppressions/actions.ts";
import { isSentBefore } from "./adopt.ts";
import { type ComposeStep, composeStep } from "./compose.ts";
import {
  campaignGates,
  enrollmentGates,
  type Gate,
  inboxGates,
  leadGates,
  type Situation,
} from "./gates.ts";
import { planStep } from "./next-step.ts";

const DAY_MS = 86_400_000;

/** A mail that may be handed over. */
export interface ClaimedMail {
  id: number;
  inbox: InboxRow;
  recipient: string;
  bytes: Uint8Array;
}

export type ClaimResult =
  | { result: "claimed"; mail: ClaimedMail }
  /** This lead cannot go now or ever, and has left the due index: try another. */
  | { result: "passed" }
  /** Nothing of this kind can go now. */
  | { result: "closed"; gates: Gate[] };

interface Due {
  enrollment: EnrollmentRow;
  campaign: CampaignRow;
  lead: LeadRow;
  inbox: InboxRow;
  steps: StepRow[];
  step: StepRow;
}

/** Claims the next mail of an enrollment for an inbox. Only a forecast composes in another way: it has no use for words. */
export function claimStep(
  ledger: Ledger,
  enrollment_id: number,
  inbox_id: number,
  compose: ComposeStep = composeStep,
): ClaimResult {
  return ledger.write((tx): ClaimResult => {
    const enrollment = findEnrollment(tx, enrollment_id);
    const inbox = findInbox(tx, inbox_id);
    if (!enrollment || !inbox || enrollmentGates(enrollment, tx.now).length > 0)
      return { result: "passed" };
    const campaign = findCampaign(tx, enrollment.campaign_id);
    const lead = findLead(tx, enrollment.lead_id);
    if (!campaign || !lead) return { result: "passed" };
    const follow_up = enrollment.sent_count > 0;
    const situation: Situation = {
      ledger,
      reading: tx,
      now: tx.now,
      inbox,
      campaign,
      zone: enrollment.zone,
      follow_up,
    };
    const shut = [...inboxGates(inbox, tx.now), ...campaignGates(situation)];
    if (shut.length > 0) return { result: "closed", gates: shut };
    if (findSuppression(ledger, tx, lead.email)) {
      stopEnrollment(ledger, tx, enrollment.id, "suppressed");
      return { result: "passed" };
    }
    const own = leadGates(situation, lead);
    if (own.length > 0) {
      const until = Math.max(...own.map(({ next_at }) => next_at ?? tx.now + DAY_MS));
      block(tx, enrollment.id, { until, by: own.map(({ code }) => code).join(" ") });
      return { result: "passed" };
    }
    const steps = listSteps(tx, campaign.id);
    const step = decideStep(tx, enrollment, steps);
    if (!step) return { result: "passed" };
    const before = { enrollment, inbox_id: inbox.id, step, email: lead.email };
    if (isSentBefore(ledger, tx, before)) return { result: "passed" };
    return freeze(ledger, tx, { enrollment, campaign, lead, inbox, steps, step }, compose);
  });
}

/** The step that is sent now; null where there is none, and the lead has left the due index. */
function decideStep(tx: Tx, enrollment: EnrollmentRow, steps: StepRow[]): StepRow | null {
  const plan = planStep(tx, enrollment, steps);
  for (const decision of plan.decisions)
    noteDecision(tx, { enrollment_id: enrollment.id, ...decision });
  if (plan.plan === "send") return plan.step;
  if (plan.plan === "wait") {
    block(tx, enrollment.id, { until: plan.until, by: "deferred" });
    return null;
  }
  if (plan.plan === "later") {
    putOff(tx, enrollment.id, { step_id: plan.step.id, due_at: plan.due_at });
    return null;
  }
  complete(tx, enrollment.id, {
    message_id: null,
    sent_at: tx.now,
    sent_step_id: 0,
    counted: false,
    ended_by: plan.ended_by,
  });
  return null;
}

function freeze(ledger: Ledger, tx: Tx, due: Due, compose: ComposeStep): ClaimResult {
  const { enrollment, campaign, lead, inbox, step } = due;
  const there = findMessageOfStep(tx, enrollment.id, step.id);
  const id = there?.id ?? tx.id();
  const composed = compose(ledger, tx, { ...due, message_id: id });
  if (!composed.ok) {
    block(tx, enrollment.id, { until: tx.now + 365 * DAY_MS, by: composed.blocked_by });
    return { result: "passed" };
  }
  const message: NewMessage = {
    id,
    kind: "step",
    campaign_id: campaign.id,
    lead_id: lead.id,
    enrollment_id: enrollment.id,
    step_id: step.id,
    inbox_id: inbox.id,
    recipient: lead.email,
    first_of_lead: enrollment.sent_count === 0,
    follow_up: enrollment.sent_count > 0,
    ...composed.content,
    links: keepLinks(tx, composed.content.links),
  };
  const { zone } = ledger.workspace();
  const day = localDay(tx.now, zone);
  const window_until = openUntil(campaign.send_window, tx.now, {
    lead: enrollment.zone,
    day: zone,
  });
  const claim = { boot_id: ledger.boot_id, quota_day: day, window_until };
  if (there) {
    refreezeMessage(tx, message);
    claimMessage(tx, id, claim);
  } else insertClaimed(tx, message, claim);
  reserveQuota(ledger, tx, day, message);
  takeOff(tx, enrollment.id, { message_id: id, inbox_id: inbox.id, step_id: step.id });
  takeSlot(tx, inbox.id, nextSlot(tx.now, inbox.min_gap_seconds, ledger.random.next()));
  return { result: "claimed", mail: { id, inbox, recipient: lead.email, bytes: message.bytes } };
}
