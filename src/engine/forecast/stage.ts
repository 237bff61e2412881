// A ledger to play on: the copy of some rows under a clock of its own. What is written to it is gone with it: no durable
// transaction, no journal, no login, and chance that is the same whenever the same is asked.

import { nextId } from "../../core/ids.ts";
import { seededNumber } from "../../core/spintax.ts";
import { openTestClock, type TestClock } from "../../ledger/clock.ts";
import type { LedgerCopy } from "../../ledger/copy.ts";
import { highestId, type Tx, type Write } from "../../ledger/database.ts";
import { type Ledger, openVault } from "../../ledger/ledger.ts";
import type { ForecastOrder } from "./order.ts";

export interface Stage {
  ledger: Ledger;
  clock: TestClock;
}

/** The chance of a forecast: of the campaign alone, so that asking again gives the same answer. */
export function chanceOf(campaign_id: number): () => number {
  let turn = 0;
  return () => seededNumber(`forecast|${campaign_id}`, turn++);
}

const nothing = () => undefined;

export function openStage(copy: LedgerCopy, order: ForecastOrder): Stage {
  const { db } = copy;
  const clock = openTestClock(order.now);
  const random = {
    next: chanceOf(order.campaign_id),
    bytes: (length: number) => new Uint8Array(length),
  };
  let last = highestId(db);
  const id = () => (last = nextId(last, clock.now()));
  // What throws in one of the engine's writes has not written yet, and nothing of it stays: no transaction of its own.
  let open: Tx | null = null;
  const write: Write = (work) => {
    const outer = open;
    const tx: Tx = outer ?? { db, now: clock.now(), id, nudge: nothing };
    open = tx;
    try {
      return work(tx);
    } finally {
      open = outer;
    }
  };
  const { workspace, keys, mode, boot_id } = order;
  const nowhere = {
    append: nothing,
    sync: nothing,
    tail: () => [],
    end: () => "",
    since: () => [],
    close: nothing,
  };
  const ledger: Ledger = {
    db,
    workspace_id: workspace.id,
    mode,
    clock,
    test_clock: null,
    random,
    boot_id,
    journal: nowhere,
    keys,
    vault: openVault({ data_key: null, random }),
    // The words of a mail decide nothing here.
    public_url: null,
    write,
    together: write,
    workspace: () => workspace,
    close: () => copy.close(),
  };
  return { ledger, clock };
}
