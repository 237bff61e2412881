// The table of domain.md "Inbound mail": what each kind of mail does. Nothing automatic ever answers.
import { heldUntil } from "../../core/absence.ts";
import { companyDomain, parseAddress } from "../../core/address.ts";
import type { CalendarReading } from "../../core/calendar.ts";
import { formatId } from "../../core/ids.ts";
import { asksForReply } from "../../core/sequence.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listSteps } from "../../resources/campaigns/steps.store.ts";
import { findCampaign } from "../../resources/campaigns/store.ts";
import {
  answeredIn,
  holdEnrollment,
  pauseEnrollment,
  stopCompany,
  stopEnrollment,
  stopLead,
} from "../../resources/enrollments/actions.ts";
import { findEnrollmentOf, listEnrollmentsOfLead } from "../../resources/enrollments/store.ts";
import { record } from "../../resources/events/actions.ts";
import { followMeaning, raiseStatus } from "../../resources/leads/actions.ts";
import { clearSoftBounces, findLead } from "../../resources/leads/store.ts";
import { type CalendarWord, recordCalendar } from "../../resources/meetings/actions.ts";
import { subjectOf } from "../../resources/messages/actions.ts";
import { markFailed, type MessageRow } from "../../resources/messages/store.ts";
import { suppress } from "../../resources/suppressions/actions.ts";
import { type Bounce, bounceHard, bounceOfSender, bounceSoft } from "../bounce.ts";
import { noteDelivered } from "../delivered.ts";
import { goOn, settleSent } from "../send/settle.ts";
import { type Match, shownVerdict } from "./match.ts";

/** The reply as it was stored. */
interface StoredReply {
  id: number;
  subject: string;
}

/** Lets a matched mail have its effect, in the caller's transaction. */
export function applyEffect(ledger: Ledger, tx: Tx, match: Match, reply: StoredReply): void {
  if (match.matched_by === "possible") suspect(ledger, tx, match);
  else if (match.matched_by === "related") relate(ledger, tx, match);
  else takeEffect(ledger, tx, match, reply);
  if (match.aside && isHuman(match)) pauseLead(ledger, tx, match.aside);
  tellJudgement(ledger, tx, match, reply);
  tx.nudge("send");
}

function takeEffect(ledger: Ledger, tx: Tx, match: Match, reply: StoredReply): void {
  const { judgement, message } = match;
  switch (judgement.kind) {
    case "reply":
      settleDoubt(ledger, tx, message);
      replied(ledger, tx, match, reply);
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
  noteCalendar(ledger, tx, match);
}

const isHuman = ({ judgement: { kind } }: Match) => kind === "reply" || kind === "unsubscribe";

/**
 * It names a mail of ours and comes from another address (I7): a colleague, another mailbox of the lead, or somebody who
 * got it from them. The lead is left alone until a person has looked, and nothing is counted.
 */
function suspect(ledger: Ledger, tx: Tx, match: Match): void {
  const { judgement, message } = match;
  settleDoubt(ledger, tx, message);
  // Servers answer from the address behind an alias: who is away is away.
  if (judgement.kind === "auto_reply" && judgement.category === "out_of_office")
    holdLead(ledger, tx, message, judgement.return_date);
  if (!isHuman(match)) return;
  const lead = message.lead_id === null ? null : findLead(tx, message.lead_id);
  const company = lead && companyDomain(lead.email);
  const sender = parseAddress(match.sender);
  if (company !== null && sender !== null && companyDomain(sender) === company)
    relate(ledger, tx, match);
  pauseLead(ledger, tx, message);
}

/** Somebody else at the company: only `stop_for_company` makes that the answer of all. */
function relate(ledger: Ledger, tx: Tx, match: Match): void {
  const { campaign_id, lead_id } = match.message;
  if (!isHuman(match) || campaign_id === null || lead_id === null) return;
  if (findCampaign(tx, campaign_id)?.stop_for_company !== true) return;
  const enrollment = findEnrollmentOf(tx, campaign_id, lead_id);
  if (enrollment) stopEnrollment(ledger, tx, enrollment.id, "company_replied");
  stopCompany(ledger, tx, { campaign_id, lead_id });
}

function pauseLead(ledger: Ledger, tx: Tx, { lead_id }: MessageRow): void {
  if (lead_id === null) return;
  for (const enrollment of listEnrollmentsOfLead(tx, lead_id))
    pauseEnrollment(ledger, tx, enrollment, { paused_by: "possible_reply" });
}

/** What the lead's calendar says of an invitation. Whose it is must be sure: a calendar part is easily made. */
function noteCalendar(
  ledger: Ledger,
  tx: Tx,
  { matched_by, message, calendar, judgement }: Match,
): void {
  const is_sure = matched_by === "message_id" || matched_by === "sender";
  if (!is_sure || judgement.kind === "unsubscribe" || !calendar?.uid || message.lead_id === null)
    return;
  const says = calendarWord(calendar);
  if (says === null) return;
  const starts_at = calendar.start?.endsWith("Z") === true ? Date.parse(calendar.start) : null;
  recordCalendar(ledger, tx, { lead_id: message.lead_id, uid: calendar.uid, says, starts_at });
}

function calendarWord({ method, partstat }: CalendarReading): CalendarWord["says"] | null {
  if (method === "cancel") return "cancelled";
  if (method !== "reply") return null;
  return partstat === "accepted" || partstat === "declined" ? partstat : null;
}

function tellJudgement(ledger: Ledger, tx: Tx, match: Match, reply: StoredReply): void {
  const { kind, category, confidence, source, evidence, unsure = null } = shownVerdict(match);
  const reply_id = formatId("rpl", reply.id);
  const detail = { reply_id, kind, category, confidence, unsure, source, evidence };
  record(ledger, tx, { event: "reply.classified", detail }, subjectOf(match.message));
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
  noteDelivered(ledger, tx, message, "engaged");
}

function replied(ledger: Ledger, tx: Tx, { message, judgement }: Match, reply: StoredReply): void {
  const campaign = message.campaign_id === null ? null : findCampaign(tx, message.campaign_id);
  const goes_on =
    campaign !== null && (!campaign.stop_on_reply || asksForReply(listSteps(tx, campaign.id)));
  if (message.lead_id !== null) {
    answeredIn(ledger, tx, message.lead_id, { campaign_id: message.campaign_id, goes_on });
    const { category, unsure = false } = judgement;
    followMeaning(tx, message.lead_id, { category, by: "machine", unsure });
  }
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
  const added = suppress(ledger, tx, {
    kind: "address",
    value: lead.email,
    reason: "unsubscribed",
    source,
    evidence: judgement.evidence,
  });
  stopLead(ledger, tx, lead.id, "unsubscribed");
  raiseStatus(tx, lead, "unsubscribed");
  // Words are an answer of a person; a click in the mail client is not.
  if (matched_by !== "unsubscribe_token") answered(ledger, tx, message);
  // Who asks twice is one who left.
  if (added === "kept") return;
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
  raiseStatus(tx, lead, "complained");
  record(
    ledger,
    tx,
    { event: "complaint.received", detail: { source: "arf" } },
    subjectOf(message),
  );
}

function delivered(ledger: Ledger, tx: Tx, message: MessageRow): void {
  // Before the doubt: the report is the better proof.
  if (message.state !== "uncertain") noteDelivered(ledger, tx, message, "dsn");
  settleDoubt(ledger, tx, message);
}
