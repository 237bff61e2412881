// A person's word on a reply: what it means, whose it is. It has the effect that the mail would have had, in one transaction;
// what it cannot take back (an opt-out, a stop) stays, for nothing starts again by itself.

import { AppError, notFound } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import { invalidField } from "../../core/issues.ts";
import { statusAfter } from "../../core/lead-status.ts";
import type { OpenedMail } from "../../core/opened-mail.ts";
import { findOptOut } from "../../core/opt-out.ts";
import { type Category, kindOf } from "../../core/reply-categories.ts";
import type { ReplyChange } from "../../core/reply-change.ts";
import { asksForReply } from "../../core/sequence.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listSteps } from "../campaigns/steps.store.ts";
import { findCampaign } from "../campaigns/store.ts";
import { answeredIn, stopLead } from "../enrollments/actions.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { findLead, setLeadState } from "../leads/store.ts";
import { subjectOf } from "../messages/actions.ts";
import { findLastMailTo } from "../messages/due.store.ts";
import { findMessage, type MessageRow } from "../messages/store.ts";
import { suppress } from "../suppressions/actions.ts";
import { learn } from "./learn.ts";
import {
  attachToLead,
  findKept,
  findLastMeaning,
  type KeptReply,
  setCategory,
  setRead,
} from "./store.ts";

/** Changes what is named. Throws `not_found`, `wrong_state`, `invalid_field`. */
export function changeReply(ledger: Ledger, id: number, change: ReplyChange): void {
  ledger.write((tx) => {
    const reply = getReply(tx, id);
    if (change.attach) attach(ledger, tx, reply, { ...change, ...change.attach });
    if (change.category)
      correct(ledger, tx, getReply(tx, id), { ...change, category: change.category });
    if (change.read !== null) setRead(tx, id, change.read);
    tx.nudge("send");
  });
}

function getReply(tx: Tx, id: number): KeptReply {
  const reply = findKept(tx, id);
  if (!reply) throw notFound("reply");
  return reply;
}

interface Attachment {
  lead_id: number | null;
  message_id: number | null;
  opened: OpenedMail | null;
  by: string;
}

/** From now on the mail is the lead's, and does what it would have done. */
function attach(ledger: Ledger, tx: Tx, reply: KeptReply, wish: Attachment): void {
  const { lead_id, message } = readAim(tx, reply, wish);
  // Whose answer it may be is said now: that is news, though the lead be the same.
  const is_open = reply.matched_by === "possible" || reply.matched_by === "related";
  if (reply.lead_id === lead_id && !is_open) return;
  const campaign_id = message?.campaign_id ?? null;
  const to = { lead_id, campaign_id, message_id: message?.id ?? null, by: wish.by };
  const text = wish.opened?.text ?? (is_open ? reply.text : null);
  if (!attachToLead(tx, reply.id, { ...to, text })) {
    const words =
      "The mail belongs to another lead already: only an untracked one can be attached.";
    throw new AppError("wrong_state", words);
  }
  // Now that its words are there: whoever asks for no more mail is heard, whatever else the mail is.
  const opt_out = text === null ? null : findOptOut(text, reply.subject);
  const kept = getReply(tx, reply.id);
  if (opt_out !== null || kept.kind === "unsubscribe") {
    setCategory(tx, reply.id, {
      kind: "unsubscribe",
      category: "unsubscribe_request",
      by: wish.by,
    });
    unsubscribed(ledger, tx, kept, opt_out?.evidence ?? null);
  } else if (kept.kind === "reply") answered(ledger, tx, kept);
  followMeaning(tx, lead_id);
}

/** The lead and the mail that are meant. */
function readAim(
  tx: Tx,
  reply: KeptReply,
  { lead_id: named, message_id }: Attachment,
): { lead_id: number; message: MessageRow | null } {
  const message = message_id === null ? null : findMessage(tx, message_id);
  if (
    message_id !== null &&
    (!message || message.lead_id === null || message.committed_at === null)
  )
    throw invalidField("message_id", "message_id names no mail that went out to a lead");
  const lead_id = named ?? message?.lead_id ?? 0;
  if (!findLead(tx, lead_id))
    throw invalidField("lead_id", "lead_id names no lead of this workspace and mode");
  if (message && message.lead_id !== lead_id)
    throw invalidField("message_id", "message_id names a mail to another lead");
  const place = { lead_id, inbox_id: reply.inbox_id, since: 0 };
  return { lead_id, message: message ?? findLastMailTo(tx, place) };
}

