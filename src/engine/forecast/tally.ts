// Counts what was played: mails per local day, inbox and step.

import type { ForecastSends } from "../../core/forecast.ts";
import { localDay, startOfNextDay } from "../../core/zones.ts";
import type { PlayedMail } from "./scene.store.ts";

/** `mails` in the order of time; days are those of `zone`. */
export function countSends(mails: readonly PlayedMail[], zone: string): ForecastSends[] {
  const counts = new Map<string, ForecastSends>();
  let date = "";
  let ends_at = 0;
  for (const { inbox_id, step_id, first_of_lead, sent_at } of mails) {
    if (sent_at >= ends_at) {
      date = localDay(sent_at, zone);
      ends_at = startOfNextDay(sent_at, zone);
    }
    const first_step = first_of_lead === 1;
    const key = `${date}|${inbox_id}|${step_id}|${first_of_lead}`;
    const count = counts.get(key) ?? { date, inbox_id, step_id, first_step, sends: 0 };
    count.sends++;
    counts.set(key, count);
  }
  return [...counts.values()];
}
