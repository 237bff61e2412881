// Counts a campaign's mails per local day, inbox and step while they are played.

import type { ForecastSends } from "../../core/forecast.ts";
import { localDay, startOfNextDay } from "../../core/zones.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findMessage } from "../../resources/messages/store.ts";

export interface Tally {
  /** A mail was taken at this instant of the ledger's clock. */
  add(message_id: number): void;
  sends(): ForecastSends[];
  last_date(): string | null;
}

export function openTally(ledger: Ledger, campaign_id: number): Tally {
  const counts = new Map<string, ForecastSends>();
  const { zone } = ledger.workspace();
  let day = { date: "", ends_at: 0 };
  const today = (now: number): string => {
    if (now >= day.ends_at) day = { date: localDay(now, zone), ends_at: startOfNextDay(now, zone) };
    return day.date;
  };
  return {
    add(message_id) {
      const message = findMessage(ledger, message_id);
      if (message?.campaign_id !== campaign_id || message.step_id === null) return;
      const date = today(ledger.clock.now());
      const { inbox_id, step_id } = message;
      const first_step = message.first_of_lead === 1;
      const key = `${date}|${inbox_id}|${step_id}|${message.first_of_lead}`;
      const count = counts.get(key) ?? { date, inbox_id, step_id, first_step, sends: 0 };
      count.sends++;
      counts.set(key, count);
    },
    sends: () => [...counts.values()],
    last_date: () => [...counts.values()].at(-1)?.date ?? null,
  };
}
