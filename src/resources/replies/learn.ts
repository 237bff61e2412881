// Hands a person's correction to those who learn from it, in the transaction of the correction: the next mail is judged by
// it, and a crash loses neither. Until somebody learns, words and correction stand beside each other in the reply's row.

import type { Category } from "../../core/meanings.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";

interface Lesson {
  reply_id: number;
  /** The new text only. */
  text: string;
  subject: string;
  category: Category;
}

/** Takes a lesson in. It must not wait and must not keep the person's words (Invariant 8). */
type Pupil = (ledger: Ledger, tx: Tx, lesson: Lesson) => void;

const PUPILS: readonly Pupil[] = [];

export function learn(ledger: Ledger, tx: Tx, lesson: Lesson): void {
  for (const pupil of PUPILS) pupil(ledger, tx, lesson);
}
