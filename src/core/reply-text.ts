// The new text of a mail: what its sender wrote now, without quotes, signature and footers. Our own
// footer says "unsubscribe", so no word is judged before it was cut (domain.md "Inbound mail"). Linear.

import { DISCLAIMER_LINES, FOOTER_LINES } from "./footer-words.ts";
import { textOfReply } from "./html-text.ts";
import type { ParsedMail } from "./inbound.ts";
import {
  FORWARD_LINES,
  HEADER_FROM,
  HEADER_REST,
  QUOTE_INTROS,
  QUOTE_VERBS,
} from "./quote-words.ts";
import { cutSignature } from "./signature.ts";

const TEXT_CAP = 64 * 1024;
/** SMTP's own limit (RFC 5321 4.5.3.1.6): what is longer was not typed. */
const LINE_CAP = 998;

/** A mail is asked for its new text more than once on its way: read once, kept as long as the mail. */
const READ = new WeakMap<ParsedMail, string>();

/** The new text of a mail, trimmed, at most 64 KB; of its HTML when it has no text. */
export function newText(mail: ParsedMail): string {
  const read = READ.get(mail);
  if (read !== undefined) return read;
  const html = isPlaceholder(mail.text) ? mail.html : null;
  const text = cutQuotes(html === null ? mail.text : textOfReply(html));
  READ.set(mail, text);
  return text;
}

/** Nothing, or the line of a client that could not write its HTML as text. */
function isPlaceholder(text: string): boolean {
  const words = text.slice(0, 400).trim().toLowerCase();
  if (words === "") return true;
  return words.length < 300 && PLACEHOLDERS.some((one) => words.includes(one));
}

const PLACEHOLDERS = [
  "does not support html",
  "doesn't support html",
  "in html format",
  "html-capable",
  "enable html",
  "unterstützt kein html",
  "ne supporte pas le html",
  "no soporta html",
];

/** The new text of a plain text: quotes, forwarded mails, signature and app footers are left out. */
export function cutQuotes(text: string): string {
  const lines = linesOf(text);
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (isQuoted(line)) continue;
    if (isForwardLine(line) || isHeaderBlock(lines, at) || isDisclaimer(line)) break;
    const length = introLength(lines, at);
    if (length > 0) {
      // Without `>` the whole rest is the quote; with it something may follow below.
      if (
        !isQuoted(
          lines.slice(at + length, at + length + 3).find((next) => next.trim() !== "") ?? "",
        )
      )
        break;
      at += length - 1;
      continue;
    }
    if (isSignatureMark(line)) {
      const next = nextQuote(lines, at);
      if (next < 0) break;
      at = next - 1;
      continue;
    }
    if (!isFooter(line)) kept.push(line);
  }
  // A ruler that stood above the quote.
  while (kept.length > 0 && bare(kept.at(-1) ?? "") === "") kept.pop();
  return collapse(cutSignature(kept));
}

function linesOf(text: string): string[] {
  const whole = text
    .slice(0, TEXT_CAP)
    .replace(/\r\n?/g, "\n")
    .replaceAll("\0", "")
    .replaceAll("\u00a0", " ");
  return whole.split("\n").map((line) => line.slice(0, LINE_CAP).trimEnd());
}

function isQuoted(line: string): boolean {
  const start = line.trimStart();
  return start.startsWith(">") || start.startsWith("|>");
}

/** "-- " of RFC 3676 4.3, with or without its blank. */
function isSignatureMark(line: string): boolean {
  return line === "--" || line === "—" || line === "__";
}

/** The next quoted line after a signature: an answer may go on below it. Looked for once, the rest is cut. */
function nextQuote(lines: readonly string[], from: number): number {
  for (let at = from + 1; at < lines.length && at < from + 40; at++) {
    if (isQuoted(lines[at] ?? "")) return at;
  }
  return -1;
}

function isForwardLine(line: string): boolean {
  return line.length <= 200 && FORWARD_LINES.has(bare(line));
}

