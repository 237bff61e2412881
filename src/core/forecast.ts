// What a forecast says, before it is shown: how many mails on which day, and who is left.

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

/** A run, and the instant (ms UTC, the ledger's clock) of the state that it began with. */
export type MadeForecast = ForecastRun & { as_of: number };

export interface ForecastWish {
  campaign_id: number;
  /** Local days of the workspace, today first. */
  days: number;
}
