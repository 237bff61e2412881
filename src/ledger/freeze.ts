// Why nothing at all of a ledger is sent: its clock stands below a time that it has shown before. Noted in the ledger, so
// that whoever asks (explain, status, a command beside the server) can tell.

import type { Reading, Tx } from "./database.ts";
import { findNote, setNote } from "./ledger.ts";

const NOTE = "clock_frozen";

export interface Freeze {
  /** ms UTC, by the clock in question. */
  since: number;
  /** The highest time that was seen, ms UTC. */
  highest_wall: number;
  /** By that clock: from then on it is believed, if it does not jump again. */
  believed_at: number;
}

/** The freeze of a ledger, or null. */
export function readFreeze(reading: Reading): Freeze | null {
  const note = findNote(reading, NOTE) ?? "";
  if (note === "") return null;
  const [since = 0, highest_wall = 0, believed_at = 0] = note.split(" ").map(Number);
  return { since, highest_wall, believed_at };
}

/** Notes why nothing is sent; null: it is again. */
export function noteFreeze(tx: Tx, freeze: Freeze | null): void {
  const words = freeze === null ? [] : [freeze.since, freeze.highest_wall, freeze.believed_at];
  setNote(tx, NOTE, words.join(" "));
}
