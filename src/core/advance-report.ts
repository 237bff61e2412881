// What moving a test clock did.

export interface AdvanceReport {
  /** ms UTC, on the test clock. */
  from: number;
  now: number;
  /** How many events of each name were recorded on the way. */
  events: Record<string, number>;
  /** At how many instants something was due. */
  instants: number;
}
