// Whose message does a mail answer? The ladder of domain.md "Inbound mail": our token, our ids, the sender, the company.
// A report counts only if it names a Message-ID that we issued to that very recipient (I6), and words only if they come
// from whom they were sent to (I7, I10): from anybody else an id of ours is a hint and no more.
import { companyDomain, parseAddress } from "../../core/address.ts";
import { type CalendarReading, readCalendar } from "../../core/calendar.ts";
import { judgeMail, type Judgement } from "../../core/classify.ts";
import { parseId } from "../../core/ids.ts";
import { headerValues, type ParsedMail } from "../../core/inbound.ts";
import { isSameMailbox } from "../../core/same-mailbox.ts";
import {
  baseSubject,
  readMessageId,
  readUnsubscribeAddress,
  readUnsubscribeSubject,
} from "../../core/threading.ts";
import type { Verdict } from "../../core/verdict.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import { isOwnAddress } from "../../resources/inboxes/used.store.ts";
import { findLead, findLeadByEmail } from "../../resources/leads/store.ts";
import { findAlias } from "../../resources/messages/aliases.store.ts";
import { findLastMailTo, listMailsToCompany } from "../../resources/messages/due.store.ts";
import { findMessage, type MessageRow } from "../../resources/messages/store.ts";

const DAY_MS = 86_400_000;
const REPORT_DAYS = 14;
/** So long after a mail its lead, or somebody of its company, may write without naming it. */
export const SENDER_DAYS = 90;
/** The server's clock and ours may differ: an answer may seem to come a little before its question. */
const CLOCK_SLACK_MS = 10 * 60_000;

/**
 * How a mail found its message. `possible`: it names a message of ours and comes from another address. `related`: the
 * same subject from the same company. `by_hand`: a person said so.
 */
export type MatchedBy =
  "message_id" | "unsubscribe_token" | "sender" | "report" | "possible" | "related";

export interface Match {
  matched_by: MatchedBy;
  message: MessageRow;
  judgement: Verdict;
  /** Whom it comes from. */
  sender: string;
  /** Another lead's message that the mail names: that lead is a possible reply. */
  aside: MessageRow | null;
  /** What its calendar part says. */
  calendar: CalendarReading | null;
}

export interface Arrival {
  inbox: InboxRow;
  mail: ParsedMail;
  received_at: number;
}

/** How a mail is judged that came into this inbox. */
export function judgeArrival(
  ledger: Ledger,
  { inbox, mail, received_at }: Arrival,
  recipient?: string,
): Judgement {
  return judgeMail(mail, {
    own_addresses: [inbox.email],
    secret: ledger.keys.token,
    received_at,
    ...(recipient === undefined ? {} : { recipient }),
  });
}

/** The match, or null: a mail that is no lead's, of which at most the envelope is kept (untracked.ts). */
export function matchMail(ledger: Ledger, arrival: Arrival): Match | null {
  if (isOwnMail(ledger, arrival)) return null;
  const judgement = judgeArrival(ledger, arrival);
  if (
    judgement.bounce !== null ||
    judgement.kind === "complaint" ||
    judgement.original_message_ids.length > 0
  )
    return matchReport(ledger, arrival, judgement);
  const calendar = readCalendar(arrival.mail);
  const verdict = withCalendar(judgement, calendar);
  if (isBounce(judgement) || (verdict.kind === "ignore" && calendar === null)) return null;
  const found = byToken(ledger, arrival.mail) ?? byThread(ledger, arrival);
  const match = found ?? bySender(ledger, arrival) ?? byCompany(ledger, arrival);
  if (!match || !isKnownPerson(ledger, match.message)) return null;
  const sender = arrival.mail.from?.address ?? "";
  return { aside: null, ...match, judgement: verdict, calendar, sender };
}

/** Calendars send by themselves: an answer or a cancellation is no letter, an invitation is a person's wish to meet. */
function withCalendar(judgement: Verdict, calendar: CalendarReading | null): Verdict {
  const is_letter = judgement.kind === "reply" || judgement.kind === "auto_reply";
  if (calendar === null || calendar.method === "other" || !is_letter) return judgement;
  const invites = calendar.method === "request" || calendar.method === "counter";
  return {
    ...judgement,
    kind: invites ? "reply" : "ignore",
    category: invites ? "meeting_requested" : null,
    source: "header",
    evidence: `text/calendar METHOD: ${calendar.method} ${calendar.partstat ?? ""}`.trim(),
  };
}

/** A bounce without a Message-ID of ours suppresses nothing. */
const isBounce = ({ kind }: Judgement) => kind === "hard_bounce" || kind === "soft_bounce";

/** Whoever was erased is no lead any more: nothing of what they write is kept (Invariant 8). */
const isKnownPerson = (ledger: Ledger, { lead_id }: MessageRow) =>
  lead_id !== null && findLead(ledger, lead_id) !== null;

/**
 * Ours, come back (I9): from this inbox itself, with our header, or under an id of ours. Another inbox of ours is a
 * stranger only where it is a lead of this one, as people have it who try the product on themselves.
 */
