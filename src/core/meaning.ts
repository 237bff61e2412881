// What a person's reply means: opt-outs by their words, then phrases that have one meaning only, then the trained model
// with what this workspace's owner has corrected. Pure, the same answer on every machine, and never a guess in disguise.

import { type Cue, CUE_NAMES } from "./meaning-cues.ts";
import { type Features, featuresOf, isHashed } from "./meaning-features.ts";
import {
  type Meaning,
  MEANINGS,
  scoresOf,
  softmax,
  train,
  weightiestSentence,
  type Weights,
} from "./meaning-model.ts";
import { trainedModel } from "./meaning-weights.ts";
import { findOptOut } from "./opt-out.ts";

export { type Meaning, MEANINGS } from "./meaning-model.ts";

/** What a person may say that a reply means, and an endpoint too: an opt-out is not among it. */
export const HUMAN_MEANINGS = MEANINGS.filter(
  (meaning): meaning is Exclude<Meaning, "unsubscribe_request"> =>
    meaning !== "unsubscribe_request",
);

/** Below it the category is the best of several: somebody should look. */
export const UNSURE_BELOW = 0.55;
/** How often phrases of one meaning only are right (scripts/judge-score.ts counts it). */
const RULE_CONFIDENCE = 0.96;
const OPT_OUT = MEANINGS.indexOf("unsubscribe_request");
/** A model that is less sure than this has not heard an opt-out: its effect is for good. */
const OPT_OUT_FROM = 0.5;
/** Longer texts say more than one thing. */
const RULE_WORDS = 25;

export type MeaningSource = "rule" | "model" | "endpoint" | "person";

export interface JudgedMeaning {
  category: Meaning;
  /** 0 to 1: so often such an answer is right. */
  confidence: number;
  unsure: boolean;
  /** What spoke most for it and where that stands in the text; null where nothing in the text did. */
  evidence: { text: string; start: number; end: number } | null;
  source: MeaningSource;
}

/** What a workspace's owner has corrected, learnt. */
export interface OwnLayer {
  weights: Weights;
}

/** A correction in the form in which it is kept. */
export interface Correction {
  ids: Uint16Array;
  /** What the phrase rules had said. */
  rule: Meaning | null;
  meaning: Meaning;
}

const RULES: Partial<Record<Cue, Meaning>> = {
  decline: "not_interested",
  supplied: "not_interested",
  later: "not_now",
  meet: "meeting_requested",
  want: "interested",
  ask: "question",
  pass_on: "referral",
  wrong: "wrong_person",
};
const bitOf = (cue: Cue): number => 1 << CUE_NAMES.indexOf(cue);
const SILENT = bitOf("courtesy") | bitOf("day");
const DECLINES = bitOf("decline") | bitOf("supplied");

/** What the new text of a reply means. The subject is asked for opt-outs only: its other words are ours. */
export function judgeMeaning(
  text: string,
  subject: string,
  layers: { own?: OwnLayer | null } = {},
): JudgedMeaning {
  const opt_out = findOptOut(text, subject);
  if (opt_out !== null) {
    const { evidence, confidence } = opt_out;
    return {
      category: "unsubscribe_request",
      confidence,
      unsure: false,
      evidence: placed(text, evidence),
      source: "rule",
    };
  }
  const features = featuresOf(text);
  if (features.sentences.length === 0)
    return { category: "other", confidence: 0.3, unsure: true, evidence: null, source: "model" };
  return judgeFeatures(text, features, layers.own ?? null);
}

function judgeFeatures(text: string, features: Features, own: OwnLayer | null): JudgedMeaning {
  const rule = ruleOf(features);
  const said = baseOf(features.ids, rule?.meaning ?? null);
  const before = bestOf(softmax(said));
  const scores = own === null ? said : added(said, scoresOf(own.weights, features.ids));
  const chances = softmax(scores);
  const best = bestOf(chances);
  const isOwn = best !== before;
  const model = isOwn && own !== null ? own.weights : trainedModel();
  const sentence =
    !isOwn && rule !== null
      ? (features.phrase_in[rule.cue] ?? 0)
      : weightiestSentence(model, features, best);
  const span = features.sentences[sentence] ?? { start: 0, end: text.length };
  const confidence = Math.round((chances[best] ?? 0) * 1000) / 1000;
  return {
    category: MEANINGS[best] ?? "other",
    confidence,
    unsure: confidence < UNSURE_BELOW,
    evidence: { text: text.slice(span.start, span.end), ...span },
    source: isOwn ? "person" : rule === null ? "model" : "rule",
  };
}

/** Log chances of every meaning before anything was corrected. */
function baseOf(ids: ArrayLike<number>, rule: Meaning | null): Float64Array {
  if (rule === null) {
    const model = trainedModel();
    return scoresOf(model, ids).map((score) => score / model.temperature);
  }
  const rest = (1 - RULE_CONFIDENCE) / (MEANINGS.length - 1);
  const lead = Math.log(RULE_CONFIDENCE / rest);
  return Float64Array.from(MEANINGS, (meaning) => (meaning === rule ? lead : 0));
}

const added = (one: Float64Array, other: Float64Array): Float64Array =>
  one.map((score, at) => score + (other[at] ?? 0));

/** The likeliest meaning; an opt-out only where the model is rather sure. */
function bestOf(chances: Float64Array): number {
  let best = 0;
  for (const [at, chance] of chances.entries()) {
    if (at === OPT_OUT && chance < OPT_OUT_FROM) continue;
    if (chance > (chances[best] ?? 0)) best = at;
  }
  return best;
}

/** The meaning of a short text in which phrases of one meaning stand, and no word of another. */
function ruleOf({
  cues,
  phrases,
  questions,
  words,
}: Features): { meaning: Meaning; cue: number } | null {
  const spoken = cues & ~SILENT;
  if (spoken === 0 || words > RULE_WORDS) return null;
  const isOne = (spoken & (spoken - 1)) === 0 || (spoken & ~DECLINES) === 0;
  const cue = CUE_NAMES.findIndex((_, at) => ((phrases & spoken) >> at) % 2 === 1);
  const name = CUE_NAMES[cue];
  const meaning = name === undefined ? undefined : RULES[name];
  if (!isOne || meaning === undefined) return null;
  if (name === "ask" ? questions === 0 : questions !== 0 && name !== "meet") return null;
  return { meaning, cue };
}

function placed(text: string, evidence: string): JudgedMeaning["evidence"] {
  const start = text.indexOf(evidence);
  if (start >= 0) return { text: evidence, start, end: start + evidence.length };
  // Over several lines, or in the subject.
  return evidence.startsWith("Subject: ") || text === ""
    ? null
    : { text, start: 0, end: text.length };
}

/** A reply in the form in which a correction of it is kept: no text, and no way back to one. */
export function correctionOf(text: string, meaning: Meaning): Correction {
  const features = featuresOf(text);
  return { ids: features.ids, rule: ruleOf(features)?.meaning ?? null, meaning };
}

/** Learns what differs from what imail says by itself; null where nothing was corrected. */
export function learnOwn(corrections: readonly Correction[]): OwnLayer | null {
  if (corrections.length === 0) return null;
  const examples = corrections.map(({ ids, rule, meaning }) => ({
    // Words only: a cue is in every second reply, and one correction is no proof about all of them.
    ids: ids.filter(isHashed),
    meaning: MEANINGS.indexOf(meaning),
    base: baseOf(ids, rule),
  }));
  return { weights: train(examples, { epochs: 6, rate: 0.2, decay: 0.002 }) };
}
