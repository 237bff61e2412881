// Rules over the words of one sentence: every group of a rule must have a word in it, in any order. Each word of the
// sentence is looked up once, so the cost does not grow with the rules.

import { foldWords } from "./fold-words.ts";

/** So many letters find the words that may begin so. */
const KEY = 2;

export interface WordRules {
  words: ReadonlyMap<string, readonly number[]>;
  beginnings: ReadonlyMap<string, readonly (readonly [string, number])[]>;
  /** The numbers of the groups of each rule. */
  rules: readonly (readonly number[])[];
}

/** Rules from lines such as `remove|delete* + me|us`; a `*` at the end of a word lets it go on. */
export function wordRules(lines: readonly string[]): WordRules {
  const words = new Map<string, number[]>();
  const beginnings = new Map<string, [string, number][]>();
  let group = 0;
  const rules = lines.map((line) =>
    line.split("+").map((alternatives) => {
      for (const word of alternatives.split("|").map((one) => one.trim())) {
        const folded = foldWords(word).trim();
        if (word.endsWith("*")) {
          const key = folded.slice(0, KEY);
          beginnings.set(key, [...(beginnings.get(key) ?? []), [folded, group]]);
        } else words.set(folded, [...(words.get(folded) ?? []), group]);
      }
      return group++;
    }),
  );
  return { words, beginnings, rules };
}

/** Whether any rule holds for these folded words. */
export function holdsAny(
  { words, beginnings, rules }: WordRules,
  said: readonly string[],
): boolean {
  const hit = new Set<number>();
  for (const word of new Set(said)) {
    for (const group of words.get(word) ?? []) hit.add(group);
    for (const [beginning, group] of beginnings.get(word.slice(0, KEY)) ?? [])
      if (word.startsWith(beginning)) hit.add(group);
  }
  return rules.some((groups) => groups.every((group) => hit.has(group)));
}
