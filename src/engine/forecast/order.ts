// What a forecast is asked for and what it says, as it goes to its thread and back. No login and no address goes along.

import type { CopySource } from "../../ledger/copy.ts";
import type { LedgerKeys, Workspace } from "../../ledger/ledger.ts";
import type { Mode } from "../../core/states.ts";

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

/** Mails of the campaign on one local day of the workspace, from one inbox, for one step. */
export interface ForecastSends {
  date: string;
  inbox_id: number;
  step_id: number;
  first_step: boolean;
  sends: number;
}

export interface ForecastRun {
  /** In the order of time. */
  sends: ForecastSends[];
  /** The local day of the last mail, or null where none goes out. */
  last_date: string | null;
  /** Leads that still wait for a mail at the end. */
  remaining: number;
  /** Leads whose next mail never goes out by itself, by the reason's code. */
  not_sent: Record<string, number>;
}

/** What the thread answers. `too_large`: so many leads wait in what would have to be played. */
export type ForecastAnswer =
  | { result: "done"; run: ForecastRun }
  | { result: "too_large"; leads: number; limit: number }
  | { result: "failed"; fault: string };
