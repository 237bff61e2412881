// What an inbound mail is, in the order of domain.md "Inbound mail": bounces carry `auto-replied` too,
// so reports come before automatic mail, and automatic mail before any word of a person is read.

import { judgeAutomatic } from "./automatic.ts";
import { readCalendar } from "./calendar.ts";
import { type Dsn, type DsnRecipient, isFromDaemon, judgeStatus, readDsn } from "./dsn.ts";
import { readFeedback } from "./feedback.ts";
import { headerValues, type ParsedMail } from "./inbound.ts";
import { type JudgeContext, judged, type Judgement } from "./judgement.ts";
import { findOptOut } from "./opt-out.ts";
import { newText } from "./reply-text.ts";
import { readUnsubscribeAddress, readUnsubscribeSubject } from "./threading.ts";

export type { JudgeContext, Judgement } from "./judgement.ts";

/** What a mail is and what proves it. Pure: whether it belongs to a lead is asked by the matching ladder. */
export function judgeMail(mail: ParsedMail, context: JudgeContext = {}): Judgement {
  const from = mail.from?.address.toLowerCase() ?? "";
  if (context.own_addresses?.some((own) => own.toLowerCase() === from) === true) {
    return judged("ignore", null, "header", `From: ${from}`);
  }
  return (
    judgeReport(mail, context) ??
    judgeUnsubscribeToken(mail, context) ??
    judgeCalendar(mail) ??
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
  if (dsn !== null && isBackscatter(dsn, context))
    return judged("ignore", null, "header", `a report about ${dsn.original_message_ids[0] ?? "?"}`);
  if (dsn !== null) return judgeDsn(dsn, context.recipient ?? null);
  // A daemon that we do not understand: it is no person, and no proof of anything.
  if (!isFromDaemon(mail) && mail.report_type !== "delivery-status") return null;
  return {
    ...judged("soft_bounce", null, "header", `From: ${mail.from?.address ?? "<>"}`),
    confidence: 0.5,
  };
}

/** A report about mail that somebody else sent in our name. One that names no mail at all may be about ours. */
function isBackscatter(dsn: Dsn, { issued }: JudgeContext): boolean {
  return (
    issued !== undefined &&
    dsn.original_message_ids.length > 0 &&
    !dsn.original_message_ids.some(issued)
  );
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

/** Calendars send by themselves: an answer or a cancellation is no letter, an invitation is a person's wish to meet. */
function judgeCalendar(mail: ParsedMail): Judgement | null {
  const calendar = readCalendar(mail);
  if (calendar === null || calendar.method === "other") return null;
  const isInvitation = calendar.method === "request" || calendar.method === "counter";
  const evidence = `text/calendar METHOD: ${calendar.method} ${calendar.partstat ?? ""}`;
  const found = isInvitation
    ? judged("reply", "meeting_requested", "header", evidence)
    : judged("ignore", null, "header", evidence);
  return { ...found, calendar };
}

function judgeHuman(mail: ParsedMail): Judgement {
  const found = findOptOut(newText(mail), mail.subject);
  if (found === null) return judged("reply", null, "rule", null);
  return {
    ...judged("unsubscribe", "unsubscribe_request", "rule", found.evidence),
    confidence: found.confidence,
  };
}
