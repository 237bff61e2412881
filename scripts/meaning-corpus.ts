// The labelled replies: one file per language, `category<TAB>text`, `\n` for a line end in the text.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { foldWords } from "../src/core/fold-words.ts";
import { type Meaning, MEANINGS } from "../src/core/meaning.ts";
import { ROOT } from "./install.ts";

export interface Labelled {
  language: string;
  category: Meaning;
  text: string;
}

export const TRAINING = "test/corpus/meanings";
export const HELD_OUT = "test/corpus/meanings-held-out";

/** All texts of a set, by language and line; none where the set is not there. Throws on a line that is none. */
export function readCorpus(folder: string): Labelled[] {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return [];
  const files = readdirSync(path).filter((name) => name.endsWith(".tsv"));
  return files.toSorted().flatMap((name) =>
    readFileSync(join(path, name), "utf8")
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "" && !line.startsWith("#"))
      .map((line) => readLine(name, line)),
  );
}

function readLine(name: string, line: string): Labelled {
  const [word = "", text = "", ...more] = line.split("\t");
  const category = MEANINGS.find((meaning) => meaning === word);
  if (category === undefined || text.trim() === "" || more.length > 0)
    throw new Error(`${name}: not "category<TAB>text": ${line.slice(0, 80)}`);
  return { language: name.replace(".tsv", ""), category, text: text.replaceAll("\\n", "\n") };
}

/** Runs of four letters of a text without case, accents and punctuation. */
function shinglesOf(text: string): Set<string> {
  const folded = foldWords(text);
  const shingles = new Set<string>();
  for (let at = 0; at + 4 <= folded.length; at++) shingles.add(folded.slice(at, at + 4));
  return shingles;
}

/** Those of the texts that stand among the others too but for some letters: nine tenths of their runs are shared. */
export function nearDuplicates(
  ones: readonly Labelled[],
  others: readonly Labelled[],
): Set<Labelled> {
  const seen = others.map((other) => ({ other, shingles: shinglesOf(other.text) }));
  const where = new Map<string, number[]>();
  for (const [at, { shingles }] of seen.entries())
    for (const shingle of shingles) where.set(shingle, [...(where.get(shingle) ?? []), at]);
  const isRepeated = (one: Labelled): boolean => {
    const shingles = shinglesOf(one.text);
    const shared = new Map<number, number>();
    for (const shingle of shingles)
      for (const at of where.get(shingle) ?? []) shared.set(at, (shared.get(at) ?? 0) + 1);
    return [...shared].some(([at, count]) => {
      const found = seen[at];
      if (found === undefined || found.other === one) return false;
      return count / (shingles.size + found.shingles.size - count) >= 0.9;
    });
  };
  return new Set(ones.filter(isRepeated));
}
