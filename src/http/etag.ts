// Tags of single resources (RFC 9110 8.8.3). A tag has two parts: what PATCH can change, and all that is shown. A copy is
// fresh while all of it is the same (If-None-Match); a change is safe while nobody else has changed what can be changed
// (If-Match), though a counter may have moved meanwhile.

import { createHash } from "node:crypto";

import { base32 } from "../core/signing.ts";
import { isRecord } from "./json-body.ts";

const hashOf = (text: string) => base32(createHash("sha256").update(text).digest().subarray(0, 10));

/** The tag of a body `{ success, data }`; `fields` are those that PATCH takes. */
export function tagOf(body: string, fields: readonly string[]): string {
  const whole = hashOf(body);
  const answer: unknown = fields.length === 0 ? null : JSON.parse(body);
  const data = isRecord(answer) && isRecord(answer["data"]) ? answer["data"] : {};
  const kept = fields.filter((field) => Object.hasOwn(data, field));
  const part = kept.length === 0 ? whole : hashOf(JSON.stringify(kept.map((field) => data[field])));
  return `"${part}-${whole}"`;
}

const tagsIn = (header: string) => header.match(/(?:W\/)?"[^"]*"/g) ?? [];

/** Is what the caller has the same as `tag`? Compared weakly, as RFC 9110 13.1.2 says. */
export function isFresh(if_none_match: string, tag: string): boolean {
  if (if_none_match.trim() === "*") return true;
  return tagsIn(if_none_match).some((one) => one.replace(/^W\//, "") === tag);
}

/** May what the caller has read be changed? Weak tags never match, as RFC 9110 13.1.1 says. */
export function mayChange(if_match: string, tag: string): boolean {
  if (if_match.trim() === "*") return true;
  const part = tag.slice(0, tag.indexOf("-") + 1);
  return tagsIn(if_match).some((one) => one.startsWith(part));
}
