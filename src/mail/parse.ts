// Turns the bytes of an inbound mail into a ParsedMail, whatever a stranger has put into them: it never
// throws, and what comes out has LF line ends, no NUL (SQLite's text functions end there) and bounded sizes.

import type { Address, Attachment, Email, Header } from "postal-mime";

import type { ParsedMail } from "../core/inbound.ts";

// Every limit is far above what people send and far below what hurts: core runs its patterns over all of it.
const MAX_TEXT = 1024 * 1024;
const MAX_PART = 256 * 1024;
const MAX_PARTS = 50;
const MAX_HEADERS = 1000;
const MAX_HEADER_VALUE = 16 * 1024;
const MAX_ADDRESSES = 500;
const MAX_IDS = 200;
const MAX_HEADER_BLOCK = 256 * 1024;

const PARSING = {
  // A forwarded or bounced mail inside is evidence, not what this sender says (M4, I6).
  forceRfc822Attachments: true,
  maxNestingDepth: 100,
} as const;

/** The leaves that say something about a mail of ours. Names, not contents, of other files are of no use. */
const TELLING_PARTS = new Set([
  "message/delivery-status",
  "message/global-delivery-status",
  "message/feedback-report",
  "message/rfc822",
  "message/global",
  "message/rfc822-headers",
  "message/global-headers",
  "text/rfc822-headers",
  "text/calendar",
]);

/** Parses one mail, or the header of one. Never rejects: of what cannot be read only the header is told. */
export async function parseMail(bytes: Uint8Array): Promise<ParsedMail> {
  const { default: PostalMime } = await import("postal-mime");
  for (const readable of [bytes, headerBlock(bytes)]) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the header alone is only read if the whole cannot be
      return parsedMail(await PostalMime.parse(readable, PARSING), bytes.byteLength);
    } catch {
      // Nested too deep or a header too long: then only the header, then nothing.
      continue;
    }
  }
  return parsedMail({ headers: [], headerLines: [], attachments: [] }, bytes.byteLength);
}

function parsedMail(email: Email, size: number): ParsedMail {
  const headers = email.headers.slice(0, MAX_HEADERS).map(cleanHeader);
  const values = (name: string) =>
    headers.filter((header) => header.name === name).map((header) => header.value);
  const [type = ""] = values("content-type");
  const date = Date.parse(email.date ?? "");
  return {
    headers,
    message_id: messageIds(values("message-id").slice(0, 1))[0] ?? null,
    in_reply_to: messageIds(values("in-reply-to")),
    references: messageIds(values("references")),
    from: sender(email.from),
    to: recipients(email, [...values("delivered-to"), ...values("x-original-to")]),
    subject: oneLine(email.subject ?? ""),
    date: Number.isFinite(date) ? date : null,
    text: clean(email.text ?? "", MAX_TEXT),
    html: email.html === undefined ? null : clean(email.html, MAX_TEXT),
    content_type: mediaType(type),
    report_type: parameter(type, "report-type"),
    parts: tellingParts(email.attachments),
    size,
  };
}

function cleanHeader(header: Header): { name: string; value: string } {
  return { name: clean(header.key, 998), value: oneLine(header.value).slice(0, MAX_HEADER_VALUE) };
}

/** The ids without their brackets; a lone id that came without them counts too. */
function messageIds(values: string[]): string[] {
  const ids = values.flatMap((value) => {
    const bracketed = [...value.matchAll(/<([^<>\s]{1,998})>/g)].flatMap(([, id]) => id ?? []);
    if (bracketed.length > 0) return bracketed;
    return value.split(/\s+/).filter((word) => /^[^<>@]+@[^<>@]+$/.test(word));
  });
  return [...new Set(ids)].slice(-MAX_IDS);
}

function sender(from: Address | undefined): ParsedMail["from"] {
  const [first] = mailboxes(from === undefined ? [] : [from]);
  if (first === undefined) return null;
  return { address: first.address, name: oneLine(first.name) };
}

function recipients(email: Email, delivered: string[]): string[] {
  const listed = mailboxes([...(email.to ?? []), ...(email.cc ?? [])]);
  const traced = delivered.map((value) => address(value.replace(/^<|>$/g, "")));
  const all = [...listed.map((mailbox) => mailbox.address), ...traced];
  return [...new Set(all.filter((one) => one !== ""))].slice(0, MAX_ADDRESSES);
}

/** Groups (RFC 5322 3.4) are taken apart. */
function mailboxes(addresses: readonly Address[]): { address: string; name: string }[] {
  return addresses
    .slice(0, MAX_ADDRESSES)
    .flatMap((one) => (one.group === undefined ? [one] : one.group.slice(0, MAX_ADDRESSES)))
    .map((one) => ({ address: address(one.address ?? ""), name: one.name ?? "" }))
    .filter((one) => one.address !== "");
}

function address(text: string): string {
  return oneLine(text).toLowerCase();
}

function tellingParts(attachments: readonly Attachment[]): ParsedMail["parts"] {
  return attachments
    .filter((part) => TELLING_PARTS.has(part.mimeType.toLowerCase()))
    .slice(0, MAX_PARTS)
    .map((part) => ({ content_type: part.mimeType.toLowerCase(), text: partText(part.content) }));
}

function partText(content: Attachment["content"]): string {
  if (typeof content === "string") return clean(content, MAX_PART);
  const bytes = new Uint8Array(content).subarray(0, MAX_PART);
  return clean(new TextDecoder().decode(bytes), MAX_PART);
}

/** `multipart/report` of `Multipart/Report; report-type=delivery-status`; RFC 2045 5.2 where there is none. */
function mediaType(value: string): string {
  const type = (value.split(";", 1)[0] ?? "").trim().toLowerCase();
  return /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : "text/plain";
}

function parameter(value: string, name: string): string | null {
  for (const one of value.split(";").slice(1)) {
    const [key = "", ...rest] = one.split("=");
    if (key.trim().toLowerCase() !== name) continue;
    return rest
      .join("=")
      .replace(/\([^)]*\)/g, "")
      .trim()
      .replace(/^"|"$/g, "")
      .toLowerCase();
  }
  return null;
}

function clean(text: string, max: number): string {
  return text.slice(0, max).replace(/\r\n?/g, "\n").replaceAll("\0", "").toWellFormed();
}

function oneLine(text: string): string {
  return clean(text, MAX_HEADER_VALUE).replace(/\n\s*/g, " ").trim();
}

/** The header of a mail, up to 256 KB. */
export function headerBlock(bytes: Uint8Array): Uint8Array {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends = [head.indexOf("\r\n\r\n"), head.indexOf("\n\n")].filter((at) => at !== -1);
  return bytes.subarray(0, Math.min(...ends, MAX_HEADER_BLOCK));
}
