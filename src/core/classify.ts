// What an inbound mail is, in the order of domain.md "Inbound mail": bounces carry `auto-replied` too,
// so reports come before automatic mail, and automatic mail before any word of a person is read.
import { AUTO_SUBJECTS, AWAY_SUBJECTS, AWAY_WORDS } from "./auto-words.ts";
import type { BounceCategory } from "./bounce-words.ts";
import {
  type Dsn,
  type DsnAction,
  type DsnRecipient,
  isFromDaemon,
  isNullPath,
  judgeStatus,
  readDsn,
} from "./dsn.ts";
import { readFeedback } from "./feedback.ts";
import { findPhrase, foldWords } from "./fold-words.ts";
import { headerValues, type ParsedMail } from "./inbound.ts";
import type { Meaning, MeaningSource } from "./meaning.ts";
import { findOptOut } from "./opt-out.ts";
import { newText } from "./reply-text.ts";
import { findReturnDate } from "./return-date.ts";
import { shownEvidence } from "./shown-evidence.ts";
import { readUnsubscribeAddress, readUnsubscribeSubject } from "./threading.ts";

export type ReplyKind =
  "reply" | "auto_reply" | "hard_bounce" | "soft_bounce" | "complaint" | "unsubscribe" | "ignore";

export type JudgedCategory = "out_of_office" | "auto_reply" | "unsubscribe_request";

/** What a delivery report says of one recipient. `delayed` and `delivered` come with kind `ignore`. */
export interface BounceReading {
  form: Dsn["form"];
  action: DsnAction;
  recipient: string | null;
  fault: "mailbox" | "sender" | "transient" | null;
  category: BounceCategory | null;
  enhanced_status: string | null;
  diagnostic: string | null;
}

export interface Judgement {
  kind: ReplyKind;
  /** Of a person's reply: what it means, once that is judged (meaning.ts). */
  category: JudgedCategory | Meaning | null;
  /** 0 to 1. */
  confidence: number;
  source: "header" | MeaningSource;
  /** Of a person's reply: the category is the best of several. */
  unsure?: boolean;
  /** Of a person's reply: where the evidence stands in its new text, in UTF-16 units. */
  evidence_span?: { start: number; end: number } | null;
  /** The header, code or words that decided, at most 200 characters. */
  evidence: string | null;
  /** `YYYY-MM-DD`, of an out-of-office only. */
  return_date: string | null;
  bounce: BounceReading | null;
  /** Of bounces and complaints: ids of the mail they are about. Nothing has an effect before one of them is ours (I6). */
  original_message_ids: string[];
}

export interface JudgeContext {
  /** Addresses of our own inboxes: their mail is never judged. */
  own_addresses?: readonly string[];
  /** Whom a report must be about, if it names several. */
  recipient?: string;
  /** The secret of unsubscribe addresses and subjects. */
  secret?: Uint8Array;
  /** When it came in, ms UTC, for dates without a year; else the mail's own date. */
  received_at?: number;
}

/** What a mail is and what proves it. Pure: whether it belongs to a lead is asked by the matching ladder. */
export function judgeMail(mail: ParsedMail, context: JudgeContext = {}): Judgement {
  const from = mail.from?.address.toLowerCase() ?? "";
  if (context.own_addresses?.some((own) => own.toLowerCase() === from) === true) {
    return judged("ignore", null, "header", `From: ${from}`);
  }
  return (
    judgeReport(mail, context) ??
    judgeUnsubscribeToken(mail, context) ??
    judgeAutomatic(mail, context) ??
    judgeHuman(mail)
  );
}

function judgeReport(mail: ParsedMail, context: JudgeContext): Judgement | null {
  const feedback = readFeedback(mail);
  if (feedback !== null) {
    const isComplaint = ["abuse", "fraud", "virus", "opt-out", "other"].includes(feedback.type);
    const found = judged(
      isComplaint ? "complaint" : "ignore",
      null,
      "header",
      `Feedback-Type: ${feedback.type}`,
    );
    return { ...found, original_message_ids: feedback.original_message_ids };
  }
  if (mail.report_type === "disposition-notification") {
    return judged("ignore", null, "header", "report-type=disposition-notification");
  }
  const dsn = readDsn(mail);
  if (dsn !== null) return judgeDsn(dsn, context.recipient ?? null);
  // A daemon that we do not understand: it is no person, and no proof of anything.
  if (!isFromDaemon(mail) && mail.report_type !== "delivery-status") return null;
  return {
    ...judged("soft_bounce", null, "header", `From: ${mail.from?.address ?? "<>"}`),
    confidence: 0.5,
  };
}

function judgeDsn(dsn: Dsn, recipient: string | null): Judgement {
  const block = blockFor(dsn, recipient);
  const isFailure = block.action === "failed";
  const said = isFailure ? judgeStatus(block.status, block.diagnostic) : null;
  const kind = said === null ? "ignore" : said.fault === "mailbox" ? "hard_bounce" : "soft_bounce";
  const words = said === null ? "" : ` ${block.status ?? ""} ${block.diagnostic ?? ""}`;
  return {
    ...judged(kind, null, "header", `Action: ${block.action}${words}`),
    confidence: dsn.form === "report" ? 0.99 : 0.9,
    bounce: {
      form: dsn.form,
      action: block.action,
      recipient: block.original_recipient ?? block.final_recipient,
      fault: said?.fault ?? null,
      category: said?.category ?? null,
      enhanced_status: block.status,
      diagnostic: block.diagnostic,
    },
    original_message_ids: dsn.original_message_ids,
  };
}

