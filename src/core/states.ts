// The words of every state, and a message's legal moves (domain.md "A message"). Stores refuse any other move.

export const MODES = ["live", "test"] as const;
export type Mode = (typeof MODES)[number];

export const CAMPAIGN_STATES = ["draft", "active", "paused", "archived"] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

export const ENROLLMENT_STATES = ["waiting", "held", "paused", "completed", "stopped"] as const;
export type EnrollmentState = (typeof ENROLLMENT_STATES)[number];

export const ENROLLMENT_ENDS = [
  "replied",
  "company_replied",
  "unsubscribed",
  "bounced",
  "suppressed",
  "branch_end",
  "last_step",
  "stopped",
  "archived",
  "erased",
] as const;
export type EnrollmentEnd = (typeof ENROLLMENT_ENDS)[number];

export const LEAD_STATES = [
  "new",
  "in_sequence",
  "interested",
  "meeting",
  "not_interested",
  "unsubscribed",
  "bounced",
  "complained",
  "suppressed",
] as const;
export type LeadState = (typeof LEAD_STATES)[number];

export const INBOX_STATES = [
  "pending_auth",
  "active",
  "paused",
  "disconnected",
  "needs_login",
] as const;
export type InboxState = (typeof INBOX_STATES)[number];

export const SYNC_STATES = ["ok", "behind", "down"] as const;

export const MESSAGE_KINDS = ["step", "answer", "test", "ring", "probe"] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

export const MESSAGE_STATES = [
  "queued",
  "claimed",
  "committed",
  "sent",
  "deferred",
  "failed",
  "uncertain",
  "cancelled",
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

const MOVES: Record<MessageState, readonly MessageState[]> = {
  queued: ["claimed", "cancelled"],
  claimed: ["queued", "committed", "deferred", "failed", "cancelled"],
  committed: ["queued", "sent", "deferred", "failed", "uncertain"],
  deferred: ["queued", "cancelled", "failed"],
  uncertain: ["sent", "failed", "queued"],
  sent: [],
  failed: [],
  cancelled: [],
};

/** May a message go from one state to the other? `committed -> queued` only where no dot was written. */
export function mayMove(from: MessageState, to: MessageState): boolean {
  return MOVES[from].includes(to);
}

/** The states from which `to` can be reached, for the WHERE of the one statement that moves a message. */
export function statesBefore(to: MessageState): MessageState[] {
  return MESSAGE_STATES.filter((from) => mayMove(from, to));
}
