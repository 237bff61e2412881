// What moving a test clock did.

export interface AdvanceReport {
  /** ms UTC, on the test clock. */
  from: number;
  now: number;
  /** How many events of each name were recorded on the way. */
  events: Record<string, number>;
  /** Mails that went out, and mails that came in. */
  mails: { sent: number; received: number };
  /** At how many instants something was due. */
  instants: number;
  /** When the next thing falls due, or null. */
  next_at: number | null;
  /** What a caller may have expected and did not get. */
  notes: string[];
}