/** Without the dashes, stars, underscores and blanks around it, in lower case. */
function bare(line: string): string {
  let from = 0;
  let to = line.length;
  while (from < to && "-*_=# \t".includes(line[from] ?? "")) from++;
  while (to > from && "-*_=# \t".includes(line[to - 1] ?? "")) to--;
  return line.slice(from, to).toLowerCase();
}

/** "From: ..." and, within the next four lines, two more fields: what Outlook sets above a quote. GMX begins with the date. */
function isHeaderBlock(lines: readonly string[], at: number): boolean {
  const first = fieldName(lines[at] ?? "");
  const isFrom = HEADER_FROM.has(first);
  if (!isFrom && !HEADER_REST.has(first)) return false;
  const next = lines
    .slice(at + 1, at + 8)
    .filter((line) => line !== "")
    .slice(0, 4)
    .map(fieldName);
  const rest = next.filter((name) => HEADER_REST.has(name)).length;
  return isFrom ? rest >= 2 : rest >= 2 && next.some((name) => HEADER_FROM.has(name));
}

function fieldName(line: string): string {
  const colon = line.slice(0, 26).search(/[:：]/);
  return colon < 1 || colon > 24 ? "" : bare(line.slice(0, colon));
}

/** How many lines "On ... wrote:" takes here (clients wrap it at 78), 0 when none begins. */
function introLength(lines: readonly string[], at: number): number {
  const first = (lines[at] ?? "").trim().toLowerCase();
  if (first === "" || first.length > 300) return 0;
  let joined = "";
  for (let length = 1; length <= 3; length++) {
    const line = (lines[at + length - 1] ?? "").trim().toLowerCase();
    if (line === "" || isQuoted(line)) return 0;
    if (length === 1 ? isQuoteIntro(line) : beginsLikeIntro(line)) return length === 1 ? 1 : 0;
    joined = joined === "" ? line : `${joined} ${line}`;
    if (length > 1 && beginsLikeIntro(joined)) return length;
  }
  return 0;
}

function isQuoteIntro(line: string): boolean {
  if (beginsLikeIntro(line)) return true;
  if (!/\d|@/.test(line)) return false;
  // Zoho: "---- On Fri, 20 Nov 2026 09:15:00 +0100 Anna <a@b.test> wrote ----".
  if (line.startsWith("---") && QUOTE_VERBS.some((one) => bare(line).endsWith(one))) return true;
  if (!/[:：]$/.test(line)) return false;
  // A date and an address before a colon introduce a quote in any language.
  if (
    line.length <= 300 &&
    /\d/.test(line) &&
    /[<(][^<>()@\s]{1,64}@[^<>()@\s]{1,253}[>)]/.test(line)
  )
    return true;
  const verb = QUOTE_VERBS.find((one) => line.includes(one));
  return verb !== undefined && line.length - line.lastIndexOf(verb) <= verb.length + 8;
}

/** "Am 20.11.2026 schrieb Anna:" as well: in German and Dutch the name stands after the verb. */
function beginsLikeIntro(line: string): boolean {
  if (line.length > 500 || !/[:：]$/.test(line) || !/\d|@/.test(line)) return false;
  return QUOTE_INTROS.some(
    ({ starts, verbs }) =>
      starts.some((start) => line.startsWith(start)) && verbs.some((verb) => line.includes(verb)),
  );
}

/** What a company's mail server adds below every mail. */
function isDisclaimer(line: string): boolean {
  const start = bare(line.slice(0, 200).trim());
  return DISCLAIMER_LINES.some((words) => start.startsWith(words));
}

function isFooter(line: string): boolean {
  const start = line.trim().toLowerCase();
  return start.length <= 120 && FOOTER_LINES.some((footer) => start.startsWith(footer));
}

/** At most one empty line in a row, none at the ends. */
function collapse(lines: readonly string[]): string {
  const kept = lines.filter((line, at) => line !== "" || (at > 0 && lines[at - 1] !== ""));
  return kept.join("\n").trim();
}
