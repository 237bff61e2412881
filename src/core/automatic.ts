// Mail that machines write: absences, confirmations, tickets, newsletters (RFC 3834, mail.md 4.5). A person's mail that
// is taken for a machine's is followed up, so a header or a line that only machines write must say it.

import {
  AUTO_SUBJECTS,
  AWAY_SUBJECTS,
  AWAY_WORDS,
  CHALLENGE_DOMAINS,
  CHALLENGE_WORDS,
  LEFT_WORDS,
  MACHINE_LINES,
  ROBOT_LOCALS,
} from "./auto-words.ts";
import { isNullPath } from "./dsn.ts";
import { findPhrase, foldWords } from "./fold-words.ts";
import { headerValues, type ParsedMail } from "./inbound.ts";
import { type JudgeContext, judged, type Judgement } from "./judgement.ts";
import { findReferred } from "./referred.ts";
import { newText } from "./reply-text.ts";
import { findReturnDate } from "./return-date.ts";

const TEXT_CAP = 8192;

interface Sign {
  source: "header" | "rule";
  evidence: string;
}

/** An absence, a challenge or any other automatic mail, or null: a person wrote it. */
export function judgeAutomatic(mail: ParsedMail, context: JudgeContext): Judgement | null {
  const challenge = challengeOf(mail);
  const sign = challenge ?? automaticSign(mail);
  if (sign === null) return null;
  const text = newText(mail);
  const folded = foldWords(`${mail.subject.slice(0, 300)}\n${text.slice(0, TEXT_CAP)}`);
  const has_left = findPhrase(folded, LEFT_WORDS) !== null;
  const subject = foldWords(mail.subject.slice(0, 300));
  const is_away =
    challenge === null &&
    !has_left &&
    !isNews(mail) &&
    (startsWithAny(subject, AWAY_SUBJECTS) || findPhrase(folded, AWAY_WORDS) !== null);
  const found = judged(
    "auto_reply",
    is_away ? "out_of_office" : "auto_reply",
    sign.source,
    sign.evidence,
  );
  return {
    ...found,
    confidence: sign.source === "header" ? 0.99 : 0.95,
    return_date: is_away ? returnDate(mail, text, context) : null,
    notice: challenge !== null ? "challenge" : has_left ? "left_company" : null,
    referred_to: is_away || has_left ? findReferred(text, mail.from?.address ?? "") : null,
  };
}

function returnDate(mail: ParsedMail, text: string, context: JudgeContext): string | null {
  const received_at = context.received_at ?? mail.date;
  if (received_at === null) return null;
  const place = { received_at, offset_minutes: offsetOf(mail) };
  return findReturnDate(text, place) ?? findReturnDate(mail.subject.slice(0, 300), place);
}

/** Minutes east of UTC in the mail's Date (RFC 5322 3.3); null for `-0000`, `GMT` and none: servers write those. */
function offsetOf(mail: ParsedMail): number | null {
  const value = headerValues(mail, "date")[0]?.slice(0, 100) ?? "";
  const match = /\s([+-])(\d\d)(\d\d)(?!\d)/.exec(value);
  if (!match) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return minutes === 0 ? null : match[1] === "-" ? -minutes : minutes;
}

/** Newsletters speak of holidays, too. */
function isNews(mail: ParsedMail): boolean {
  return (
    headerValues(mail, "list-id").length > 0 || headerValues(mail, "list-unsubscribe").length > 0
  );
}

function challengeOf(mail: ParsedMail): Sign | null {
  const from = mail.from?.address ?? "";
  const domain = CHALLENGE_DOMAINS.find(
    (one) => from.endsWith(`@${one}`) || from.endsWith(`.${one}`),
  );
  if (domain !== undefined) return { source: "header", evidence: `From: ${from}` };
  const isAuto = automaticHeader(mail) !== null;
  const words = foldWords(
    `${mail.subject.slice(0, 300)}\n${isAuto ? newText(mail).slice(0, TEXT_CAP) : ""}`,
  );
  const phrase = findPhrase(words, CHALLENGE_WORDS);
  return phrase === null || !(isAuto || isRobot(mail))
    ? null
    : { source: "rule", evidence: phrase };
}

function automaticSign(mail: ParsedMail): Sign | null {
  const header = automaticHeader(mail);
  if (header !== null) return { source: "header", evidence: header };
  const evidence = `Subject: ${mail.subject}`;
  if (isAutoSubject(mail)) return { source: "rule", evidence };
  if (isRobot(mail)) return { source: "rule", evidence: `From: ${mail.from?.address ?? ""}` };
  const line = machineLine(newText(mail));
  return line === null ? null : { source: "rule", evidence: line };
}

function isAutoSubject(mail: ParsedMail): boolean {
  const subject = foldWords(mail.subject.slice(0, 300));
  if (startsWithAny(subject, AUTO_SUBJECTS)) return true;
  // "Out of office next week, can we talk?" is a person: an away subject needs one more sign.
  if (
    startsWithAny(subject, AWAY_SUBJECTS) &&
    (hasSuppressHeader(mail) || isAwayNotice(mail.subject))
  )
    return true;
  if (!/^\s*auto\s*:/i.test(mail.subject.slice(0, 50))) return false;
  // Notes writes "AUTO: Anna Muster is out of the office (returning ...)" without any thread.
  return mail.in_reply_to.length > 0 || findPhrase(subject, AWAY_WORDS) !== null;
}

const startsWithAny = (folded: string, table: readonly string[]): boolean =>
  table.some((words) => folded.trimStart().startsWith(words.trimStart()));

/** `noreply@`: nobody reads there, so nobody has written. */
function isRobot(mail: ParsedMail): boolean {
  const local = mail.from?.address.split("@", 1)[0]?.toLowerCase().slice(0, 64) ?? "";
  return ROBOT_LOCALS.test(local);
}

/** A line that begins as only machines begin theirs, or null. */
function machineLine(text: string): string | null {
  const lines = text.slice(0, TEXT_CAP).split("\n").slice(0, 200);
  return lines.find((line) => startsWithAny(foldWords(line.slice(0, 200)), MACHINE_LINES)) ?? null;
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
    "x-vacation",
    "x-ms-exchange-inbox-rules-loop",
    "x-mail-autoreply",
    "x-jira-fingerprint",
  ]) {
    const value = headerValues(mail, name)[0]?.trim();
    if (value !== undefined && !/^(?:no|false|0)$/i.test(value)) return `${name}: ${value}`;
  }
  const precedence = headerValues(mail, "precedence")[0]?.trim().toLowerCase() ?? "";
  if (["bulk", "junk", "auto_reply", "auto-reply"].includes(precedence))
    return `Precedence: ${precedence}`;
  // People answer through groups as well: a list alone proves nothing of a mail that answers one.
  const isList = precedence === "list" || isNews(mail);
  if (isList && mail.in_reply_to.length === 0)
    return "List-Id, List-Unsubscribe or Precedence: list";
  return isNullPath(mail) ? "Return-Path: <>" : null;
}

/** X-Auto-Response-Suppress by value: `None` suppresses nothing. Alone it proves nothing (I8). */
function hasSuppressHeader(mail: ParsedMail): boolean {
  return headerValues(mail, "x-auto-response-suppress").some(
    (value) => !["", "none"].includes(value.slice(0, 100).trim().toLowerCase()),
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
