// Writes our mails byte by byte: the same input gives the same bytes, and no value can bring in a line
// of its own. Narrow on purpose (RFC 5322, 2045-2047): text or text and HTML, UTF-8, no attachments.
import { createHash } from "node:crypto";

import { isControlFree, parseAddress } from "./address.ts";
import { encodePhrase, encodeText, foldItems } from "./header-text.ts";
import { textOfHtml } from "./html-text.ts";
import { encodeQuotedPrintable } from "./quoted-printable.ts";
import { isMessageId } from "./threading.ts";

export interface Mailbox {
  address: string;
  /** The display name, or null. */
  name: string | null;
}

/** One mail to one person. Message ids without angle brackets; bodies as written, any line ends. */
export interface OutboundMail {
  /** Our own id for this mail (`msg_...`), in `X-Imail-Id`: survives where a provider rewrites the Message-ID. */
  imail_id: string;
  message_id: string;
  /** Date, ms UTC. */
  date: number;
  from: Mailbox;
  to: Mailbox;
  reply_to: string | null;
  subject: string;
  /** At least one of `text` and `html`; the text of HTML is made when there is none. */
  text: string | null;
  html: string | null;
  in_reply_to: string | null;
  references: string[];
  /** `https:` and `mailto:` URIs (RFC 2369); empty for no header. */
  list_unsubscribe: string[];
  /** RFC 8058 List-Unsubscribe-Post; needs an `https:` URI among them. */
  one_click: boolean;
}

type HeaderName =
  | "Content-Transfer-Encoding"
  | "Content-Type"
  | "Date"
  | "From"
  | "In-Reply-To"
  | "List-Unsubscribe"
  | "List-Unsubscribe-Post"
  | "MIME-Version"
  | "Message-ID"
  | "References"
  | "Reply-To"
  | "Subject"
  | "To"
  | "X-Imail-Id";

/** The finished RFC 5322 bytes, CRLF line ends, ending in CRLF. Throws TypeError on a value that may not stand in a header. */
export function composeMail(mail: OutboundMail): Uint8Array {
  const html = mail.html;
  const text = mail.text ?? (html === null ? null : textOfHtml(html));
  if (text === null) throw new TypeError("a mail needs a text or an HTML body");
  const head = topHeaders(mail).join("");
  const body = html === null ? textPart("plain", text) : alternative(mail.message_id, text, html);
  return Buffer.from(head + body, "latin1");
}

function topHeaders(mail: OutboundMail): string[] {
  const lines = [
    header("Date", formatDate(mail.date)),
    header("From", mailbox("From", mail.from)),
    header("To", mailbox("To", mail.to)),
  ];
  if (mail.reply_to !== null) lines.push(header("Reply-To", addressOf(mail.reply_to)));
  lines.push(
    header("Subject", encodeText(controlFree("subject", mail.subject), "Subject: ".length)),
    header("Message-ID", bracketed(mail.message_id)),
  );
  if (mail.in_reply_to !== null) lines.push(header("In-Reply-To", bracketed(mail.in_reply_to)));
  if (mail.references.length > 0) {
    const ids = mail.references.map(bracketed);
    lines.push(header("References", foldItems(ids, " ", "References: ".length)));
  }
  lines.push(...unsubscribeHeaders(mail));
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(mail.imail_id)) throw new TypeError("imail_id is not an id");
  lines.push(header("X-Imail-Id", mail.imail_id), header("MIME-Version", "1.0"));
  return lines;
}

function unsubscribeHeaders(mail: OutboundMail): string[] {
  if (mail.list_unsubscribe.length === 0) return [];
  const uris = mail.list_unsubscribe.map((uri) => {
    const isPlain = uri.length <= 900 && /^(?:https|mailto):[!-;=?-~]+$/.test(uri);
    if (!isPlain) throw new TypeError("List-Unsubscribe takes https and mailto URIs only");
    return `<${uri}>`;
  });
  const lines = [header("List-Unsubscribe", foldItems(uris, ", ", "List-Unsubscribe: ".length))];
  const hasHttps = mail.list_unsubscribe.some((uri) => uri.startsWith("https:"));
  // RFC 8058 3.1: the promise of one click stands for the HTTPS URI only.
  if (mail.one_click && hasHttps)
    lines.push(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
  return lines;
}

function alternative(message_id: string, text: string, html: string): string {
  // `=_` is never in quoted-printable (RFC 2045 6.7), so the boundary is in no part.
  const boundary = `=_${createHash("sha256").update(message_id).digest("hex").slice(0, 32)}`;
  return (
    `${header("Content-Type", `multipart/alternative;\r\n boundary="${boundary}"`)}\r\n` +
    `--${boundary}\r\n${textPart("plain", text)}` +
    `--${boundary}\r\n${textPart("html", html)}` +
    `--${boundary}--\r\n`
  );
}

function textPart(kind: "plain" | "html", text: string): string {
  return (
    header("Content-Type", `text/${kind}; charset=utf-8`) +
    header("Content-Transfer-Encoding", "quoted-printable") +
    `\r\n${encodeQuotedPrintable(text)}`
  );
}

/** One header; the last wall: a CR or LF only where a fold follows, and no line above 998 (RFC 5322 2.1.1). */
function header(name: HeaderName, value: string): string {
  const lines = (value === "" ? `${name}:` : `${name}: ${value}`).split("\r\n");
  const isSafe = lines.every((line, index) => {
    const isFold =
      index === 0 || ((line.startsWith(" ") || line.startsWith("\t")) && line.trim() !== "");
    return isFold && line.length <= 998 && /^[\t -~]*$/.test(line);
  });
  if (!isSafe) throw new TypeError(`${name} cannot be written`);
  return `${lines.join("\r\n")}\r\n`;
}

function mailbox(name: string, box: Mailbox): string {
  const address = addressOf(box.address);
  const phrase = box.name === null ? "" : controlFree(`${name} name`, box.name).trim();
  return phrase === ""
    ? address
    : foldItems([encodePhrase(phrase, name.length + 2), `<${address}>`], " ", name.length + 2);
}

function addressOf(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === null) throw new TypeError("not an e-mail address");
  return parsed;
}

function bracketed(id: string): string {
  if (!isMessageId(id)) throw new TypeError("not a message id");
  return `<${id}>`;
}

function controlFree(what: string, text: string): string {
  if (!isControlFree(text)) throw new TypeError(`${what} holds a control character`);
  return text;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 5322 3.3 in UTC. */
function formatDate(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) throw new TypeError("not a date");
  const day = `${DAYS[date.getUTCDay()] ?? ""}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()] ?? ""}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${day} ${date.getUTCFullYear()} ${time} +0000`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
