// Is the send window open, and when does it open next? Invariant 3: nothing is sent outside of it, over DST too.
// A window is at most one stretch of time per local date, cut to that date.

import type { FaultDetail } from "./faults.ts";
import { dateStart, isZone, localDate, startOfNextDay, wallTime } from "./zones.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface SendWindow {
  /** `lead` (each lead's own zone) or an IANA name. */
  timezone: string;
  days: Weekday[];
  /** `HH:MM`, inclusive. */
  start: string;
  /** `HH:MM`, exclusive; `24:00` is the end of the day. */
  end: string;
  /** `YYYY-MM-DD` in the window's zone. */
  exclude_dates: string[];
}

/** The same before its words are checked. */
export interface WindowDraft {
  timezone: string;
  days: readonly string[];
  start: string;
  end: string;
  exclude_dates: readonly string[];
}

export const DEFAULT_WINDOW: SendWindow = {
  timezone: "lead",
  days: ["mon", "tue", "wed", "thu", "fri"],
  start: "09:00",
  end: "17:00",
  exclude_dates: [],
};

/** How far ahead an opening is looked for: a window that excludes a whole year ahead is as good as shut. */
const HORIZON_DAYS = 400;
const EXCLUDED_MOST = 366;
const DAY_SHAPE = /^\d{4}-\d{2}-\d{2}$/;

/** Everything that is wrong with a window, fields below `send_window`; empty when it can be used. */
export function windowIssues(window: WindowDraft): FaultDetail[] {
  const issues: FaultDetail[] = [];
  const wrong = (field: string, rule: string) => {
    issues.push({ field: `send_window.${field}`, message: `send_window.${field} ${rule}` });
  };
  if (window.timezone !== "lead" && !isZone(window.timezone)) {
    wrong("timezone", 'must be "lead" or an IANA time zone such as Europe/Berlin');
  }
  dayIssues(window.days, wrong);
  const starts = /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(window.start);
  const ends = /^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/.test(window.end);
  if (!starts) wrong("start", "must be a time HH:MM from 00:00 to 23:59");
  if (!ends) wrong("end", "must be a time HH:MM from 00:01 to 24:00");
  // Fixed width, so text order is time order.
  if (starts && ends && window.start >= window.end)
    wrong("end", `must be later than start (${window.start}); a window cannot run over midnight`);
  exclusionIssues(window.exclude_dates, wrong);
  return issues;
}

function dayIssues(days: readonly string[], wrong: (field: string, rule: string) => void): void {
  if (days.length === 0) wrong("days", `must name at least one of ${WEEKDAYS.join(", ")}`);
  if (days.length > WEEKDAYS.length) return wrong("days", "must name each day once");
  for (const [i, day] of days.entries()) {
    if (!WEEKDAYS.some((known) => known === day))
      wrong(`days[${i}]`, `must be one of ${WEEKDAYS.join(", ")}`);
    else if (days.indexOf(day) < i) wrong(`days[${i}]`, `names ${day} a second time`);
  }
}

function exclusionIssues(
  dates: readonly string[],
  wrong: (field: string, rule: string) => void,
): void {
  if (dates.length > EXCLUDED_MOST)
    return wrong("exclude_dates", `must have at most ${EXCLUDED_MOST} dates`);
  for (const [i, date] of dates.entries()) {
    if (!isDate(date)) wrong(`exclude_dates[${i}]`, "must be a date YYYY-MM-DD");
  }
}

function isDate(text: string): boolean {
  if (!DAY_SHAPE.test(text)) return false;
  try {
    return Temporal.PlainDate.from(text).toString() === text;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The zone in which a window is read for a lead of this zone. */
export function windowZone(window: Pick<SendWindow, "timezone">, lead_zone: string): string {
  return window.timezone === "lead" ? lead_zone : window.timezone;
}

/** Is the window open at this instant (ms UTC) for leads of this zone? */
export function isOpen(window: SendWindow, zone: string, instant: number): boolean {
  return closesAt(window, zone, instant) !== null;
}

/** When the window that is open now closes (ms UTC, exclusive), or null when it is not open. */
export function closesAt(window: SendWindow, zone: string, instant: number): number | null {
  const read_zone = windowZone(window, zone);
  const opening = openingOn(window, read_zone, localDate(instant, read_zone));
  return opening !== null && opening.opens <= instant && instant < opening.closes
    ? opening.closes
    : null;
}

/**
 * Until when (ms UTC, exclusive) a mail that is claimed now may be let go: the window's end, or that of the local day whose
 * quota it holds: a mail that is still under way at midnight comes back and takes the next day's. Now, when it is shut.
 */
export function openUntil(
  window: SendWindow,
  instant: number,
  zones: { lead: string; day: string },
): number {
  const closes_at = closesAt(window, zones.lead, instant) ?? instant;
  return Math.min(closes_at, startOfNextDay(instant, zones.day));
}

/** The first instant (ms UTC) from this one on at which the window is open; null when there is none in 400 days. */
export function nextOpening(window: SendWindow, zone: string, instant: number): number | null {
  const read_zone = windowZone(window, zone);
  let date = localDate(instant, read_zone);
  for (let day = 0; day <= HORIZON_DAYS; day++) {
    const opening = openingOn(window, read_zone, date);
    if (opening !== null && instant < opening.closes) return Math.max(instant, opening.opens);
    date = date.add({ days: 1 });
  }
  return null;
}

/** The last instant (ms UTC) up to this one at which the window closed; null when there is none in 400 days, or it is open. */
export function closedAt(window: SendWindow, zone: string, instant: number): number | null {
  const read_zone = windowZone(window, zone);
  let date = localDate(instant, read_zone);
  for (let day = 0; day <= HORIZON_DAYS; day++) {
    const opening = openingOn(window, read_zone, date);
    if (opening !== null && opening.opens <= instant)
      return opening.closes <= instant ? opening.closes : null;
    date = date.subtract({ days: 1 });
  }
  return null;
}

interface Opening {
  opens: number;
  closes: number;
}

function openingOn(window: SendWindow, zone: string, date: Temporal.PlainDate): Opening | null {
  const weekday = WEEKDAYS[date.dayOfWeek - 1];
  if (weekday === undefined || !window.days.includes(weekday)) return null;
  if (window.exclude_dates.length > 0 && window.exclude_dates.includes(date.toString()))
    return null;
  // "compatible" moves an edge out of a gap by the gap's length, which may be past midnight
  // (America/Nuuk skips 23:00-24:00): cut to the date, or an excluded day would be mailed on.
  const next_start = dateStart(date.add({ days: 1 }), zone);
  const opens = wallTime(date, window.start, zone);
  const closes =
    window.end === "24:00" ? next_start : Math.min(wallTime(date, window.end, zone), next_start);
  return opens < closes ? { opens, closes } : null;
}
