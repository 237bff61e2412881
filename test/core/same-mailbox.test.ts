// Two spellings of one mailbox.
import { expect, test } from "bun:test";

import { isSameMailbox } from "../../src/core/same-mailbox.ts";

test("case and plus tags are spelling, and dots are at Gmail", () => {
  expect(isSameMailbox("Lea@Lead.test", "lea+work@lead.test")).toBe(true);
  expect(isSameMailbox("l.e.a@gmail.com", "lea@googlemail.com")).toBe(true);
  expect(isSameMailbox("l.ea@lead.test", "lea@lead.test")).toBe(false);
  expect(isSameMailbox("lea@lead.test", "lea@other.test")).toBe(false);
  expect(isSameMailbox("", "")).toBe(false);
  expect(isSameMailbox("+a@lead.test", "+b@lead.test")).toBe(false);
});
