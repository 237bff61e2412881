// Housekeeping, once a second: the journal reaches the disk, and now and then what is too old goes.
import { pruneAnswers } from "../ledger/answers.ts";
import { systemClock } from "../ledger/clock.ts";
import type { Disk } from "../ledger/disk.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { pruneDigests } from "../resources/replies/store.ts";
import { noteJournal } from "./send/catch-up.ts";

const DIGESTS_KEPT_MS = 100 * 86_400_000;
const HOUR_S = 3600;
let seconds = 0;

/** Called every second. */
export function tend(ledgers: readonly Ledger[], disk: Disk | null): void {
  seconds++;
  for (const ledger of ledgers) ledger.journal.sync();
  if (seconds % HOUR_S !== 1) return;
  disk?.layBallast();
  for (const ledger of ledgers) {
    noteJournal(ledger);
    ledger.write((tx) => {
      pruneDigests(tx, tx.now - DIGESTS_KEPT_MS);
      // By the system's clock in test mode too: that is the one that the contract's 24 hours mean.
      pruneAnswers(tx, systemClock.now());
    });
  }
}
