// What a workspace's owner teaches imail about replies: each correction counts at once, on this machine, and nothing of
// the reply's words is kept for it.

import { FEATURE_VERSION } from "../../core/meaning-features.ts";
import {
  type Correction,
  correctionOf,
  type JudgedMeaning,
  judgeMeaning,
  learnOwn,
  type Meaning,
  MEANINGS,
  type OwnLayer,
} from "../../core/meaning.ts";
import { findOptOut } from "../../core/opt-out.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import {
  type CorrectionRow,
  countCorrections,
  countJudged,
  dropCorrection,
  dropCorrectionsOfLead,
  findCategory,
  findSaid,
  keepCorrection,
  listCorrections,
  pruneCorrections,
} from "./store.ts";

/** As many corrections teach: learning them again takes some tens of milliseconds. */
const CORRECTIONS_MOST = 500;

const learnt = new WeakMap<Ledger, { layer: OwnLayer | null }>();

/** What a reply's new text means in this workspace: the trained model with the owner's corrections. */
export function judgeReply(ledger: Ledger, text: string, subject: string): JudgedMeaning {
  return judgeMeaning(text, subject, { own: ownLayer(ledger) });
}

export interface Taught {
  reply_id: number;
  /** The new text, as it is stored. */
  text: string;
  subject: string;
  category: Meaning;
}

/**
 * Learns a person's word on a reply, in the caller's transaction: the next reply is judged with it. Call it before the
 * reply's own category is changed: what imail had said is kept for `meaningPrecision`. A text that asks for no more mail
 * teaches nothing, for opt-outs are decided by their words.
 */
export function learnMeaning(ledger: Ledger, tx: Tx, taught: Taught): void {
  const { reply_id, text, subject, category } = taught;
  if (category === "unsubscribe_request" || findOptOut(text, subject) !== null) return;
  const { ids, rule } = correctionOf(text, category);
  const said =
    findSaid(tx, reply_id) ?? findCategory(tx, reply_id) ?? judgeMeaning(text, subject).category;
  const features = new Uint8Array(ids.length * 2);
  const view = new DataView(features.buffer);
  for (const [at, id] of ids.entries()) view.setUint16(at * 2, id, true);
  keepCorrection(tx, { reply_id, said, category, rule, version: FEATURE_VERSION, features });
  pruneCorrections(tx, CORRECTIONS_MOST);
  learnt.delete(ledger);
}

/** Takes a correction back. */
export function forgetMeaning(ledger: Ledger, tx: Tx, reply_id: number): void {
  dropCorrection(tx, reply_id);
  learnt.delete(ledger);
}

/** Forgets what an erased lead's replies have taught (Invariant 8). */
export function forgetMeaningsOfLead(ledger: Ledger, tx: Tx, lead_id: number): void {
  dropCorrectionsOfLead(tx, lead_id);
  learnt.delete(ledger);
}

function ownLayer(ledger: Ledger): OwnLayer | null {
  const known = learnt.get(ledger);
  if (known) return known.layer;
  const layer = learnOwn(listCorrections(ledger, FEATURE_VERSION).flatMap(readCorrection));
  learnt.set(ledger, { layer });
  return layer;
}

function readCorrection({ category, rule, features }: CorrectionRow): Correction[] {
  const meaning = readMeaning(category);
  if (meaning === null) return [];
  const view = new DataView(features.buffer, features.byteOffset, features.byteLength);
  const ids = Uint16Array.from({ length: features.length >> 1 }, (_, at) =>
    view.getUint16(at * 2, true),
  );
  return [{ ids, rule: rule === null ? null : readMeaning(rule), meaning }];
}

const readMeaning = (word: string): Meaning | null =>
  MEANINGS.find((meaning) => meaning === word) ?? null;

export interface MeaningPrecision {
  /** People's replies that imail has judged. */
  judged: number;
  /** Those of them on which a person said otherwise. */
  corrected: number;
  /** The part of them that nobody corrected, 0 to 1; null before the first. */
  precision: number | null;
  by_category: { category: string; confirmed: number; corrected: number }[];
}

/** How often imail was right by the owner's own corrections. */
export function meaningPrecision(reading: Reading): MeaningPrecision {
  const judged = countJudged(reading);
  const counts = countCorrections(reading);
  const corrected = counts.reduce((sum, { wrong }) => sum + wrong, 0);
  return {
    judged,
    corrected,
    precision: judged === 0 ? null : Math.max(0, 1 - corrected / judged),
    by_category: counts.map(({ said, n, wrong }) => ({
      category: said,
      confirmed: n - wrong,
      corrected: wrong,
    })),
  };
}
