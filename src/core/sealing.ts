// Seals a mailbox login with AES-256-GCM, bound to its row and column: a sealed value moved elsewhere does not open.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from "node:crypto";

import type { Random } from "./random.ts";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where a sealed value lives. */
export interface SealedPlace {
  table: string;
  row: number;
  column: string;
}

const additional = (place: SealedPlace) =>
  Buffer.from(`${VERSION}|${place.table}|${place.row}|${place.column}`, "utf8");

/** `version ‖ nonce ‖ ciphertext ‖ tag`. `key` is 32 bytes. */
export function seal(
  key: Uint8Array,
  place: SealedPlace,
  plain: Uint8Array,
  random: Random,
): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(additional(place));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from([VERSION]), nonce, body, cipher.getAuthTag()]);
}

/** The plain bytes, or null when the key or the place is another one. */
export function unseal(key: Uint8Array, place: SealedPlace, sealed: Uint8Array): Uint8Array | null {
  if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) return null;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(additional(place));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES)),
      decipher.final(),
    ]);
  } catch {
    return null; // the tag does not fit: another key, another place, or a flipped bit
  }
}

/** A key of 32 bytes for one purpose, derived from a root (RFC 5869). */
export function deriveKey(root: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", root, new Uint8Array(0), purpose, 32));
}

/** What may be stored to recognise a key again: it says nothing about the key. */
export function keyFingerprint(key: Uint8Array): Uint8Array {
  return createHash("sha256").update("imail key fingerprint").update(key).digest();
}

/** The keyed hash under which an address or domain is suppressed; it outlives erasure. */
export function suppressionKey(key: Uint8Array, value: string): Uint8Array {
  return createHmac("sha256", key).update(value).digest();
}
