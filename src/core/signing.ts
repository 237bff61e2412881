// Keyed marks that others carry back to us: HMAC-SHA-256 cut to 16 bytes, as lower-case base32.
// Nothing is decoded before the mark was compared, so any changed character is simply "not ours" (T1).
import { createHmac, timingSafeEqual } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const VERSION = "imail/1";

/** Length of a mark in characters: 16 bytes as base32. */
export const MARK_LENGTH = 26;

/** Crockford base32 of bytes, lower case, no padding. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31] ?? "";
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + (ALPHABET[(held << (5 - bits)) & 31] ?? "") : text;
}

/** The mark of `text` for one kind of use, 26 characters. `kind` holds no NUL, so two kinds never share a mark. */
export function markOf(secret: Uint8Array, kind: string, text: string): string {
  if (kind.includes("\0")) throw new TypeError("kind holds a NUL");
  const mac = createHmac("sha256", secret).update(`${VERSION}\0${kind}\0${text}`).digest();
  return base32(mac.subarray(0, 16));
}

/** Whether two strings are equal, in a time that says nothing about where they differ. */
export function sameText(one: string, other: string): boolean {
  const left = Buffer.from(one);
  const right = Buffer.from(other);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Whether `mark` is ours for this text. Base32 has no case: servers may change that of an address. */
export function isMark(secret: Uint8Array, kind: string, text: string, mark: string): boolean {
  return mark.length === MARK_LENGTH && sameText(markOf(secret, kind, text), mark.toLowerCase());
}

/** A public token: its mark, then `body` (letters, digits, `_`, `-`; the target is looked up, never carried). */
export function signToken(secret: Uint8Array, kind: string, body: string): string {
  if (!isTokenBody(body)) throw new TypeError("a token's body holds letters, digits, _ and - only");
  return markOf(secret, kind, body) + body;
}

/** The body of a token of this kind, or null when it is not ours. */
export function readToken(secret: Uint8Array, kind: string, token: string): string | null {
  const body = token.slice(MARK_LENGTH);
  if (!isTokenBody(body)) return null;
  return sameText(markOf(secret, kind, body), token.slice(0, MARK_LENGTH)) ? body : null;
}

function isTokenBody(body: string): boolean {
  return body.length <= 100 && /^[A-Za-z0-9_-]+$/.test(body);
}
