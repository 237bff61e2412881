// How long a lead who is away is left alone.
import { addDuration } from "./duration.ts";
import { dateStart } from "./zones.ts";

const DEFAULT_DAYS = 5;
/** A date further ahead is a misreading, not a holiday. */
const LONGEST_DAYS = 180;

/** Until when (ms UTC) an enrollment is held: the business day after the stated return (`YYYY-MM-DD`), or 5 days (domain.md "Inbound mail"). */
export function heldUntil(return_date: string | null, now: number, zone: string): number {
  const latest = addDuration(now, { days: LONGEST_DAYS, seconds: 0 }, zone);
  const stated = return_date === null ? null : nextBusinessDay(return_date, zone);
  if (stated !== null && stated > now && stated <= latest) return stated;
  return addDuration(now, { days: DEFAULT_DAYS, seconds: 0 }, zone);
}

function nextBusinessDay(date: string, zone: string): number {
  let day = Temporal.PlainDate.from(date).add({ days: 1 });
  while (day.dayOfWeek > 5) day = day.add({ days: 1 });
  return dateStart(day, zone);
}
