// How the shipped weights come from the labelled replies: the same bytes at every run.

import { featuresOf, isHashed } from "../src/core/meaning-features.ts";
import {
  countHashed,
  type Example,
  MEANINGS,
  scoresOf,
  softmax,
  train,
  type Weights,
} from "../src/core/meaning-model.ts";
import { encodeModel } from "../src/core/meaning-weights.ts";
import type { Labelled } from "./meaning-corpus.ts";

const TRAINING = { epochs: 12, rate: 0.1, decay: 0.001 };
export const FOLDS = 5;
/** Texts of strangers are less like ours than ours are like each other: chances are drawn in by so much. */
const STRANGENESS = 1.3;
const TEMPERATURES = Array.from({ length: 23 }, (_, at) => (8 + at) / 20);

const exampleOf = ({ text, category }: Labelled): Example => ({
  ids: featuresOf(text).ids,
  meaning: MEANINGS.indexOf(category),
});

/** Without what was seen in one text only: it says more of that text than of what people mean. */
export function trainOn(examples: readonly Example[]): Weights {
  const seen = new Map<number, number>();
  for (const { ids } of examples)
    for (const id of Array.from(ids)) seen.set(id, (seen.get(id) ?? 0) + 1);
  const kept = examples.map((example) => ({
    ...example,
    hashed: countHashed(example.ids),
    ids: Array.from(example.ids).filter((id) => !isHashed(id) || (seen.get(id) ?? 0) > 1),
  }));
  return train(kept, TRAINING);
}

/** Each text with its scores by a model that was trained without it. */
export function crossScores(
  corpus: readonly Labelled[],
): { one: Labelled; scores: Float64Array }[] {
  const examples = corpus.map(exampleOf);
  return Array.from({ length: FOLDS }, (_, fold) => {
    const weights = trainOn(examples.filter((_one, at) => at % FOLDS !== fold));
    return corpus
      .map((one, at) => ({ one, at, ids: examples[at]?.ids ?? [] }))
      .filter(({ at }) => at % FOLDS === fold)
      .map(({ one, ids }) => ({ one, scores: scoresOf(weights, ids) }));
  }).flat();
}

/** The temperature at which the chances of unseen texts say most truly how often they are right. */
export function calibrate(scored: ReturnType<typeof crossScores>): number {
  const lossAt = (temperature: number) =>
    scored.reduce((sum, { one, scores }) => {
      const chance = softmax(scores, temperature)[MEANINGS.indexOf(one.category)] ?? 0;
      return sum - Math.log(Math.max(chance, 1e-9));
    }, 0);
  return (
    TEMPERATURES.reduce((best, one) => (lossAt(one) < lossAt(best) ? one : best)) * STRANGENESS
  );
}

/** The bytes of the model of a corpus. */
export function trainModel(corpus: readonly Labelled[]): {
  bytes: Uint8Array;
  temperature: number;
} {
  const temperature = calibrate(crossScores(corpus));
  return { bytes: encodeModel(trainOn(corpus.map(exampleOf)), temperature), temperature };
}
