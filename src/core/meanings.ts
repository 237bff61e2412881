// The words for what a reply means, and what a lead is after one: its status follows the meaning (domain.md "Inbound mail").

import type { ReplyKind } from "./classify.ts";
import type { LeadState } from "./states.ts";

/** What a person's answer can mean. */
export const MEANINGS = [
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

export const isCategory = (text: string): text is Category =>
  CATEGORIES.some((one) => one === text);

/** What a mail of this category is. */
export function kindOf(category: Category): ReplyKind {
  if (category === "unsubscribe_request") return "unsubscribe";
  return category === "out_of_office" || category === "auto_reply" ? "auto_reply" : "reply";
}

/** What a lead is after an answer that means this, or null where it says neither yes nor no. */
export function stateAfter(category: string | null): LeadState | null {
  switch (category) {
    case "interested":
    case "meeting_requested":
      return "interested";
    case "not_interested":
    case "wrong_person":
      return "not_interested";
    default:
      return null;
  }
}

/** What an answer may make of a lead: a meeting, an opt-out or a dead mailbox is not undone by a word about a mail. */
export const FOLLOWS_MEANING: ReadonlySet<LeadState> = new Set([
  "new",
  "in_sequence",
  "interested",
  "not_interested",
]);