export function isOwnMail(ledger: Ledger, { inbox, mail }: Arrival): boolean {
  const from = mail.from?.address.toLowerCase() ?? "";
  if (from === inbox.email || bearsOurMark(ledger, mail)) return true;
  if (!isOwnAddress(ledger, from)) return false;
  const lead = findLeadByEmail(ledger, from);
  return lead === null || findLastMailTo(ledger, placeOf(ledger, lead.id, inbox.id)) === null;
}

/** Was this mail made here? By our header, which names a message that went out, or by a Message-ID that only we can make. */
export function bearsOurMark(ledger: Ledger, mail: ParsedMail): boolean {
  const names = headerValues(mail, "x-imail-id").slice(0, 5);
  const ids = names.map((value) => parseId("msg", value.trim()));
  if (ids.some((id) => id !== null && (findMessage(ledger, id)?.committed_at ?? null) !== null))
    return true;
  const known = [mail.message_id, headerValues(mail, "x-microsoft-original-message-id")[0] ?? null];
  return known.some((id) => id !== null && findOurs(ledger, id.trim()) !== null);
}

type Found = Pick<Match, "matched_by" | "message"> & { aside?: MessageRow };

function matchReport(ledger: Ledger, arrival: Arrival, judgement: Judgement): Match | null {
  const message = findReported(ledger, judgement, arrival.received_at);
  // A step that was sent to its author counts nowhere, whatever became of it.
  if (!message || message.kind === "test") return null;
  const about = judgeArrival(ledger, arrival, message.recipient);
  const named = about.bounce?.recipient ?? null;
  if (about.bounce !== null && (named === null || !isSameMailbox(named, message.recipient)))
    return null;
  const sender = arrival.mail.from?.address ?? "";
  return { matched_by: "report", message, judgement: about, aside: null, calendar: null, sender };
}

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

/** Before the ids: a token acts for its lead, whoever sends it: nobody can guess one, and mail clients write from where they like. */
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

/** By the ids that the mail names. From another address it is a possible reply, or one of a lead who answers in another's thread. */
function byThread(ledger: Ledger, arrival: Arrival): Found | null {
  const { mail } = arrival;
  let other: MessageRow | null = null;
  for (const id of [...mail.in_reply_to, ...mail.references.toReversed()]) {
    const message = findOurs(ledger, id);
    if (!message || message.lead_id === null) continue;
    if (mail.from && isSameMailbox(mail.from.address, message.recipient))
      return { matched_by: "message_id", message };
    other ??= message;
  }
  if (!other) return null;
  const own = bySender(ledger, arrival);
  if (!own) return { matched_by: "possible", message: other };
  return own.message.lead_id === other.lead_id ? own : { ...own, aside: other };
}

const placeOf = (ledger: Ledger, lead_id: number, inbox_id: number) => ({
  lead_id,
  inbox_id,
  since: ledger.clock.now() - SENDER_DAYS * DAY_MS,
});

function bySender(ledger: Ledger, { inbox, mail, received_at }: Arrival): Found | null {
  const lead = mail.from === null ? null : findLeadByEmail(ledger, mail.from.address.toLowerCase());
  const message = lead && findLastMailTo(ledger, placeOf(ledger, lead.id, inbox.id));
  return message && isAfter(message, received_at) ? { matched_by: "sender", message } : null;
}

const isAfter = ({ committed_at }: MessageRow, received_at: number) =>
  committed_at !== null && received_at >= committed_at - CLOCK_SLACK_MS;

/** Somebody else of the company, under the same subject. Neighbours at a public mail domain are strangers. */
function byCompany(ledger: Ledger, { inbox, mail, received_at }: Arrival): Found | null {
  const address = parseAddress(mail.from?.address ?? "");
  const company_domain = address === null ? null : companyDomain(address);
  const subject = threadSubject(mail.subject);
  if (company_domain === null || subject === "") return null;
  const since = ledger.clock.now() - SENDER_DAYS * DAY_MS;
  const mails = listMailsToCompany(ledger, { company_domain, inbox_id: inbox.id, since });
  const message = mails.find(
    (one) => threadSubject(one.subject) === subject && isAfter(one, received_at),
  );
  return message ? { matched_by: "related", message } : null;
}

const threadSubject = (subject: string) => baseSubject(subject.slice(0, 998)).toLowerCase();

/** A message of this ledger that one of its Message-IDs names. */
function findOurs(ledger: Ledger, header_id: string): MessageRow | null {
  const id = readMessageId(header_id, ledger.keys.message_id) ?? findAlias(ledger, header_id);
  const message = id === null ? null : findMessage(ledger, id);
  return message?.committed_at ? message : null;
}

/** Somebody else's opt-out is a reply to look at; what may be no answer of the lead's is not given a meaning (I7). */
export function shownVerdict({ matched_by, judgement }: Match): Verdict {
  const { kind } = judgement;
  if (matched_by === "related" && kind === "unsubscribe") return { ...judgement, kind: "reply" };
  if (matched_by !== "possible" || (kind !== "reply" && kind !== "unsubscribe")) return judgement;
  return { ...judgement, kind: "reply", category: null };
}
