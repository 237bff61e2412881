// Multinomial logistic regression over the features of a reply: the trained weights, and how they are trained. The same
// bytes on every machine, so no Math.exp: only sums, products, quotients and roots, which IEEE 754 fixes to the last bit.

import { FEATURES, type Features, hashedValue, isHashed } from "./meaning-features.ts";

/** What a person's reply can mean, in the order of the weights (domain.md "Inbound mail"). */
export const MEANINGS = [
  "interested",
  "meeting_requested",
  "question",
  "referral",
  "not_now",
  "not_interested",
  "wrong_person",
  "other",
  "unsubscribe_request",
] as const;
export type Meaning = (typeof MEANINGS)[number];
const CLASSES = MEANINGS.length;

/** Rows of weights, one for each feature that was seen. */
export interface Weights {
  /** The row of a feature, or -1. */
  rowOf(id: number): number;
  rows: Float32Array;
}

export interface Model extends Weights {
  /** Scores are divided by it, so that a confidence of 0.8 is right eight times out of ten. */
  temperature: number;
}

/** An example to train on. `base` are log chances that are known already: only what differs is learnt. */
export interface Example {
  ids: ArrayLike<number>;
  meaning: number;
  /** How many hashed features the text has, where `ids` leaves some out. */
  hashed?: number;
  base?: Float64Array;
}

export interface Training {
  epochs: number;
  rate: number;
  /** How strongly weights are pulled to nothing: the less evidence, the more it wins. */
  decay: number;
}

/** e^x within 1e-12, the same everywhere. */
export function exp(x: number): number {
  if (x < -700) return 0;
  const halvings = 10;
  const small = x / 1024;
  let term = 1;
  let sum = 1;
  for (let n = 1; n <= 16; n++) {
    term = (term * small) / n;
    sum += term;
  }
  for (let n = 0; n < halvings; n++) sum *= sum;
  return sum;
}

/** Chances from scores. */
export function softmax(scores: ArrayLike<number>, temperature = 1): Float64Array {
  let top = -Infinity;
  for (let at = 0; at < CLASSES; at++) top = Math.max(top, scores[at] ?? 0);
  const chances = new Float64Array(CLASSES);
  let sum = 0;
  for (let at = 0; at < CLASSES; at++) {
    const chance = exp(((scores[at] ?? 0) - top) / temperature);
    chances[at] = chance;
    sum += chance;
  }
  for (let at = 0; at < CLASSES; at++) chances[at] = (chances[at] ?? 0) / sum;
  return chances;
}

/** How many of the features are hashed ones. */
export const countHashed = (ids: ArrayLike<number>): number => {
  let hashed = 0;
  for (let at = 0; at < ids.length; at++) if (isHashed(ids[at] ?? 0)) hashed++;
  return hashed;
};

/** The score of each meaning. */
export function scoresOf(weights: Weights, ids: ArrayLike<number>): Float64Array {
  const scores = new Float64Array(CLASSES);
  const hashed = hashedValue(countHashed(ids));
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at] ?? 0;
    const row = weights.rowOf(id) * CLASSES;
    if (row < 0) continue;
    const value = isHashed(id) ? hashed : 1;
    for (let c = 0; c < CLASSES; c++)
      scores[c] = (scores[c] ?? 0) + value * (weights.rows[row + c] ?? 0);
  }
  return scores;
}

/** The sentence that speaks most for a meaning against the others: its number. */
export function weightiestSentence(weights: Weights, features: Features, meaning: number): number {
  const { ids, sentence_of, sentences } = features;
  const sums = new Float64Array(sentences.length);
  const hashed = hashedValue(countHashed(ids));
  for (const [at, id] of ids.entries()) {
    const row = weights.rowOf(id) * CLASSES;
    if (row < 0) continue;
    let all = 0;
    for (let c = 0; c < CLASSES; c++) all += weights.rows[row + c] ?? 0;
    const lead = (weights.rows[row + meaning] ?? 0) - all / CLASSES;
    const place = sentence_of[at] ?? 0;
    sums[place] = (sums[place] ?? 0) + lead * (isHashed(id) ? hashed : 1);
  }
  return sums.reduce((best, sum, at) => (sum > (sums[best] ?? 0) ? at : best), 0);
}

/** Trains by stochastic descent with a step of its own for every weight (Adagrad); no chance in it. */
export function train(examples: readonly Example[], { epochs, rate, decay }: Training): Weights {
  const { compact, rowOf, count } = compacted(examples);
  const rows = new Float32Array(count * CLASSES);
  const squares = new Float64Array(count * CLASSES).fill(1e-6);
  const scores = new Float64Array(CLASSES);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let step = 0; step < compact.length; step++) {
      // A stride without a common divisor goes through all of them in another order.
      const one = compact[(step * 7919 + epoch * 104_729) % compact.length];
      if (one === undefined) continue;
      for (let c = 0; c < CLASSES; c++) scores[c] = one.base?.[c] ?? 0;
      for (const [at, row] of one.rows.entries()) {
        const value = one.values[at] ?? 0;
        for (let c = 0; c < CLASSES; c++)
          scores[c] = (scores[c] ?? 0) + value * (rows[row + c] ?? 0);
      }
      const chances = softmax(scores);
      chances[one.meaning] = (chances[one.meaning] ?? 0) - 1;
      for (const [at, row] of one.rows.entries()) {
        const value = one.values[at] ?? 0;
        for (let c = 0; c < CLASSES; c++) {
          const weight = rows[row + c] ?? 0;
          const slope = (chances[c] ?? 0) * value + decay * weight;
          const square = (squares[row + c] ?? 0) + slope * slope;
          squares[row + c] = square;
          rows[row + c] = weight - (rate * slope) / Math.sqrt(square);
        }
      }
    }
  }
  return { rowOf, rows };
}

function compacted(examples: readonly Example[]) {
  const places = new Int32Array(FEATURES).fill(-1);
  let count = 0;
  const compact = examples.map(({ ids, meaning, base, ...rest }) => {
    const hashed = hashedValue(rest.hashed ?? countHashed(ids));
    const rows = new Int32Array(ids.length);
    const values = new Float64Array(ids.length);
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] ?? 0;
      if ((places[id] ?? -1) < 0) places[id] = count++;
      rows[at] = (places[id] ?? 0) * CLASSES;
      values[at] = isHashed(id) ? hashed : 1;
    }
    return { rows, values, meaning, base };
  });
  return { compact, rowOf: (id: number) => places[id] ?? -1, count };
}
