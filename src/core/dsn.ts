// What a bounce says. A report counts per recipient and block (RFC 3464); the mailbox facts among them
// suppress an address, the sender's faults never do. Whether the mail was ours is not asked here (I6).

import {
  type BounceCategory,
  findWord,
  FULL_WORDS,
  LATER_WORDS,
  MAILBOX_CODES,
  MAILBOX_WORDS,
  SENDER_CODES,
  SENDER_WORDS,
} from "./bounce-words.ts";
import { withoutSigns } from "./fold-words.ts";
import { headerValues, type ParsedMail } from "./inbound.ts";
import { blocksOf, originalIds, typedAddress } from "./report-fields.ts";

export type DsnAction = "failed" | "delayed" | "delivered" | "relayed" | "expanded";

/** One recipient's block. Addresses lower case, `status` an enhanced code, `diagnostic` the server's words, at most 2 KB. */
export interface DsnRecipient {
  final_recipient: string | null;
  original_recipient: string | null;
  action: DsnAction;
  status: string | null;
  diagnostic: string | null;
}

export interface Dsn {
  /** `report` is RFC 3464, `text` an older bounce read from its words. */
  form: "report" | "text";
  recipients: DsnRecipient[];
  /** Ids that the bounced mail was known by, without angle brackets. */
  original_message_ids: string[];
}

export interface StatusJudgement {
  fault: "mailbox" | "sender" | "transient";
  category: BounceCategory;
}

const TEXT_CAP = 64 * 1024;
const DIAGNOSTIC_CAP = 2048;
const RECIPIENTS_CAP = 100;
const STATUS = /(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)/;
const SMTP_CODE = /(?<![\d.])([45])\d\d(?=[\s-])/;
const ACTIONS: readonly DsnAction[] = ["failed", "delayed", "delivered", "relayed", "expanded"];

/** The bounce or delivery report that a mail is, or null. Forged ones are read as well: match the Message-ID first. */
export function readDsn(mail: ParsedMail): Dsn | null {
  return readReport(mail) ?? readTextBounce(mail);
}

/** Whose fault a refusal is (mail.md 4.3): only `mailbox` may ever suppress an address. */
export function judgeStatus(enhanced: string | null, diagnostic: string | null): StatusJudgement {
  const words = wordsOf(diagnostic);
  const code = specificCode(enhanced, diagnostic);
  const later = findWord(words, [...LATER_WORDS.slice(0, 2), ...FULL_WORDS]);
  if (isTransient(code, diagnostic)) return transient(words, code);
  const sender = findWord(words, SENDER_WORDS);
  const sender_code = code === null ? undefined : SENDER_CODES.get(code);
  if (code?.startsWith("5.7.") === true || sender_code !== undefined) {
    return { fault: "sender", category: sender_code ?? sender?.category ?? "policy_blocked" };
  }
  const isFull =
    later !== null && !(later.category === "mailbox_full" && sender?.category === "rate_limited");
  if (isFull || code === "5.2.2")
    return { fault: "transient", category: later?.category ?? "mailbox_full" };
  const mailbox = findWord(words, MAILBOX_WORDS);
  const mailbox_code = code === null ? undefined : MAILBOX_CODES.get(code);
  // Block lists are told with 5.1.1 as well; `user unknown` beside it settles it.
  if (
    mailbox_code !== undefined &&
    (mailbox !== null || sender === null || sender.category === "policy_blocked")
  ) {
    return { fault: "mailbox", category: mailbox?.category ?? mailbox_code };
  }
  if (sender !== null) return { fault: "sender", category: sender.category };
  // M365 says 5.4.1 of unknown people and of closed doors alike; 5.1.4 and 5.3.4 say nothing about the mailbox.
  if (code === "5.4.1") return { fault: "transient", category: mailbox?.category ?? "unknown" };
  if (mailbox !== null && code !== "5.1.4" && code !== "5.3.4")
    return { fault: "mailbox", category: mailbox.category };
  return transient(words, code);
}

/** The first enhanced status code of a text (`5.1.1`), or null. */
export function findStatus(text: string): string | null {
  return STATUS.exec(text)?.[0] ?? null;
}

