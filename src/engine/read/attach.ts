// A person says whose answer a mail is: from then on it has the effect that it would have had by itself, once.
import { AppError, notFound } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import type { OpenedMail } from "../../core/opened-mail.ts";
import { findOptOut } from "../../core/opt-out.ts";
import type { Verdict } from "../../core/verdict.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findLead } from "../../resources/leads/store.ts";
import { findNewestMailTo } from "../../resources/messages/due.store.ts";
import { findMessage, type MessageRow } from "../../resources/messages/store.ts";
import { attach, findReply, type PlacedReply } from "../../resources/replies/store.ts";
import { applyEffect } from "./effects.ts";

/** Whose answer it is: a lead's, then that to its newest mail, or that to one mail. */
export type Whose = { lead_id: number } | { message_id: number };

/**
 * Attaches a reply that matched nobody for sure. With what was opened of an untracked one its words are kept and read.
 * The message that it answers now. Throws `not_found`; `wrong_state` for a reply that is somebody's already, and for a
 * lead that was never mailed.
 */
export function attachReply(
  ledger: Ledger,
  tx: Tx,
  reply_id: number,
  { whose, opened = null }: { whose: Whose; opened?: OpenedMail | null },
): MessageRow {
  const reply = findReply(tx, reply_id);
  if (!reply) throw notFound("reply");
  const message = messageOf(tx, whose);
  if (!["untracked", "possible", "related"].includes(reply.matched_by)) {
    if (reply.lead_id === message.lead_id) return message;
    throw new AppError("wrong_state", "The reply belongs to a lead already.", {
      conflict: reply.lead_id === null ? {} : { lead_id: formatId("lead", reply.lead_id) },
    });
  }
  const text = opened?.text ?? reply.text;
  const judgement = judgeAgain(reply, text);
  const { kind, category, evidence } = judgement;
  const { lead_id, campaign_id } = message;
  attach(tx, reply_id, {
    kind,
    category,
    evidence,
    text,
    lead_id,
    campaign_id,
    message_id: message.id,
  });
  applyEffect(
    ledger,
    tx,
    {
      matched_by: "by_hand",
      message,
      judgement,
      sender: reply.sender,
      aside: null,
      calendar: null,
    },
    { id: reply_id, subject: reply.subject },
  );
  return message;
}

function messageOf(tx: Tx, whose: Whose): MessageRow {
  const message =
    "message_id" in whose ? findMessage(tx, whose.message_id) : findNewestMailTo(tx, whose.lead_id);
  const lead_id = "lead_id" in whose ? whose.lead_id : (message?.lead_id ?? null);
  if (lead_id === null || !findLead(tx, lead_id)) throw notFound("lead");
  if (message === null || message.committed_at === null)
    throw new AppError("wrong_state", "Nothing was sent to this lead that this could answer.");
  return message;
}

/** What it is as this lead's own word: an opt-out counts now. */
function judgeAgain(reply: PlacedReply, text: string): Verdict {
  const said = reply.kind === "reply" ? findOptOut(text, reply.subject) : null;
  const asks =
    said !== null || (reply.kind === "reply" && reply.category === "unsubscribe_request");
  return {
    kind: asks ? "unsubscribe" : reply.kind,
    category: asks ? "unsubscribe_request" : reply.category,
    confidence: said?.confidence ?? reply.confidence ?? 1,
    source: reply.source === "header" ? "header" : "rule",
    evidence: said?.evidence.slice(0, 200) ?? reply.evidence,
    return_date: reply.return_date,
    bounce: null,
  };
}
