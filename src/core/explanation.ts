// Why something is not sent now, as facts: what `explain` answers before it is put on the wire. Instants are ms UTC on
// the ledger's clock.

import type { ReasonCode, ReasonEnd } from "./reasons.ts";
import type { CampaignState, EnrollmentEnd, EnrollmentState, InboxState } from "./states.ts";

/** A call of this API that takes the reason away. */
export interface FixCall {
  method: "POST" | "PATCH" | "DELETE";
  path: string;
  /** Null where it takes none, or where only the caller knows the value. */
  body: Record<string, unknown> | null;
}

/** A gate that fails now. */
export interface Reason {
  code: ReasonCode;
  message: string;
  waits_for: ReasonEnd;
  /** Since when it fails; null when that is not known. */
  since: number | null;
  /** Not before then, while nobody acts; null where no instant can be told. */
  next_at: number | null;
  fix: { text: string; call: FixCall | null };
  /** The inbox that it is about, where it is about one. */
  inbox_id: number | null;
}

export const LEAD_VERDICTS = [
  "sending_next",
  "waiting",
  "blocked",
  "held",
  "paused",
  "in_flight",
  "uncertain",
  "ended",
] as const;
export type LeadVerdict = (typeof LEAD_VERDICTS)[number];

export interface EnrollmentExplanation {
  enrollment_id: number;
  campaign_id: number;
  campaign_name: string;
  state: EnrollmentState;
  ended_by: EnrollmentEnd | null;
  verdict: LeadVerdict;
  summary: string;
  step: { id: number; position: number } | null;
  due_at: number | null;
  zone: string;
  zone_basis: string;
  /** The inbox that it goes out from; null while any of the campaign's may. */
  inbox_id: number | null;
  /** How many of this campaign are due before it, at most 1,000 are counted; null where it is not its turn to ask. */
  ahead: number | null;
  gates: Reason[];
  /** Not before then, with all gates and the window; others may go first. Null where no instant can be told. */
  next_at: number | null;
}

export interface LeadExplanation {
  lead_id: number;
  now: number;
  enrollments: EnrollmentExplanation[];
}

export const CAMPAIGN_VERDICTS = ["sending", "waiting", "blocked", "idle", "ended"] as const;
export type CampaignVerdict = (typeof CAMPAIGN_VERDICTS)[number];

export interface InboxExplanation {
  inbox_id: number;
  email: string;
  state: InboxState;
  verdict: "ready" | "waiting" | "blocked";
  /** Follow-ups that only this inbox may send. */
  follow_ups: number;
  gates: Reason[];
  /** Not before then, with all gates and the window; others may go first. Null where no instant can be told. */
  next_at: number | null;
}

export interface ZoneExplanation {
  zone: string;
  /** Leads of this zone that wait for a step, due or not. */
  waiting: number;
  due: number;
  window: "open" | "closed";
  /** When it opens next; now while it is open; null where it never does. */
  opens_at: number | null;
  /** When it closes, while it is open. */
  closes_at: number | null;
}

export interface CampaignExplanation {
  campaign_id: number;
  state: CampaignState;
  now: number;
  verdict: CampaignVerdict;
  summary: string;
  gates: Reason[];
  /** The first instant at which a mail of it may go; null where no instant can be told. */
  next_at: number | null;
  inboxes: InboxExplanation[];
  zones: ZoneExplanation[];
  /** Zones that are not listed, for there are too many. */
  zones_left_off: number;
  /** All that were ever enrolled. */
  enrolled: number;
  ended: number;
  /** All others, each counted once under the reason that is the last to pass. */
  waiting_for: Partial<Record<ReasonCode, number>>;
}
