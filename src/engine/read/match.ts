// Whose message does a mail answer? The ladder of domain.md "Inbound mail": our ids, our unsubscribe token, then the
// sender. A report counts only if it names a Message-ID that we issued to that very recipient (I6).
import { judgeMail, type Judgement } from "../../core/classify.ts";
import type { ParsedMail } from "../../core/inbound.ts";
import {
  readMessageId,
  readUnsubscribeAddress,
  readUnsubscribeSubject,
} from "../../core/threading.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import { findLeadByEmail } from "../../resources/leads/store.ts";
import { findAlias } from "../../resources/messages/aliases.store.ts";
import { findLastMailTo } from "../../resources/messages/due.store.ts";
import { findMessage, type MessageRow } from "../../resources/messages/store.ts";

const DAY_MS = 86_400_000;
const REPORT_DAYS = 14;
const SENDER_DAYS = 90;
/** The server's clock and ours may differ: an answer may seem to come a little before its question. */
const CLOCK_SLACK_MS = 10 * 60_000;

export type MatchedBy = "message_id" | "unsubscribe_token" | "sender" | "report";

export interface Match {
  matched_by: MatchedBy;
  message: MessageRow;
  judgement: Judgement;
}

interface Arrival {
  inbox: InboxRow;
  mail: ParsedMail;
  received_at: number;
}

/** The match, or null: somebody's private mail, which is never stored. */
export function matchMail(ledger: Ledger, arrival: Arrival): Match | null {
  const { inbox, mail, received_at } = arrival;
  const context = { own_addresses: [inbox.email], secret: ledger.keys.token, received_at };
  const judgement = judgeMail(mail, context);
  if (
    judgement.bounce !== null ||
    judgement.kind === "complaint" ||
    judgement.original_message_ids.length > 0
  ) {
    const message = findReported(ledger, judgement, received_at);
    // A step that was sent to its author counts nowhere, whatever became of it.
    if (!message || message.kind === "test") return null;
    const about = judgeMail(mail, { ...context, recipient: message.recipient });
    const named = about.bounce?.recipient?.toLowerCase() ?? null;
    if (about.bounce !== null && named !== null && named !== message.recipient) return null;
    return { matched_by: "report", message, judgement: about };
  }
  if (judgement.kind === "ignore" || isBounce(judgement)) return null;
  const found = byToken(ledger, mail) ?? byMessageId(ledger, mail) ?? bySender(ledger, arrival);
  return found && found.message.lead_id !== null ? { ...found, judgement } : null;
}

/** A bounce without a Message-ID of ours suppresses nothing. */
const isBounce = ({ kind }: Judgement) => kind === "hard_bounce" || kind === "soft_bounce";

type Found = Omit<Match, "judgement">;

function findReported(
  ledger: Ledger,
  judgement: Judgement,
  received_at: number,
): MessageRow | null {
  for (const id of judgement.original_message_ids) {
    const message = findOurs(ledger, id);
    if (message?.committed_at && received_at - message.committed_at <= REPORT_DAYS * DAY_MS)
      return message;
  }
  return null;
}

function byToken(ledger: Ledger, mail: ParsedMail): Found | null {
  const secret = ledger.keys.token;
  const ids = [
    ...mail.to.map((address) => readUnsubscribeAddress(address, secret)),
    readUnsubscribeSubject(mail.subject, secret),
  ];
  const id = ids.find((one) => one !== null) ?? null;
  const message = id === null ? null : findMessage(ledger, id);
  return message ? { matched_by: "unsubscribe_token", message } : null;
}

function byMessageId(ledger: Ledger, mail: ParsedMail): Found | null {
  for (const id of [...mail.in_reply_to, ...mail.references.toReversed()]) {
    const message = findOurs(ledger, id);
    if (message) return { matched_by: "message_id", message };
  }
  return null;
}

function bySender(ledger: Ledger, { inbox, mail, received_at }: Arrival): Found | null {
  const lead = mail.from === null ? null : findLeadByEmail(ledger, mail.from.address.toLowerCase());
  if (!lead) return null;
  const since = ledger.clock.now() - SENDER_DAYS * DAY_MS;
  const message = findLastMailTo(ledger, { lead_id: lead.id, inbox_id: inbox.id, since });
  if (!message?.committed_at || received_at < message.committed_at - CLOCK_SLACK_MS) return null;
  return { matched_by: "sender", message };
}

/** A message of this ledger that one of its Message-IDs names. */
function findOurs(ledger: Ledger, header_id: string): MessageRow | null {
  const id = readMessageId(header_id, ledger.keys.message_id) ?? findAlias(ledger, header_id);
  const message = id === null ? null : findMessage(ledger, id);
  return message?.committed_at ? message : null;
}
