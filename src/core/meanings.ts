// The categories of replies, as people and programs name them (domain.md "Inbound mail").

import type { ReplyKind } from "./classify.ts";

/** What a person's answer can mean. */
const MEANINGS = [
  "interested",
  "meeting_requested",
  "question",
  "referral",
  "not_now",
  "not_interested",
  "wrong_person",
  "other",
] as const;

/** All categories of replies. */
export const CATEGORIES = [
  ...MEANINGS,
  "unsubscribe_request",
  "out_of_office",
  "auto_reply",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** What a mail of this category is. */
export function kindOf(category: Category): ReplyKind {
  if (category === "unsubscribe_request") return "unsubscribe";
  return category === "out_of_office" || category === "auto_reply" ? "auto_reply" : "reply";
}
