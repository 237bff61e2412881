// A ledger whose process can be killed at every durable step, and whose disk can be full. What it writes is what the
// real one writes: only the failing is added.
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Owner } from "./virtual-time.ts";

/** Thrown where the process has died: whoever catches it is dead too. */
export class Killed extends Error {
  constructor() {
    super("killed");
  }
}

/** As bun:sqlite throws it. */
class DiskFull extends Error {
  override readonly name = "SQLiteError";
  readonly code = "SQLITE_FULL";
  readonly errno = 13;
  constructor() {
    super("database or disk is full");
  }
}

/** Was it a fault that the simulation made? Anything else in a log is a bug. */
export function isMade(text: string): boolean {
  return /killed|database or disk is full|ENOSPC/.test(text);
}

export type Point =
  "before_write" | "before_commit" | "after_commit" | "before_append" | "after_append";

export interface Fate {
  /** The process gets here; it may die, then `owner.dead` is set. */
  reach(point: Point): void;
  isDiskFull(): boolean;
  /** So many bytes of the journal are safe from power loss. */
  onJournalSynced(): void;
}

/** The ledger as this run of the program sees it. */
export function fragileLedger(real: Ledger, owner: Owner, fate: Fate, boot_id: number): Ledger {
  const reach = (point: Point) => {
    if (!owner.dead) fate.reach(point);
    if (owner.dead) throw new Killed();
  };
  const fragile =
    (write: Ledger["write"]): Ledger["write"] =>
    (work) => {
      reach("before_write");
      if (fate.isDiskFull()) throw new DiskFull();
      const result = write((tx) => {
        const done = work(tx);
        reach("before_commit");
        if (fate.isDiskFull()) throw new DiskFull();
        return done;
      });
      reach("after_commit");
      return result;
    };
  return {
    ...real,
    boot_id,
    write: fragile(real.write),
    together: fragile(real.together),
    journal: {
      ...real.journal,
      append(lines) {
        reach("before_append");
        if (fate.isDiskFull()) throw new Error("ENOSPC: no space left on device");
        real.journal.append(lines);
        reach("after_append");
      },
      sync() {
        if (owner.dead) throw new Killed();
        real.journal.sync();
        fate.onJournalSynced();
      },
    },
  };
}
