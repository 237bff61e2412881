// What a person's correction teaches: the model learns it in the transaction of the correction, so that the next mail is
// judged by it and a crash loses neither. What is no meaning of a person's words teaches nothing.

import { MEANINGS } from "../../core/meaning.ts";
import type { Category } from "../../core/reply-categories.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { forgetMeaning, learnMeaning } from "../meanings/actions.ts";

interface Lesson {
  reply_id: number;
  /** The new text only. */
  text: string;
  subject: string;
  category: Category;
}

export function learn(ledger: Ledger, tx: Tx, { category, ...lesson }: Lesson): void {
  const meaning = MEANINGS.find((one) => one === category);
  if (meaning === undefined) forgetMeaning(ledger, tx, lesson.reply_id);
  else learnMeaning(ledger, tx, { ...lesson, category: meaning });
}
