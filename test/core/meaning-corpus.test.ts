// The labelled replies and what was trained on them: large enough, no text twice, the shipped weights are their own, and
// the goals hold on texts that the model has not seen.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";

import { HELD_OUT, nearDuplicates, readCorpus, TRAINING } from "../../scripts/meaning-corpus.ts";
import { scoreAll } from "../../scripts/meaning-score.ts";
import { trainModel } from "../../scripts/meaning-training.ts";
import { MEANINGS } from "../../src/core/meaning.ts";

const corpus = readCorpus(TRAINING);
const held_out = readCorpus(HELD_OUT);
/** Training takes two seconds, and more where eight others train as well. */
const PATIENCE_MS = 120_000;

test("every meaning has 150 texts of its own and every language all meanings", () => {
  for (const meaning of MEANINGS) {
    const texts = corpus.filter(({ category }) => category === meaning);
    expect(texts.length).toBeGreaterThanOrEqual(150);
    expect(new Set(texts.map(({ language }) => language)).size).toBe(11);
  }
});

test("no text stands in the training set twice, and few of the held-out ones stand in it", () => {
  expect([...nearDuplicates(corpus, corpus)]).toEqual([]);
  // Two authors both wrote "No thanks": those are left out of the score.
  expect(nearDuplicates(held_out, corpus).size).toBeLessThanOrEqual(held_out.length * 0.15);
});

test(
  "the weights in the program are those that the corpus gives",
  () => {
    const shipped = readFileSync("src/core/meaning-weights.b64", "utf8").trim();
    expect(trainModel(corpus).bytes.toBase64() === shipped).toBe(true);
  },
  PATIENCE_MS,
);

test(
  "texts that the model has not seen are judged as well as was promised",
  () => {
    const score = scoreAll().at(-1);
    expect(score?.accuracy).toBeGreaterThanOrEqual(0.94);
    expect(score?.sure.accuracy).toBeGreaterThanOrEqual(0.95);
    expect(score?.rule.accuracy).toBeGreaterThanOrEqual(0.97);
    expect(score?.opt_out.recall).toBeGreaterThanOrEqual(0.97);
  },
  PATIENCE_MS,
);
