// What a person's correction teaches: the words, and what they mean. Whoever judges meanings learns it in the transaction of
// the correction, so that the next mail is judged by it and a crash loses neither.

import type { Category } from "../../core/meanings.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";

export interface Lesson {
  reply_id: number;
  /** The new text only. */
  text: string;
  subject: string;
  category: Category;
}

/** Takes a lesson in. It must not wait and must not keep the person's words (Invariant 8). */
export type Learn = (ledger: Ledger, tx: Tx, lesson: Lesson) => void;
