// Opt-outs in sixteen languages against harmless words of the same kind: of 400 requests at least 396 are found, of 400
// harmless answers none is taken for one, with our own footer quoted below every one of them.

import { expect, test } from "bun:test";

import { judgeMail } from "../../src/core/classify.ts";
import { readLanguages } from "../world/corpus.ts";
import { mailOf } from "./mails.ts";

const FOOTER =
  "\n\nOn 20 Nov 2026 Me <me@acme.test> wrote:\n> Hi\n> To unsubscribe, reply with STOP or click here: https://acme.test/u";
const isFound = ({ text }: { text: string }): boolean =>
  judgeMail(mailOf({ text: text + FOOTER, subject: "Re: Remove the guesswork" })).kind ===
  "unsubscribe";

const asks = await readLanguages("opt-out/asks.txt");
const harmless = await readLanguages("opt-out/harmless.txt");

test("at least 99 % of 400 requests in 16 languages are found", () => {
  const missed = asks.filter((one) => !isFound(one));
  expect(asks.length).toBeGreaterThanOrEqual(400);
  expect(new Set(asks.map(({ language }) => language)).size).toBeGreaterThanOrEqual(12);
  expect(missed.length, JSON.stringify(missed)).toBeLessThanOrEqual(asks.length / 100);
});

test("none of 400 harmless answers with the same words is one", () => {
  expect(harmless.length).toBeGreaterThanOrEqual(400);
  expect(harmless.filter(isFound)).toEqual([]);
});

test.each([
  "ich melde mich hiermit ab",
  "Ich melde mich ab.",
  "Please stop at once.",
  "Do not contact my company again.",
  "Your unsubscribe link does not work.",
  "Ich kann mich nicht abmelden.",
  "Please do not send the newsletter anymore",
  `hello there ${"and so on ".repeat(15)}please strike our address from your records`,
])("a harmless phrase hides no request: %s", (text) => {
  expect(isFound({ text })).toBeTrue();
});
