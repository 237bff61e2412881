// Whether somebody asks for no more mail, in the new text only: legal weight, so it is never left to a model.
import { findPhrase, foldWords } from "./fold-words.ts";
import { CLICK_PHRASES, OPT_OUT_PHRASES, OPT_OUT_WORDS } from "./opt-out-words.ts";
import { baseSubject } from "./threading.ts";

/** As many words may stand around a lone "stop" or "abmelden": "Hello, please stop. Thanks, Anna". */
const SHORT_TEXT_WORDS = 6;
const TEXT_CAP = 64 * 1024;

/** The line that asks for it and how sure that is (0 to 1), or null. */
export function findOptOut(
  new_text: string,
  subject: string,
): { evidence: string; confidence: number } | null {
  const lines = new_text
    .slice(0, TEXT_CAP)
    .split("\n")
    .filter((line) => !isNewsletterFooter(line));
  const folded = foldWords(lines.join("\n"));
  const phrase = findPhrase(folded, OPT_OUT_PHRASES);
  if (phrase !== null) return { evidence: lineWith(lines, phrase), confidence: 0.95 };
  const words = folded.split(" ", SHORT_TEXT_WORDS + 3).filter((word) => word !== "");
  const word =
    words.length <= SHORT_TEXT_WORDS
      ? words.find((one) => OPT_OUT_WORDS.has(one) && !folded.includes(` ${one} by `))
      : undefined;
  if (word !== undefined) return { evidence: lines.join(" "), confidence: 0.95 };
  const title = foldWords(baseSubject(subject.slice(0, 300))).trim();
  // Only where the subject is nothing else: an answer keeps ours, and that may hold any word.
  return OPT_OUT_WORDS.has(title) ? { evidence: `Subject: ${subject}`, confidence: 0.9 } : null;
}

/** A line of the sender's own newsletter: it asks the reader to click, and speaks of nobody's own wish. */
function isNewsletterFooter(line: string): boolean {
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
