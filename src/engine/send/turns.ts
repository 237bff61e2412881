// Who sends next from an inbox: a person who waits for an answer to go out comes before campaigns, and one mail of an inbox is
// under way at a time (Invariant 3 needs no more: an answer obeys no window and no pace).

import { AppError } from "../../core/faults.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { hasMailUnderWay } from "../../resources/messages/due.store.ts";
import type { Flights } from "../flights.ts";

export interface Turns {
  /** Runs `start`, which claims a mail and sets it off, as soon as no mail of the inbox is under way. */
  take(inbox_id: number, start: () => void): Promise<void>;
  /** Does somebody wait for this inbox? Then no campaign takes the turn. */
  isTaken(inbox_id: number): boolean;
}

/** `look` has the engine look again at what campaigns may send. */
export function openTurns(ledger: Ledger, all: readonly Flights[], look: () => void): Turns {
  const waiting = new Map<number, number>();
  const count = (inbox_id: number, by: 1 | -1) => {
    const left = (waiting.get(inbox_id) ?? 0) + by;
    if (left > 0) waiting.set(inbox_id, left);
    else waiting.delete(inbox_id);
  };
  return {
    isTaken: (inbox_id) => waiting.has(inbox_id),
    async take(inbox_id, start) {
      count(inbox_id, 1);
      try {
        while (hasMailUnderWay(ledger, inbox_id)) {
          const flight = all
            .map((flights) => flights.ofInbox(inbox_id))
            .find((one) => one !== null);
          // What became of it could not be written (a full disk): nothing new goes out before that.
          if (!flight)
            throw new AppError("unavailable", "An earlier mail of this inbox is not settled yet.");
          // oxlint-disable-next-line no-await-in-loop -- one mail after the other
          await flight;
        }
        start();
      } finally {
        count(inbox_id, -1);
        look();
      }
    },
  };
}
