// Who sends next from an inbox: a person who waits for an answer to go out comes before campaigns, and one mail of an inbox is
// under way at a time (Invariant 3 needs no more: an answer obeys no window and no pace).

import { AppError } from "../../core/faults.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { hasMailUnderWay } from "../../resources/messages/due.store.ts";
import type { Flights } from "../flights.ts";
import type { ClaimedMail } from "./claim.ts";

export interface Turns {
  /** Claims a mail and sends it, as soon as no mail of the inbox is under way; done when its outcome is written. */
  sendNext(inbox_id: number, claim: () => ClaimedMail): Promise<void>;
  /** Does somebody wait for this inbox? Then no campaign takes the turn. */
  isTaken(inbox_id: number): boolean;
}

interface TurnParts {
  ledger: Ledger;
  /** Those of campaigns. */
  flights: Flights;
  /** Those beside the rounds. */
  beside: Flights;
  /** Has the engine look again at what campaigns may send. */
  look: () => void;
  isClosing: () => boolean;
}

/** The turns of one ledger's inboxes. */
export function openTurns({ ledger, flights, beside, look, isClosing }: TurnParts): Turns {
  const waiting = new Map<number, number>();
  const count = (inbox_id: number, by: 1 | -1) => {
    const left = (waiting.get(inbox_id) ?? 0) + by;
    if (left > 0) waiting.set(inbox_id, left);
    else waiting.delete(inbox_id);
  };
  const nextLanding = (inbox_id: number): Promise<void> => {
    const flight = flights.ofInbox(inbox_id) ?? beside.ofInbox(inbox_id);
    // What became of it could not be written (a full disk): nothing new goes out before that.
    return flight ?? refuse("An earlier mail of this inbox is not settled yet.");
  };
  return {
    isTaken: (inbox_id) => waiting.has(inbox_id),
    async sendNext(inbox_id, claim) {
      count(inbox_id, 1);
      try {
        // oxlint-disable-next-line no-await-in-loop -- one mail after the other
        while (hasMailUnderWay(ledger, inbox_id)) await nextLanding(inbox_id);
        if (isClosing()) refuse("The server is being stopped.");
        // No await in between: nobody else claims.
        beside.start(claim());
      } finally {
        count(inbox_id, -1);
        look();
      }
      await beside.ofInbox(inbox_id);
    },
  };
}

function refuse(words: string): never {
  throw new AppError("unavailable", words);
}
