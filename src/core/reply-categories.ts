// The categories of replies, as people and programs name them (domain.md "Inbound mail").

import type { ReplyKind } from "./judgement.ts";
import { MEANINGS } from "./meaning-model.ts";

/** What a person can mean, and what a machine sends in a person's place. */
export const CATEGORIES = [...MEANINGS, "out_of_office", "auto_reply"] as const;
export type Category = (typeof CATEGORIES)[number];

/** What a mail of this category is. */
export function kindOf(category: Category): ReplyKind {
  if (category === "unsubscribe_request") return "unsubscribe";
  return category === "out_of_office" || category === "auto_reply" ? "auto_reply" : "reply";
}
