// Scores of the classifier of replies: on the held-out set with the shipped weights, and on the training set by
// cross-validation, where each text is judged by a model that was trained without it.

import { softmax } from "../src/core/meaning-model.ts";
import {
  type JudgedMeaning,
  judgeMeaning,
  type Meaning,
  MEANINGS,
  UNSURE_BELOW,
} from "../src/core/meaning.ts";
import { HELD_OUT, type Labelled, nearDuplicates, readCorpus, TRAINING } from "./meaning-corpus.ts";
import { calibrate, crossScores, FOLDS } from "./meaning-training.ts";

interface Said {
  one: Labelled;
  said: Pick<JudgedMeaning, "category" | "confidence" | "unsure" | "source">;
}

export interface Score {
  name: string;
  texts: number;
  /** Of all texts, unsure ones by their best category. */
  accuracy: number;
  sure: { coverage: number; accuracy: number };
  rule: { coverage: number; accuracy: number };
  opt_out: { recall: number; precision: number };
  by_category: { name: string; precision: number; recall: number; texts: number }[];
  by_language: { name: string; accuracy: number; sure: number; texts: number }[];
  confusion: Record<string, Record<string, number>>;
  wrong: string[];
}

const isRight = ({ one, said }: Said): boolean => one.category === said.category;
const share = (part: readonly unknown[], whole: readonly unknown[]): number =>
  whole.length === 0 ? 1 : part.length / whole.length;

/** Held-out set first, where it is there. */
export function scoreAll(): Score[] {
  const all = readCorpus(HELD_OUT);
  // "ok" is everybody's: what stands in the training set as well is no proof of anything.
  const repeated = nearDuplicates(all, readCorpus(TRAINING));
  const held_out = all
    .filter((one) => !repeated.has(one))
    .map((one) => ({ one, said: judgeMeaning(one.text, "") }));
  const scores = held_out.length === 0 ? [] : [scoreOf("held-out texts", held_out)];
  return [...scores, scoreOf(`own texts, cross-validated in ${FOLDS} parts`, crossValidated())];
}

/** Rules as they are; what they leave to the model is said by one that has not seen the text. */
function crossValidated(): Said[] {
  const scored = crossScores(readCorpus(TRAINING));
  const temperature = calibrate(scored);
  return scored.map(({ one, scores }) => {
    const said = judgeMeaning(one.text, "");
    if (said.source === "rule") return { one, said };
    const chances = softmax(scores, temperature);
    const allowed = MEANINGS.map((_, at) =>
      MEANINGS[at] === "unsubscribe_request" && (chances[at] ?? 0) < 0.5 ? 0 : (chances[at] ?? 0),
    );
    const confidence = Math.max(...allowed);
    const category: Meaning = MEANINGS[allowed.indexOf(confidence)] ?? "other";
    return {
      one,
      said: { category, confidence, unsure: confidence < UNSURE_BELOW, source: "model" },
    };
  });
}

function scoreOf(name: string, all: readonly Said[]): Score {
  const right = all.filter(isRight);
  const sure = all.filter(({ said }) => !said.unsure);
  const rule = all.filter(
    ({ said }) => said.source === "rule" && said.category !== "unsubscribe_request",
  );
  const by_category = MEANINGS.map((meaning) => {
    const are = all.filter(({ one }) => one.category === meaning);
    const are_said = all.filter(({ said }) => said.category === meaning);
    return {
      name: meaning,
      precision: share(are_said.filter(isRight), are_said),
      recall: share(are.filter(isRight), are),
      texts: are.length,
    };
  });
  const opt_out = by_category.find(({ name: one }) => one === "unsubscribe_request");
  return {
    name,
    texts: all.length,
    accuracy: share(right, all),
    sure: { coverage: share(sure, all), accuracy: share(sure.filter(isRight), sure) },
    rule: { coverage: share(rule, all), accuracy: share(rule.filter(isRight), rule) },
    opt_out: { recall: opt_out?.recall ?? 1, precision: opt_out?.precision ?? 1 },
    by_category,
    by_language: languagesOf(all),
    confusion: confusionOf(all),
    wrong: all.filter((said) => !isRight(said)).map(tell),
  };
}

const languagesOf = (all: readonly Said[]): Score["by_language"] =>
  [...new Set(all.map(({ one }) => one.language))].toSorted().map((language) => {
    const spoken = all.filter(({ one }) => one.language === language);
    const sure = spoken.filter(({ said }) => !said.unsure);
    return {
      name: language,
      accuracy: share(spoken.filter(isRight), spoken),
      sure: share(sure, spoken),
      texts: spoken.length,
    };
  });

const confusionOf = (all: readonly Said[]): Score["confusion"] =>
  Object.fromEntries(
    MEANINGS.map((is) => [
      is,
      Object.fromEntries(
        MEANINGS.map((said) => [
          said,
          all.filter((each) => each.one.category === is && each.said.category === said).length,
        ]),
      ),
    ]),
  );

const tell = ({ one, said }: Said): string =>
  `${one.language} ${one.category} -> ${said.category} (${said.source} ${said.confidence}): ${one.text.replaceAll("\n", " ").slice(0, 100)}`;