function transient(words: string, code: string | null): StatusJudgement {
  const found = findWord(words, [
    ...LATER_WORDS.slice(0, 2),
    ...FULL_WORDS,
    ...SENDER_WORDS,
    ...LATER_WORDS,
  ]);
  if (found !== null) return { fault: "transient", category: found.category };
  const [, subject, detail] = (code ?? "").split(".");
  if (subject === "2" && detail === "2") return { fault: "transient", category: "mailbox_full" };
  if (subject === "3" && detail === "4") return { fault: "transient", category: "unknown" };
  if (subject === "3" || subject === "4") return { fault: "transient", category: "server_error" };
  if (subject === "7") return { fault: "transient", category: "policy_blocked" };
  return { fault: "transient", category: findWord(words, MAILBOX_WORDS)?.category ?? "unknown" };
}

/** The code that says most: a report's 5.0.0 is less than the 5.1.1 in the server's own words. */
function specificCode(enhanced: string | null, diagnostic: string | null): string | null {
  const given = enhanced === null ? null : findStatus(enhanced);
  if (given !== null && !given.endsWith(".0.0")) return given;
  return findStatus((diagnostic ?? "").slice(0, DIAGNOSTIC_CAP)) ?? given;
}

function isTransient(code: string | null, diagnostic: string | null): boolean {
  if (code !== null) return code.startsWith("4");
  return SMTP_CODE.exec((diagnostic ?? "").slice(0, DIAGNOSTIC_CAP))?.[1] === "4";
}

/** Lower case, without addresses: `spam@lead.test` says nothing about spam. */
function wordsOf(diagnostic: string | null): string {
  const text = (diagnostic ?? "").slice(0, DIAGNOSTIC_CAP).toLowerCase().replaceAll("’", "'");
  const words = text.split(/\s+/).filter((word) => !word.includes("@"));
  return `${words.join(" ")} `;
}

function readReport(mail: ParsedMail): Dsn | null {
  const part = mail.parts.find(({ content_type }) =>
    /^message\/(?:global-)?delivery-status$/.test(content_type),
  );
  if (part === undefined) return null;
  const recipients: DsnRecipient[] = [];
  for (const block of blocksOf(part.text)) {
    const recipient = recipientOf(block);
    if (recipient !== null && recipients.length < RECIPIENTS_CAP) recipients.push(recipient);
  }
  if (recipients.length === 0) return null;
  const [failed] = failedRecipients(mail);
  const [only] = recipients;
  if (recipients.length === 1 && only?.final_recipient === null)
    only.final_recipient = failed ?? null;
  return { form: "report", recipients, original_message_ids: originalIds(mail, null) };
}

