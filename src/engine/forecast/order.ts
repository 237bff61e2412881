// What a forecast is asked for and what it says, as it goes to its thread and back. No login and no address goes along.

import type { ForecastRun } from "../../core/forecast.ts";
import type { Mode } from "../../core/states.ts";
import type { CopySource } from "../../ledger/copy.ts";
import type { LedgerKeys, Workspace } from "../../ledger/ledger.ts";

export interface ForecastOrder {
  source: CopySource;
  workspace: Workspace;
  mode: Mode;
  keys: LedgerKeys;
  /** Whose mails under way are taken as sent. */
  boot_id: number;
  campaign_id: number;
  /** Local days of the workspace, today first. */
  days: number;
  /** ms UTC, by the ledger's clock. */
  now: number;
}

/** What the thread answers. `too_large`: so many leads wait in what would have to be played. */
export type ForecastAnswer =
  | { result: "done"; run: ForecastRun }
  | { result: "too_large"; leads: number; limit: number }
  | { result: "failed"; fault: string };
