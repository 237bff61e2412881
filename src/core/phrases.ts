// Many phrases looked for in one pass over a text: thousands of them cost no more than the text is long.

import { foldWords } from "./fold-words.ts";

interface Entry {
  words: string;
  group: number;
}

export type PhraseIndex = ReadonlyMap<string, readonly Entry[]>;

/** Scripts without blanks between words: a phrase may begin anywhere. */
const RUNS_ON = /[\u3040-\u30ff\u3400-\u9fff]/;

/** An index of groups of lines of phrases, parted by `|`; one that ends in `*` may go on within its last word. */
export function indexPhrases(groups: readonly (readonly string[])[]): PhraseIndex {
  const index = new Map<string, Entry[]>();
  for (const [group, lines] of groups.entries()) {
    for (const phrase of lines.flatMap((line) => line.split("|"))) {
      const folded = foldWords(phrase).trim();
      const runs_on = RUNS_ON.test(folded) || phrase.trim().endsWith("*");
      const words = runs_on ? folded : `${folded} `;
      const key = words.slice(0, 2);
      index.set(key, [...(index.get(key) ?? []), { words, group }]);
    }
  }
  return index;
}

/** Tells of every phrase in a folded text (` word word `): its group, where it begins and its words, in order. */
export function findPhrases(
  index: PhraseIndex,
  folded: string,
  found: (group: number, at: number, words: string) => void,
): void {
  for (let at = 0; at < folded.length - 1; at++) {
    const starts_word = at === 0 || folded.charCodeAt(at - 1) === 32;
    if (!starts_word && folded.charCodeAt(at) < 0x3040) continue;
    for (const { words, group } of index.get(folded.slice(at, at + 2)) ?? []) {
      if (folded.startsWith(words, at)) found(group, at, words);
    }
  }
}
