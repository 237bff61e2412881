// How mails find back to us: Message-IDs and unsubscribe addresses that only we can make, and the
// headers and subjects that hold a thread together. Message ids have no angle brackets in our data.
import { formatId, parseId } from "./ids.ts";
import { isMark, MARK_LENGTH, markOf } from "./signing.ts";

const ID_LENGTH = 11;
const UNSUBSCRIBE_TAG = "+u-";
const REFERENCES_KEPT = 20;

/** `<base32(id)>.<mark>@<domain>`, the domain part of what is signed (domain.md "Message-ID"). */
export function messageIdOf(id: number, secret: Uint8Array, domain: string): string {
  const name = nameOf(id);
  return `${name}.${markOf(secret, "message-id", `${name}@${domain.toLowerCase()}`)}@${domain.toLowerCase()}`;
}

/** The message that a Message-ID of ours names, or null: forged, changed or somebody else's. Brackets are forgiven. */
export function readMessageId(text: string, secret: Uint8Array): number | null {
  if (text.length > 400) return null;
  const plain = text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
  const at = plain.lastIndexOf("@");
  if (at !== ID_LENGTH + 1 + MARK_LENGTH || plain[ID_LENGTH] !== ".") return null;
  const name = plain.slice(0, ID_LENGTH).toLowerCase();
  const domain = plain.slice(at + 1).toLowerCase();
  const mark = plain.slice(ID_LENGTH + 1, at);
  return isMark(secret, "message-id", `${name}@${domain}`, mark) ? idOf(name) : null;
}

/** The token that means "no more mail" for the lead of this message, 37 characters. It never expires. */
export function unsubscribeToken(id: number, secret: Uint8Array): string {
  const name = nameOf(id);
  return name + markOf(secret, "unsubscribe", name);
}

/**
 * `local+u-<token>@domain`. A local part of more than 24 characters leaves no room within the 64 of
 * RFC 5321 4.5.3.1.1: then the plain address, and only the subject carries the token.
 */
export function unsubscribeAddress(inbox_email: string, id: number, secret: Uint8Array): string {
  return addressWith(inbox_email, unsubscribeToken(id, secret));
}

function addressWith(inbox_email: string, token: string): string {
  const at = inbox_email.lastIndexOf("@");
  const local = `${inbox_email.slice(0, at)}${UNSUBSCRIBE_TAG}${token}`;
  return local.length <= 64 ? local + inbox_email.slice(at) : inbox_email;
}

/** The mailto URI for List-Unsubscribe: the token stands in the address and in the subject, for servers without plus addresses. */
export function unsubscribeMailto(inbox_email: string, id: number, secret: Uint8Array): string {
  const token = unsubscribeToken(id, secret);
  const [local = "", domain = ""] = addressWith(inbox_email, token).split("@");
  return `mailto:${encodeURIComponent(local)}@${domain}?subject=unsubscribe%20u-${token}`;
}

/** The message whose unsubscribe address this is, or null. */
export function readUnsubscribeAddress(address: string, secret: Uint8Array): number | null {
  const local = address.slice(0, Math.max(0, address.lastIndexOf("@")));
  const at = local.lastIndexOf(UNSUBSCRIBE_TAG);
  return at < 0 ? null : readUnsubscribeToken(local.slice(at + UNSUBSCRIBE_TAG.length), secret);
}

/** The message whose unsubscribe token a subject carries (`unsubscribe u-<token>`), or null. */
export function readUnsubscribeSubject(subject: string, secret: Uint8Array): number | null {
  for (const word of subject.slice(0, 998).split(/\s/)) {
    const id = word.startsWith("u-") ? readUnsubscribeToken(word.slice(2), secret) : null;
    if (id !== null) return id;
  }
  return null;
}

function readUnsubscribeToken(token: string, secret: Uint8Array): number | null {
  if (token.length !== ID_LENGTH + MARK_LENGTH) return null;
  const name = token.slice(0, ID_LENGTH).toLowerCase();
  return isMark(secret, "unsubscribe", name, token.slice(ID_LENGTH)) ? idOf(name) : null;
}

/** References of a mail that answers the last of these ids (RFC 5322 3.6.4): each once, the first and the last 20. */
export function references(previous: readonly string[]): string[] {
  const ids: string[] = [];
  // Set keeps the first place of an id; the one that is answered must stay last.
  for (const id of new Set(previous.toReversed())) if (isMessageId(id)) ids.unshift(id);
  const [first] = ids;
  return ids.length <= REFERENCES_KEPT + 1 || first === undefined
    ? ids
    : [first, ...ids.slice(-REFERENCES_KEPT)];
}

/** Whether a foreign Message-ID may stand in our headers: visible ASCII without brackets, at most 900 characters. */
export function isMessageId(text: string): boolean {
  return text.length <= 900 && /^[!-;=?-~]+$/.test(text);
}

/** The subject of an answer: `Re: ` once, whatever the mail clients of the thread have put before it. */
export function replySubject(first_subject: string): string {
  return `Re: ${baseSubject(first_subject)}`.trimEnd();
}

/** The subject without its answer and forward marks, for comparing threads and for `Re: `. */
export function baseSubject(subject: string): string {
  let from = 0;
  for (;;) {
    while (subject[from] === " " || subject[from] === "\t") from++;
    const colon = nextColon(subject, from);
    if (colon < 0) return subject.slice(from).trimEnd();
    const mark = subject
      .slice(from, colon)
      .replace(/[[(]\d{1,3}[\])]$|\^\d{1,3}$/, "")
      .trim()
      .toLowerCase();
    if (!REPLY_MARKS.has(mark)) return subject.slice(from).trimEnd();
    from = colon + 1;
  }
}

/** A mark is short: what has no colon within 14 characters has none. */
function nextColon(subject: string, from: number): number {
  for (let at = from; at < subject.length && at < from + 14; at++) {
    if (subject[at] === ":" || subject[at] === "：") return at;
  }
  return -1;
}

/** What clients put before a subject when they answer or forward, in lower case. */
const REPLY_MARKS = new Set(
  "re fw fwd aw wg antw antwort sv vs vl vb vid res resp enc rv rif r i tr odp pd fs ynt ilt szr bls ответ пересл 回复 回覆 答复 转发 轉寄 返信 転送 답장".split(
    " ",
  ),
);

function nameOf(id: number): string {
  return formatId("msg", id).slice(4);
}

/** Only the one spelling that we write: parseId forgives `o` for `0`. */
function idOf(name: string): number | null {
  const id = parseId("msg", `msg_${name}`);
  return id !== null && nameOf(id) === name ? id : null;
}
