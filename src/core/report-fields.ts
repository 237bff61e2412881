// The fields of machine-written reports (RFC 3464, 5965): blocks of `Name: value`, and the ids of the mail they are about.
import type { ParsedMail } from "./inbound.ts";

const TEXT_CAP = 64 * 1024;
const IDS_CAP = 100;

const ORIGINAL_PARTS = new Set([
  "message/rfc822",
  "message/rfc822-headers",
  "text/rfc822-headers",
  "message/global",
  "message/global-headers",
]);
const ID_FIELDS = ["message-id", "x-microsoft-original-message-id", "x-google-original-message-id"];

/** Ids out of the returned mail, then those that the bounce itself answers. */
export function originalIds(mail: ParsedMail, copy: string | null): string[] {
  const ids: string[] = [];
  const heads = mail.parts
    .filter((part) => ORIGINAL_PARTS.has(part.content_type))
    .map((part) => part.text);
  for (const head of copy === null ? heads : [...heads, copy]) {
    const [fields] = blocksOf(head.trimStart());
    for (const name of ID_FIELDS) {
      const id = fields?.get(name)?.trim().replace(/^</, "").replace(/>$/, "");
      if (id !== undefined && id !== "" && id.length <= 998) ids.push(id);
    }
  }
  return [...new Set([...ids, ...mail.in_reply_to, ...mail.references])].slice(0, IDS_CAP);
}

/** `rfc822; Anna@Lead.test` -> `anna@lead.test`; `utf-8;` and bare or bracketed addresses as well. */
export function typedAddress(value: string | undefined): string | null {
  if (value === undefined) return null;
  const text = value.slice(value.indexOf(";") + 1, 1000).trim();
  const address = text.replace(/^</, "").replace(/>$/, "").toLowerCase();
  return address.includes("@") && !/\s/.test(address) ? address : null;
}

/** Fields of each block, in Maps: `__proto__` is a name like any other (I11). The first of a name wins. */
export function* blocksOf(text: string): Generator<Map<string, string>> {
  let block = new Map<string, string>();
  let last: string | null = null;
  for (const line of text.slice(0, TEXT_CAP).split(/\r?\n/)) {
    if (line.trim() === "") {
      if (block.size > 0) yield block;
      block = new Map();
      last = null;
    } else if (/^[ \t]/.test(line)) {
      if (last !== null) block.set(last, `${block.get(last) ?? ""} ${line.trim()}`);
    } else {
      const colon = line.indexOf(":");
      const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
      last = name === "" || block.has(name) ? null : name;
      if (last !== null) block.set(last, line.slice(colon + 1).trim());
    }
  }
  if (block.size > 0) yield block;
}