function recipientOf(block: ReadonlyMap<string, string>): DsnRecipient | null {
  const final_recipient = typedAddress(block.get("final-recipient"));
  const original_recipient = typedAddress(block.get("original-recipient"));
  const word = (block.get("action") ?? "").toLowerCase().split(/[\s;(]/, 1)[0] ?? "";
  const status = findStatus((block.get("status") ?? "").slice(0, 100));
  const named = ACTIONS.find((action) => action === word);
  // Some servers leave Action out; without that, a status or a recipient the block is the report's own head.
  if (named === undefined && status === null) return null;
  if (final_recipient === null && original_recipient === null && named === undefined) return null;
  const action = named ?? (status?.startsWith("2") === true ? "delivered" : "failed");
  const diagnostic = block.get("diagnostic-code")?.replace(/^\s*[\w-]{1,20}\s*;\s*/, "") ?? null;
  return {
    final_recipient,
    original_recipient,
    action,
    status,
    diagnostic: diagnostic?.slice(0, DIAGNOSTIC_CAP) ?? null,
  };
}

/** Where an older bounce begins to quote: Exim, qmail, Exchange, Postfix, Zoho. */
const COPY_MARKS = [
  "------ this is a copy of",
  "--- below this line is a copy of the message",
  "original message headers:",
  "the header of the original message is following",
  "----- original message -----",
  "-----original message-----",
  "----- message header follows -----",
  "----- unsent message follows -----",
];

/** A bounce in plain words: from a mail daemon, with a code or with words that servers use. */
function readTextBounce(mail: ParsedMail): Dsn | null {
  if (!isFromDaemon(mail)) return null;
  const text = mail.text.slice(0, TEXT_CAP).replaceAll("\r\n", "\n");
  const lower = text.toLowerCase();
  const cuts = COPY_MARKS.map((mark) => lower.indexOf(mark)).filter((at) => at >= 0);
  const cut = Math.min(text.length, ...cuts);
  const said = text.slice(0, cut);
  const status = findStatus(said);
  const diagnostic = diagnosticOf(said);
  const recipients = failedRecipients(mail);
  if (status === null && diagnostic === null && recipients.length === 0) return null;
  const afterMark = text.slice(text.indexOf("\n", cut) + 1);
  const action =
    isDelay(mail.subject, said) && status?.startsWith("5") !== true ? "delayed" : "failed";
  const named = recipients.length > 0 ? recipients : [firstAddress(said)];
  return {
    form: "text",
    recipients: named.map((final_recipient) => ({
      final_recipient,
      original_recipient: null,
      action,
      status,
      diagnostic: diagnostic ?? said.trim().slice(0, DIAGNOSTIC_CAP),
    })),
    original_message_ids: originalIds(mail, cut < text.length ? afterMark : null),
  };
}

/** Whether the sender is a mail system: mailer-daemon in any form, or a postmaster who sends over the null path or says so. */
export function isFromDaemon(mail: ParsedMail): boolean {
  const local = mail.from?.address.split("@", 1)[0]?.toLowerCase() ?? "";
  const name = mail.from?.name.toLowerCase() ?? "";
  if (/^(?:mailer|mail|delivery)[-_.]?daemon$/.test(local) || name.includes("mail delivery s"))
    return true;
  if (headerValues(mail, "x-failed-recipients").length > 0) return true;
  const isPostmaster =
    local === "postmaster" || name === "postmaster" || local.startsWith("microsoftexchange");
  return (
    isPostmaster &&
    (isNullPath(mail) || /^undeliver|^delivery status|^mail delivery/i.test(mail.subject))
  );
}

/** Whether the mail came over the null reverse path (RFC 5321 4.5.5): reports, and vacation replies too. */
export function isNullPath(mail: ParsedMail): boolean {
  return headerValues(mail, "return-path").some((value) =>
    /^\s*<\s*>\s*$/.test(value.slice(0, 100)),
  );
}

function isDelay(subject: string, text: string): boolean {
  const words = `${subject.slice(0, 300)} ${text.slice(0, 4096)}`.toLowerCase();
  return [
    "delayed",
    "has not yet been delivered",
    "still being retried",
    "will be retried",
    "will continue to be",
  ].some((word) => words.includes(word));
}

/** The line with the code or the words, and the one after it: servers break their answers. */
function diagnosticOf(text: string): string | null {
  const lines = text
    .split("\n")
    .slice(0, 500)
    .map((line) => line.slice(0, 998).trim());
  const at = lines.findIndex(isTelling);
  return at < 0
    ? null
    : lines
        .slice(at, at + 3)
        .join(" ")
        .trim()
        .slice(0, DIAGNOSTIC_CAP);
}

function failedRecipients(mail: ParsedMail): string[] {
  const list = headerValues(mail, "x-failed-recipients").join(",").slice(0, 10_000);
  return list
    .split(",")
    .map((address) => address.trim().toLowerCase())
    .filter((address) => address.includes("@"))
    .slice(0, RECIPIENTS_CAP);
}

function firstAddress(text: string): string | null {
  const word = text
    .split(/[\s<>()[\]",;:]+/)
    .find((candidate) => /^[^@]{1,64}@[^@]{3,253}$/.test(candidate));
  return word === undefined ? null : withoutSigns(word, ".'").toLowerCase();
}

function isTelling(line: string): boolean {
  if (STATUS.test(line) || SMTP_CODE.test(`${line} `)) return true;
  return (
    findWord(wordsOf(line), [...MAILBOX_WORDS, ...FULL_WORDS, ...SENDER_WORDS.slice(0, 4)]) !== null
  );
}
