// A mailbox login under AES-256-GCM: it opens in its own row and column, with its own key, and nowhere else.
import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";

import {
  deriveKey,
  keyFingerprint,
  seal,
  type SealedPlace,
  unseal,
} from "../../src/core/sealing.ts";

const random = { next: () => 0.5, bytes: (length: number) => randomBytes(length) };
const key = randomBytes(32);
const place: SealedPlace = { table: "inboxes", row: 7, column: "smtp_password" };
const plain = Buffer.from("pass wörd", "utf8");
const opened = (sealed: Uint8Array, at: SealedPlace = place, with_key: Uint8Array = key) => {
  const bytes = unseal(with_key, at, sealed);
  return bytes === null ? null : Buffer.from(bytes).toString("utf8");
};

test("what was sealed opens again, and never looks the same twice", () => {
  const one = seal(key, place, plain, random);
  expect(opened(one)).toBe("pass wörd");
  expect(Buffer.from(one).equals(Buffer.from(seal(key, place, plain, random)))).toBe(false);
  expect(Buffer.from(one).includes("pass")).toBe(false);
});

test("moved to another row, column or table it does not open", () => {
  const sealed = seal(key, place, plain, random);
  expect(opened(sealed, { ...place, row: 8 })).toBeNull();
  expect(opened(sealed, { ...place, column: "imap_password" })).toBeNull();
  expect(opened(sealed, { ...place, table: "leads" })).toBeNull();
});

test("another key, a flipped bit, a cut or another version do not open", () => {
  const sealed = seal(key, place, plain, random);
  expect(opened(sealed, place, randomBytes(32))).toBeNull();
  for (let i = 0; i < sealed.length; i++) {
    const flipped = Buffer.from(sealed);
    flipped[i] = (flipped[i] ?? 0) ^ 1;
    expect(opened(flipped)).toBeNull();
  }
  expect(opened(sealed.subarray(0, 20))).toBeNull();
});

test("a fingerprint recognises a key and keys of two purposes differ", () => {
  expect(Buffer.from(keyFingerprint(key)).equals(Buffer.from(keyFingerprint(key)))).toBe(true);
  expect(Buffer.from(keyFingerprint(key)).includes(key)).toBe(false);
  expect(Buffer.from(deriveKey(key, "a")).equals(Buffer.from(deriveKey(key, "b")))).toBe(false);
});
