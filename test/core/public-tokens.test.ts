// Tokens of public addresses: ours are read, nobody else's are.

import { expect, test } from "bun:test";

import * as fc from "fast-check";

import {
  claimedLedger,
  publicAddress,
  publicToken,
  readPublicToken,
} from "../../src/core/public-tokens.ts";
import type { PublicToken } from "../../src/core/public-tokens.ts";

const KEY = new Uint8Array(32).fill(3);
const token: PublicToken = {
  kind: "click",
  ledger: { workspace_id: 12_345_678_901, mode: "live" },
  message_id: 987_654_321_012,
  link: 7,
};

test("a token says what it was made of", () => {
  const text = publicToken(KEY, token);
  expect(text).toMatch(/^[a-z0-9]{50}$/);
  expect(claimedLedger(text)).toEqual(token.ledger);
  expect(readPublicToken(KEY, "click", text)).toEqual(token);
  const test_mode: PublicToken = {
    ...token,
    kind: "open",
    link: 0,
    ledger: { workspace_id: 1, mode: "test" },
  };
  expect(readPublicToken(KEY, "open", publicToken(KEY, test_mode))).toEqual(test_mode);
  expect(publicAddress("https://t.test", KEY, token)).toBe(`https://t.test/c/${text}`);
});

test("a token of one use is none of another, and another ledger's is none", () => {
  const text = publicToken(KEY, token);
  expect(readPublicToken(KEY, "open", text)).toBeNull();
  expect(readPublicToken(KEY, "unsubscribe", text)).toBeNull();
  expect(readPublicToken(new Uint8Array(32).fill(4), "click", text)).toBeNull();
});

test("whatever character is changed, it is not ours", () => {
  const text = publicToken(KEY, token);
  for (let at = 0; at < text.length; at++)
    for (const other of ["0", "1", "z", "-", "A"]) {
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      if (changed !== text) expect(readPublicToken(KEY, "click", changed)).toBeNull();
    }
});

test("garbage is no token and no fault", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 120 }), (garbage) => {
      expect(readPublicToken(KEY, "click", garbage)).toBeNull();
      claimedLedger(garbage);
    }),
  );
});
