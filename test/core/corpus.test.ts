// Every mail of the corpus is judged right: what it is, what it proves, and which words are new in it.

import { describe, expect, test } from "bun:test";

import { judgeMail } from "../../src/core/classify.ts";
import { newText } from "../../src/core/reply-text.ts";
import { parseMail } from "../../src/mail/parse.ts";
import { type Answer, readAnswers, readMail } from "../world/corpus.ts";

const answers = await readAnswers();
const received_at = Date.UTC(2026, 10, 21, 9);

async function judged({ file, about }: Answer) {
  const mail = await parseMail(await readMail(file));
  const judgement = judgeMail(mail, {
    received_at,
    own_addresses: ["ana@acme.test"],
    issued: (id) => id.endsWith("@acme.test"),
    ...(about === undefined ? {} : { recipient: about }),
  });
  const { kind, category, bounce, calendar, notice, referred_to, return_date } = judgement;
  return {
    kind,
    category,
    return_date,
    notice,
    referred_to,
    status: bounce?.enhanced_status ?? null,
    fault: bounce?.fault ?? null,
    bounce: bounce?.category ?? null,
    bounce_form: bounce?.form ?? null,
    action: bounce?.action ?? null,
    recipient: bounce?.recipient ?? null,
    ids: judgement.original_message_ids,
    calendar: calendar && {
      method: calendar.method,
      partstat: calendar.partstat,
      start: calendar.start,
    },
    text: newText(mail),
  };
}

describe("the corpus", () => {
  test("has at least 220 mails, and an answer to each", async () => {
    const files = [...new Bun.Glob("*.eml").scanSync("test/corpus/mails")];
    expect(answers.map(({ file }) => `${file}.eml`).toSorted()).toEqual(files.toSorted());
    expect(files.length).toBeGreaterThanOrEqual(220);
  });

  test.each(answers.map((answer) => [answer.file, answer] as const))("%s", async (_, answer) => {
    const { about: _about, action, file: _file, text, ...right } = answer;
    const found = await judged(answer);
    const { text: new_text, action: _action, ...facts } = found;
    const expected: Record<string, unknown> = {
      return_date: null,
      notice: null,
      referred_to: null,
      status: null,
      fault: null,
      bounce: null,
      bounce_form: null,
      recipient: null,
      ids: [],
      calendar: null,
      ...right,
    };
    expect<Record<string, unknown>>(facts).toEqual(expected);
    if (action !== undefined) expect<string | null>(found.action).toBe(action);
    if (text !== undefined) expect(new_text).toBe(text);
  });
});