interface Correction {
  category: Category;
  by: string;
}

const CORRECTED: ReadonlySet<KeptReply["kind"]> = new Set([
  "reply",
  "auto_reply",
  "unsubscribe",
  "ignore",
]);

function correct(ledger: Ledger, tx: Tx, reply: KeptReply, { category, by }: Correction): void {
  if (reply.lead_id === null)
    throw new AppError("wrong_state", "The mail belongs to no lead: attach it to one first.");
  if (!CORRECTED.has(reply.kind)) {
    const words = `This is a ${reply.kind.replace("_", " ")}, which its codes say and not its words: it has no category.`;
    throw new AppError("wrong_state", words);
  }
  if ((reply.person_category ?? reply.category) === category) return;
  const kind = kindOf(category);
  setCategory(tx, reply.id, { kind, category, by });
  if (kind === "unsubscribe") unsubscribed(ledger, tx, reply, null);
  else if (kind === "reply" && reply.kind !== "reply" && reply.kind !== "unsubscribe")
    answered(ledger, tx, reply);
  followMeaning(tx, reply.lead_id);
  const detail = {
    reply_id: formatId("rpl", reply.id),
    kind,
    category,
    confidence: 1,
    unsure: null,
    source: "person",
    evidence: null,
    by,
  };
  record(ledger, tx, { event: "reply.classified", detail }, subjectOfReply(tx, reply));
  learn(ledger, tx, { reply_id: reply.id, text: reply.text, subject: reply.subject, category });
}

/** A person has answered: the sequence stops. */
function answered(ledger: Ledger, tx: Tx, reply: KeptReply): void {
  if (reply.lead_id === null) return;
  const campaign = reply.campaign_id === null ? null : findCampaign(tx, reply.campaign_id);
  const goes_on =
    campaign !== null && (!campaign.stop_on_reply || asksForReply(listSteps(tx, campaign.id)));
  answeredIn(ledger, tx, reply.lead_id, { campaign_id: reply.campaign_id, goes_on });
  const detail = { reply_id: formatId("rpl", reply.id), subject: reply.subject.slice(0, 200) };
  record(ledger, tx, { event: "reply.received", detail }, subjectOfReply(tx, reply));
}

function unsubscribed(ledger: Ledger, tx: Tx, reply: KeptReply, evidence: string | null): void {
  const lead = reply.lead_id === null ? null : findLead(tx, reply.lead_id);
  if (!lead) return;
  const order = { kind: "address", value: lead.email, reason: "unsubscribed" } as const;
  suppress(ledger, tx, {
    ...order,
    source: "person",
    evidence: evidence ?? reply.text.slice(0, 200),
  });
  stopLead(ledger, tx, lead.id, "unsubscribed");
  if (lead.state === "unsubscribed") return;
  setLeadState(tx, lead.id, "unsubscribed");
  const event = { event: "lead.unsubscribed" as const, detail: { source: "person" } };
  record(ledger, tx, event, subjectOfReply(tx, reply));
}

/** The lead is what its newest answer means, and a person says what that is. */
function followMeaning(tx: Tx, lead_id: number): void {
  const lead = findLead(tx, lead_id);
  if (!lead) return;
  const state = statusAfter(lead.state, { category: findLastMeaning(tx, lead_id), by: "person" });
  if (state !== lead.state) setLeadState(tx, lead_id, state);
}

function subjectOfReply(tx: Tx, reply: KeptReply) {
  const kept = findKept(tx, reply.id) ?? reply;
  const message = kept.message_id === null ? null : findMessage(tx, kept.message_id);
  if (message) return subjectOf(message);
  const { lead_id, campaign_id, inbox_id } = kept;
  return { ...NO_SUBJECT, lead_id, campaign_id, inbox_id };
}
