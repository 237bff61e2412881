// What a lead's status becomes after an answer. A machine never takes back what is stronger; a person's word stands above
// a machine's, and above neither an opt-out nor a bounce.
import type { LeadState } from "./states.ts";

/** Meanings that say something about the lead; all the others leave the status as it is. */
const STATUS_OF: ReadonlyMap<string, LeadState> = new Map([
  ["interested", "interested"],
  // A wish to meet is no meeting yet: that is booked by a calendar.
  ["meeting_requested", "interested"],
  ["not_interested", "not_interested"],
  ["wrong_person", "not_interested"],
]);

/** From the weakest to the strongest. Of two of the same strength the newer word counts. */
const STRENGTH: Record<LeadState, number> = {
  new: 0,
  in_sequence: 1,
  not_interested: 2,
  interested: 2,
  meeting: 3,
  suppressed: 4,
  bounced: 5,
  unsubscribed: 6,
  complained: 7,
};

export interface Meaning {
  /** A reply category; null when it was not judged. */
  category: string | null;
  by: "machine" | "person";
  /** The machine does not trust its own word. */
  unsure?: boolean;
}

/** The status after an answer of this meaning. */
export function statusAfter(current: LeadState, { category, by, unsure }: Meaning): LeadState {
  if (STRENGTH[current] >= STRENGTH.suppressed) return current;
  const meant = category === null ? undefined : STATUS_OF.get(category);
  if (by === "person") return meant ?? withoutMeaning(current);
  if (meant === undefined || unsure === true) return current;
  return raisedStatus(current, meant);
}

/** What a person says means nothing for the status takes back what a machine made of it. */
function withoutMeaning(current: LeadState): LeadState {
  return current === "interested" || current === "not_interested" ? "in_sequence" : current;
}

/** The stronger of what the lead is and what has happened; of two of the same strength the newer. */
export function raisedStatus(current: LeadState, happened: LeadState): LeadState {
  return isStronger(current, happened) ? current : happened;
}

/** The status once the last meeting was called off: the lead had wanted it. */
export function statusWithoutMeeting(current: LeadState): LeadState {
  return current === "meeting" ? "interested" : current;
}

const isStronger = (one: LeadState, other: LeadState) => STRENGTH[one] > STRENGTH[other];