/** The block of our recipient; else the first that failed, else that was delayed, else the first. */
function blockFor(dsn: Dsn, recipient: string | null): DsnRecipient {
  const wanted = recipient?.toLowerCase();
  const isWanted = (one: DsnRecipient): boolean =>
    one.final_recipient === wanted || one.original_recipient === wanted;
  const found =
    (wanted === undefined ? undefined : dsn.recipients.find(isWanted)) ??
    dsn.recipients.find((one) => one.action === "failed") ??
    dsn.recipients.find((one) => one.action === "delayed") ??
    dsn.recipients[0];
  if (found === undefined) throw new TypeError("a report without recipients");
  return found;
}

/** A mail to the address, or with the subject, of our own List-Unsubscribe: mail clients write it, so it comes before "automatic". */
function judgeUnsubscribeToken(mail: ParsedMail, context: JudgeContext): Judgement | null {
  const secret = context.secret;
  if (secret === undefined) return null;
  const addresses = [
    ...mail.to,
    ...headerValues(mail, "delivered-to"),
    ...headerValues(mail, "x-original-to"),
  ];
  const address = addresses
    .slice(0, 50)
    .find((one) => readUnsubscribeAddress(one.trim(), secret) !== null);
  if (address !== undefined)
    return judged("unsubscribe", "unsubscribe_request", "header", `To: ${address}`);
  if (readUnsubscribeSubject(mail.subject, secret) === null) return null;
  return judged("unsubscribe", "unsubscribe_request", "header", `Subject: ${mail.subject}`);
}

function judgeAutomatic(mail: ParsedMail, context: JudgeContext): Judgement | null {
  const header = automaticHeader(mail);
  const subject = foldWords(mail.subject.slice(0, 300));
  const isAwaySubject = AWAY_SUBJECTS.some((words) => subject.startsWith(words));
  const isAutoSubject = AUTO_SUBJECTS.some((words) => subject.startsWith(words));
  // "Out of office next week, can we talk?" is a person: an away subject needs one more sign.
  const isByRule =
    isAutoSubject || (isAwaySubject && (hasSuppressHeader(mail) || isAwayNotice(mail.subject)));
  const isAutoMark = /^\s*auto\s*:/i.test(mail.subject.slice(0, 50)) && mail.in_reply_to.length > 0;
  if (header === null && !isByRule && !isAutoMark) return null;
  const text = newText(mail);
  const words = findPhrase(foldWords(text.slice(0, 8192)), AWAY_WORDS);
  const isAway = isAwaySubject || words !== null || findPhrase(subject, AWAY_WORDS) !== null;
  const received_at = context.received_at ?? mail.date;
  const found = judged(
    "auto_reply",
    isAway ? "out_of_office" : "auto_reply",
    header === null ? "rule" : "header",
    header ?? `Subject: ${mail.subject}`,
  );
  const return_date =
    isAway && received_at !== null
      ? findReturnDate(`${mail.subject.slice(0, 300)}\n${text}`, received_at)
      : null;
  return { ...found, confidence: header === null ? 0.95 : 0.99, return_date };
}

/** The header that says a machine wrote this, or null (RFC 3834 5, and what responders did before it). */
function automaticHeader(mail: ParsedMail): string | null {
  for (const value of headerValues(mail, "auto-submitted")) {
    // `auto-replied (vacation)`: the word ends at a blank, a comment or a parameter.
    const word =
      value
        .trim()
        .toLowerCase()
        .split(/[\s(;]/, 1)[0] ?? "";
    if (word !== "" && word !== "no") return `Auto-Submitted: ${value.trim()}`;
  }
  for (const name of [
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-auto-response",
  ]) {
    const value = headerValues(mail, name)[0]?.trim();
    if (value !== undefined && !/^(?:no|false|0)$/i.test(value)) return `${name}: ${value}`;
  }
  const precedence = headerValues(mail, "precedence")[0]?.trim().toLowerCase() ?? "";
  if (["bulk", "junk", "auto_reply", "auto-reply"].includes(precedence))
    return `Precedence: ${precedence}`;
  // People answer through groups as well: a list alone proves nothing of a mail that answers one.
  const isList = precedence === "list" || headerValues(mail, "list-id").length > 0;
  if (isList && mail.in_reply_to.length === 0) return "List-Id or Precedence: list";
  return isNullPath(mail) ? "Return-Path: <>" : null;
}

/** X-Auto-Response-Suppress by value: `None` suppresses nothing. Alone it proves nothing (I8). */
function hasSuppressHeader(mail: ParsedMail): boolean {
  return headerValues(mail, "x-auto-response-suppress").some(
    (value) => !/^\s*(?:none)?\s*$/i.test(value.slice(0, 100)),
  );
}

/** "Out of office: Re: your mail", "OOO: ...", or nothing but the words. */
function isAwayNotice(subject: string): boolean {
  const colon = subject.slice(0, 60).search(/[:：]/);
  const head = foldWords(colon < 0 ? subject.slice(0, 60) : subject.slice(0, colon));
  return colon < 0
    ? AWAY_SUBJECTS.includes(head)
    : AWAY_SUBJECTS.some((words) => head.startsWith(words));
}

function judgeHuman(mail: ParsedMail): Judgement {
  const found = findOptOut(newText(mail), mail.subject);
  if (found === null) return judged("reply", null, "rule", null);
  return {
    ...judged("unsubscribe", "unsubscribe_request", "rule", found.evidence),
    confidence: found.confidence,
  };
}

function judged(
  kind: ReplyKind,
  category: JudgedCategory | null,
  source: "header" | "rule",
  evidence: string | null,
): Judgement {
  return {
    kind,
    category,
    confidence: source === "header" ? 0.99 : 0.9,
    source,
    evidence: evidence === null ? null : shownEvidence(evidence),
    return_date: null,
    bounce: null,
    original_message_ids: [],
  };
}
