// What the classifier sees of a reply: cues in any language, shapes, and hashed words and letters. Corrections are stored
// in this form, so its numbers may not change without a new FEATURE_VERSION (a test holds them).

import { foldWords } from "./fold-words.ts";
import { CUE_INDEX, CUE_NAMES } from "./meaning-cues.ts";
import { findPhrases } from "./phrases.ts";
import { type Span, splitSentences } from "./sentences.ts";

export const FEATURE_VERSION = 1;

/** Empty, one word, few, short, middling, long; a question, an exclamation, an address, a link, a number, a time. */
const SHAPES = 12;
const CUES = CUE_NAMES.length;
const PAIRS = (CUES * (CUES - 1)) / 2;
/** Cues, shapes, pairs of cues, cues in a question. */
const PLAIN = CUES + SHAPES + PAIRS + CUES;
const BUCKETS = 1 << 15;
/** As many features there are. */
export const FEATURES = PLAIN + BUCKETS;
/** A longer text says what it means at its start. */
const TEXT_CAP = 4000;
const WORD_CAP = 24;
/** What the hashed words of a text weigh together beside one cue. */
const HASHED_WEIGHT = 3;

export interface Features {
  /** Each feature once, in the order in which it was seen. */
  ids: Uint16Array;
  /** Which sentence each one stands in first; those of the whole text stand in the first. */
  sentence_of: Uint16Array;
  sentences: readonly Span[];
  /** Bits of the cues that were found, bit n = CUE_NAMES[n]. */
  cues: number;
  /** Bits of those of which a phrase of more than one word was found. */
  phrases: number;
  /** Bits of those that stand in a question. */
  questions: number;
  /** The sentence of each cue's first phrase. */
  phrase_in: Readonly<Record<number, number>>;
  words: number;
}

/** What a feature counts in a text with this many hashed ones. */
export const hashedValue = (hashed: number): number =>
  hashed === 0 ? 0 : HASHED_WEIGHT / Math.sqrt(hashed);

export const isHashed = (id: number): boolean => id >= PLAIN;

/** The features of a reply's new text. Linear in its length, of which 4,000 characters count. */
export function featuresOf(text: string): Features {
  const capped = text.slice(0, TEXT_CAP);
  const sentences = splitSentences(capped);
  const seen = new Uint8Array(FEATURES);
  const ids: number[] = [];
  const places: number[] = [];
  const add = (id: number, sentence: number) => {
    if (seen[id] === 1) return;
    seen[id] = 1;
    ids.push(id);
    places.push(sentence);
  };
  const phrase_in: Record<number, number> = {};
  const found = { cues: 0, phrases: 0, words: 0, questions: 0 };
  for (const [at, { start, end }] of sentences.entries()) {
    const sentence = capped.slice(start, end);
    const folded = foldWords(sentence);
    const is_question = /[?？]|か[。.]?$/.test(sentence);
    findPhrases(CUE_INDEX, folded, (cue, _, words) => {
      found.cues |= 1 << cue;
      if (is_question) found.questions |= 1 << cue;
      if (isPhrase(words)) {
        found.phrases |= 1 << cue;
        phrase_in[cue] ??= at;
      }
      add(cue, at);
    });
    found.words += addWords(folded, (hash) => add(PLAIN + (hash & (BUCKETS - 1)), at));
  }
  addShapes(capped, found.words, (shape) => add(CUES + shape, 0));
  addPairs(found.cues, found.questions, (pair) => add(CUES + SHAPES + pair, 0));
  const arrays = { ids: Uint16Array.from(ids), sentence_of: Uint16Array.from(places) };
  return { ...arrays, ...found, sentences, phrase_in };
}

/** More than one word, or as much in a script without blanks. */
const isPhrase = (words: string): boolean =>
  words.trimEnd().includes(" ") || (words.length >= 4 && words.charCodeAt(0) >= 0x3040);

function addShapes(text: string, words: number, add: (shape: number) => void): void {
  const length = [0, 1, 4, 12, 40].findIndex((most) => words <= most);
  add(length < 0 ? 5 : length);
  if (/[?？]/.test(text)) add(6);
  if (/[!！]/.test(text)) add(7);
  if (/[^\s@]@[^\s@]+\.[^\s@]/.test(text)) add(8);
  if (/https?:|www\./i.test(text)) add(9);
  if (/\d[\d ()/-]{5,}\d/.test(text)) add(10);
  if (/\b\d{1,2}(?:[:.h]\d\d|\s?(?:am|pm|uhr|h|uur)\b)|\d時/i.test(text)) add(11);
}

function addPairs(cues: number, questions: number, add: (pair: number) => void): void {
  let pair = 0;
  for (let one = 0; one < CUES; one++) {
    for (let other = one + 1; other < CUES; other++, pair++) {
      if (((cues >> one) & (cues >> other) & 1) === 1) add(pair);
    }
    if (((questions >> one) & 1) === 1) add(PAIRS + one);
  }
}

/** Hashes words, pairs of neighbours and runs of 3 to 5 letters (FNV-1a); answers how many words there were. */
function addWords(folded: string, add: (hash: number) => void): number {
  let words = 0;
  let before = 0;
  for (let at = 1; at < folded.length; at = folded.indexOf(" ", at) + 1) {
    const end = folded.indexOf(" ", at);
    if (end < 0) break;
    const word = hashOf(folded, at, Math.min(end, at + WORD_CAP), 0x811c9dc5);
    add(mixed(word ^ 0x57));
    add(mixed(Math.imul(before, 31) ^ word));
    before = word;
    words++;
    addRuns(folded, { from: at - 1, to: Math.min(end + 1, at + 200) }, add);
  }
  return words;
}

function addRuns(
  folded: string,
  { from, to }: { from: number; to: number },
  add: (hash: number) => void,
): void {
  for (let start = from; start + 3 <= to; start++) {
    let hash = hashOf(folded, start, start + 2, 0x9e3779b9);
    for (let end = start + 3; end <= start + 5 && end <= to; end++) {
      hash = hashOf(folded, end - 1, end, hash);
      add(mixed(hash));
    }
  }
}

function hashOf(text: string, from: number, to: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** FNV's low bits are its worst: fold the high ones into them. */
const mixed = (hash: number): number => (hash ^ (hash >>> 15)) >>> 0;
