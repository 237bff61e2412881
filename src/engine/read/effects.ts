// The table of domain.md "Inbound mail": what each kind of mail does. Nothing automatic ever answers.
import { heldUntil } from "../../core/absence.ts";
import { formatId } from "../../core/ids.ts";
import { asksForReply } from "../../core/sequence.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listSteps } from "../../resources/campaigns/steps.store.ts";
import { findCampaign } from "../../resources/campaigns/store.ts";
import {
  holdEnrollment,
  pauseEnrollment,
  stopCompany,
  stopEnrollment,
  stopLead,
} from "../../resources/enrollments/actions.ts";
import { listEnrollmentsOfLead } from "../../resources/enrollments/store.ts";
import { record } from "../../resources/events/actions.ts";
import { clearSoftBounces, findLead, setLeadState } from "../../resources/leads/store.ts";
import { subjectOf } from "../../resources/messages/actions.ts";
import { markFailed, type MessageRow } from "../../resources/messages/store.ts";
import { suppress } from "../../resources/suppressions/actions.ts";
import { type Bounce, bounceHard, bounceOfSender, bounceSoft } from "../bounce.ts";
import { goOn, settleSent } from "../send/settle.ts";
import type { Match } from "./match.ts";

/** The reply as it was stored. */
interface StoredReply {
  id: number;
  subject: string;
}

/** Lets a matched mail have its effect, in the caller's transaction. */
export function applyEffect(ledger: Ledger, tx: Tx, match: Match, reply: StoredReply): void {
  const { judgement, message } = match;
  switch (judgement.kind) {
    case "reply":
      settleDoubt(ledger, tx, message);
      replied(ledger, tx, message, reply);
      break;
    case "unsubscribe":
      settleDoubt(ledger, tx, message);
      unsubscribed(ledger, tx, match);
      break;
    case "auto_reply":
      settleDoubt(ledger, tx, message);
      if (judgement.category === "out_of_office")
        holdLead(ledger, tx, message, judgement.return_date);
      break;
    case "hard_bounce":
    case "soft_bounce":
      bounced(ledger, tx, match);
      break;
    case "complaint":
      complained(ledger, tx, match);
      break;
    case "ignore":
      if (judgement.bounce?.action === "delivered") delivered(ledger, tx, message);
      break;
  }
  tellJudgement(ledger, tx, match, reply);
  tx.nudge("send");
}

function tellJudgement(
  ledger: Ledger,
  tx: Tx,
  { judgement, message }: Match,
  reply: StoredReply,
): void {
  const { kind, category, confidence, source, evidence, unsure = null } = judgement;
  record(
    ledger,
    tx,
    {
      event: "reply.classified",
      detail: {
        reply_id: formatId("rpl", reply.id),
        kind,
        category,
        confidence,
        unsure,
        source,
        evidence,
      },
    },
    subjectOf(message),
  );
}

/** Whoever answers a mail has got it: the doubt is settled. */
function settleDoubt(ledger: Ledger, tx: Tx, message: MessageRow): void {
  if (message.state === "uncertain") {
    settleSent(ledger, tx, message, {
      response: "proved by an answer",
      sent_at: message.committed_at ?? tx.now,
    });
  }
  if (message.lead_id !== null) clearSoftBounces(tx, message.lead_id);
}

function replied(ledger: Ledger, tx: Tx, message: MessageRow, reply: StoredReply): void {
  const campaign = message.campaign_id === null ? null : findCampaign(tx, message.campaign_id);
  const goes_on =
    campaign !== null && (!campaign.stop_on_reply || asksForReply(listSteps(tx, campaign.id)));
  for (const enrollment of message.lead_id === null
    ? []
    : listEnrollmentsOfLead(tx, message.lead_id)) {
    if (enrollment.campaign_id !== message.campaign_id)
      pauseEnrollment(ledger, tx, enrollment, { paused_by: "replied_elsewhere" });
    else if (!goes_on) stopEnrollment(ledger, tx, enrollment.id, "replied");
  }
  answered(ledger, tx, message);
  record(
    ledger,
    tx,
    {
      event: "reply.received",
      detail: { reply_id: formatId("rpl", reply.id), subject: reply.subject.slice(0, 200) },
    },
    subjectOf(message),
  );
}

/** Somebody at the company has answered: `stop_for_company` ends the campaign for the others there. */
function answered(ledger: Ledger, tx: Tx, { campaign_id, lead_id }: MessageRow): void {
  if (campaign_id === null || lead_id === null) return;
  if (findCampaign(tx, campaign_id)?.stop_for_company)
    stopCompany(ledger, tx, { campaign_id, lead_id });
}

function unsubscribed(ledger: Ledger, tx: Tx, { message, judgement, matched_by }: Match): void {
  const lead = message.lead_id === null ? null : findLead(tx, message.lead_id);
  if (!lead) return;
  const source = matched_by === "unsubscribe_token" ? "mailto" : "reply";
  suppress(ledger, tx, {
    kind: "address",
    value: lead.email,
    reason: "unsubscribed",
    source,
    evidence: judgement.evidence,
  });
  stopLead(ledger, tx, lead.id, "unsubscribed");
  setLeadState(tx, lead.id, "unsubscribed");
  // Words are an answer of a person; a click in the mail client is not.
  if (matched_by !== "unsubscribe_token") answered(ledger, tx, message);
  record(ledger, tx, { event: "lead.unsubscribed", detail: { source } }, subjectOf(message));
}

function holdLead(ledger: Ledger, tx: Tx, message: MessageRow, return_date: string | null): void {
  if (message.lead_id === null) return;
  for (const enrollment of listEnrollmentsOfLead(tx, message.lead_id)) {
    const until = heldUntil(return_date, tx.now, enrollment.zone);
    holdEnrollment(ledger, tx, enrollment, { until, reason: "out_of_office" });
  }
}

function bounced(ledger: Ledger, tx: Tx, { message, judgement }: Match): void {
  const reading = judgement.bounce;
  const bounce: Bounce = {
    category: reading?.category ?? "unknown",
    enhanced_status: reading?.enhanced_status ?? null,
    diagnostic: reading?.diagnostic ?? null,
  };
  const in_doubt = message.state === "uncertain";
  if (in_doubt) markFailed(tx, message.id, bounce.diagnostic ?? "bounced");
  if (judgement.kind === "hard_bounce") {
    bounceHard(ledger, tx, message, bounce);
    return;
  }
  // The doubt held the lead: now it goes on, as after any mail that went out and came back.
  if (in_doubt) goOn(tx, message, { sent_at: message.committed_at ?? tx.now, counted: true });
  if (reading?.fault === "sender") {
    bounceOfSender(ledger, tx, message, bounce);
    return;
  }
  bounceSoft(ledger, tx, message, bounce);
}

function complained(ledger: Ledger, tx: Tx, { message, judgement }: Match): void {
  const lead = message.lead_id === null ? null : findLead(tx, message.lead_id);
  if (!lead) return;
  suppress(ledger, tx, {
    kind: "address",
    value: lead.email,
    reason: "complained",
    source: "arf",
    evidence: judgement.evidence,
  });
  stopLead(ledger, tx, lead.id, "suppressed");
  setLeadState(tx, lead.id, "complained");
  record(
    ledger,
    tx,
    { event: "complaint.received", detail: { source: "arf" } },
    subjectOf(message),
  );
}

function delivered(ledger: Ledger, tx: Tx, message: MessageRow): void {
  settleDoubt(ledger, tx, message);
  record(ledger, tx, { event: "email.delivered", detail: { evidence: "dsn" } }, subjectOf(message));
}
