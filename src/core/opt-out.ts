// Whether somebody asks for no more mail, in the new text only: legal weight, so it is never left to a model.

import { findPhrase, foldWords } from "./fold-words.ts";
import { HARMLESS, NO_WISH, OPT_OUT_RULES, OPT_OUT_RUNS } from "./opt-out-rules.ts";
import {
  CLICK_PHRASES,
  COURTESIES,
  OPT_OUT_PHRASES,
  OPT_OUT_VERBS,
  OPT_OUT_WORDS,
} from "./opt-out-words.ts";
import { baseSubject } from "./threading.ts";
import { holdsAny, wordRules } from "./word-rules.ts";

const RULES = wordRules(OPT_OUT_RULES);

/** As many words may stand around a lone "stop" or "abmelden": "Hello, please stop. Thanks, Anna". */
const SHORT_TEXT_WORDS = 6;
const TEXT_CAP = 64 * 1024;
/** Words of one wish stand together. */
const SENTENCE_WORDS = 30;
const SENTENCES_CAP = 500;

/** The line that asks for it and how sure that is (0 to 1), or null. */
export function findOptOut(
  new_text: string,
  subject: string,
): { evidence: string; confidence: number } | null {
  const lines = new_text
    .slice(0, TEXT_CAP)
    .split("\n")
    .filter((line) => !isNewsletterFooter(line));
  const folded = withoutHarmless(foldWords(lines.join("\n")));
  const phrase = findPhrase(folded, OPT_OUT_PHRASES) ?? findPhrase(folded, OPT_OUT_RUNS);
  if (phrase !== null) return { evidence: lineWith(lines, phrase), confidence: 0.95 };
  const sentence = sentencesOf(lines).find(asks);
  if (sentence !== undefined) return { evidence: sentence, confidence: 0.9 };
  if (isLoneWord(folded)) return { evidence: lines.join(" "), confidence: 0.95 };
  const title = foldWords(baseSubject(subject.slice(0, 300))).trim();
  // Only where the subject is nothing else: an answer keeps ours, and that may hold any word.
  return OPT_OUT_WORDS.has(title) || OPT_OUT_VERBS.has(title)
    ? { evidence: `Subject: ${subject}`, confidence: 0.9 }
    : null;
}

/** "STOP", "Hello, please stop. Thanks, Anna"; of a verb that takes an object only "please remove". */
function isLoneWord(folded: string): boolean {
  const words = folded.split(" ", SHORT_TEXT_WORDS + 3).filter((word) => word !== "");
  if (words.length > SHORT_TEXT_WORDS) return false;
  if (words.some((one) => OPT_OUT_WORDS.has(one) && !folded.includes(` ${one} by `))) return true;
  const telling = words.filter((word) => !COURTESIES.has(word));
  return telling.length === 1 && OPT_OUT_VERBS.has(telling[0] ?? "");
}

/** Harmless phrases become a mark that no word is. */
function withoutHarmless(folded: string): string {
  let rest = folded;
  for (const phrase of HARMLESS) if (rest.includes(phrase)) rest = rest.replaceAll(phrase, " ~ ");
  return rest;
}

/** The sentences of all lines, a wrapped one joined. */
function sentencesOf(lines: readonly string[]): string[] {
  const text = lines.map((line) => (line === "" ? "." : line)).join(" ");
  return text
    .split(/[.!?;。！？]+(?:\s|$)|[。！？]/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "")
    .slice(0, SENTENCES_CAP);
}

function asks(sentence: string): boolean {
  const words = withoutHarmless(foldWords(sentence)).trim().split(" ");
  // People who use no full stops write long sentences: windows that overlap by half.
  for (
    let from = 0;
    from === 0 || from + SENTENCE_WORDS / 2 < words.length;
    from += SENTENCE_WORDS / 2
  ) {
    const near = words.slice(from, from + SENTENCE_WORDS);
    if (!near.some((word) => NO_WISH.has(word)) && holdsAny(RULES, near)) return true;
  }
  return false;
}

/** A line of the sender's own newsletter: it asks the reader to click, and speaks of nobody's own wish. */
function isNewsletterFooter(line: string): boolean {
  if (line.length < 8) return false;
  const folded = foldWords(line.slice(0, 998));
  const isPersonal = [" me ", " my ", " mich ", " moi ", " mi ", " mij "].some((word) =>
    folded.includes(word),
  );
  return !isPersonal && findPhrase(folded, CLICK_PHRASES) !== null;
}

/** A phrase may run over a line end: then the whole text is the evidence. */
function lineWith(lines: readonly string[], phrase: string): string {
  return lines.find((line) => foldWords(line).includes(phrase)) ?? lines.join(" ");
}
