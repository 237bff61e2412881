// The day on which somebody who is away says to be back: read only where it can be read one way, never in the past.

import { BACK_AFTER, BACK_WORDS, FOREIGN_WORDS, UNTIL_AFTER, UNTIL_WORDS } from "./auto-words.ts";
import { WEEKDAYS } from "./date-words.ts";
import { foldLetters } from "./fold-words.ts";
import { relativeDay } from "./relative-day.ts";
import { type Found, isoDates, namedDates, numericDates } from "./written-dates.ts";

const DAY_MS = 86_400_000;
const TEXT_CAP = 4096;
/** Words before a date that belong to it, and words after it. */
const REACH = 48;
const REACH_AFTER = 24;
/** A day that no word says to be the return is believed this far ahead. */
const UNTOLD_DAYS = 92;
const wordsBefore = (words: readonly string[]): RegExp =>
  new RegExp(`(?<!\\p{L})(?:${words.map(foldLetters).join("|")})`, "u");
const BACK = wordsBefore(BACK_WORDS);
const UNTIL = wordsBefore(UNTIL_WORDS);
const AFTER_BACK = new RegExp(BACK_AFTER.map(foldLetters).join("|"), "u");
const AFTER_UNTIL = new RegExp(UNTIL_AFTER.map(foldLetters).join("|"), "u");
const FOREIGN = new RegExp(
  `(?<!\\p{L})(?:${FOREIGN_WORDS.map(foldLetters).join("|")})(?!\\p{L})`,
  "u",
);
/** What joins the two ends of a range, right before its end. */
const JOINT =
  /(?:[-–—~〜]|(?<!\p{L})(?:to|bis(?: zum| einschliesslich| inklusive)?|au|al|ao|a|ate|tot|t\/m|do|la|till|til|az do|по|до)) {0,2}(?:the |den |dem |il |o |el |le )?(?:\p{L}{2,14}\.?,? {0,2})?$/u;
const CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;

export interface DateContext {
  /** When the mail came in, ms UTC. */
  received_at: number;
  /** The sender's offset from UTC in minutes, out of the mail's own Date; null when unknown. */
  offset_minutes?: number | null;
}

/** How sure a word makes a date: 2 says "back on", 1 "until" or the end of a range, 0 nothing. */
interface Candidate {
  time: number;
  told: 0 | 1 | 2;
}

/** `YYYY-MM-DD` of the return, or null. `5/12` is read by the sender's language and zone, or by a weekday beside it, or not at all. */
export function findReturnDate(text: string, context: DateContext | number): string | null {
  const { received_at, offset_minutes = null } =
    typeof context === "number" ? { received_at: context } : context;
  const folded = flowing(text);
  const today = Math.floor((received_at + (offset_minutes ?? 0) * 60_000) / DAY_MS) * DAY_MS;
  const order = orderOf(folded, offset_minutes);
  const found = [...isoDates(folded), ...numericDates(folded), ...namedDates(folded)];
  const dated = found.flatMap((one) => candidateOf(one, { folded, today, order }));
  const best = pick(dated, today) ?? relativeDay(folded, today);
  return best === null ? null : new Date(best).toISOString().slice(0, 10);
}

/** Folded, each paragraph one line: clients wrap between "until" and its date. */
function flowing(text: string): string {
  return foldLetters(text.slice(0, TEXT_CAP).normalize("NFKC"))
    .replace(/\r/g, "")
    .replace(/[ \t]{2,}/g, " ")
    .replace(/(?<!\n)\n(?!\n)/g, " ");
}

function pick(dated: readonly Candidate[], today: number): number | null {
  const back = dated.find(({ told }) => told === 2);
  if (back) return back.time;
  const until = dated.filter(({ told }) => told === 1).map(({ time }) => time);
  if (until.length > 0) return Math.max(...until);
  const rest = dated.map(({ time }) => time).filter((time) => time <= today + UNTOLD_DAYS * DAY_MS);
  return rest.length > 0 ? Math.max(...rest) : null;
}

type Order = "day_first" | "month_first" | null;

/** English is written both ways: America's zones tell. Other languages have one order, Japanese and Chinese the other. */
function orderOf(folded: string, offset_minutes: number | null): Order {
  if (CJK.test(folded)) return "month_first";
  if (FOREIGN.test(folded)) return "day_first";
  if (offset_minutes === null) return null;
  return offset_minutes <= -240 && offset_minutes >= -600 ? "month_first" : "day_first";
}

interface Place {
  folded: string;
  today: number;
  order: Order;
}

function candidateOf(found: Found, { folded, today, order }: Place): Candidate[] {
  const before = sentenceBefore(folded, found.at);
  const after = folded.slice(found.end, found.end + REACH_AFTER);
  const told = toldOf(before, after, found.is_range_end);
  if (found.is_bare && (told === 0 || /^ ?(?:uhr|h\b|am\b|pm\b|%)/.test(after))) return [];
  const times = readings(found, order).map((one) => timeOf(one, today));
  const real = [...new Set(times.filter((time) => time !== null))];
  const [first, second] = real;
  if (first === undefined) return [];
  if (second === undefined) return [{ time: first, told }];
  const weekday = weekdayBefore(before);
  const fitting = real.filter((time) => isoWeekday(time) === weekday);
  const [only] = fitting;
  return fitting.length === 1 && only !== undefined ? [{ time: only, told }] : [];
}

function readings(found: Found, order: Order): Found[] {
  if (!found.is_ambiguous || order === "day_first") return [found];
  const turned = { ...found, month: found.day, day: found.month };
  return order === "month_first" ? [turned] : [found, turned];
}

function toldOf(before: string, after: string, is_range_end: boolean): 0 | 1 | 2 {
  if (is_range_end || JOINT.test(before.slice(-40)))
    return BACK.test(before) && !UNTIL.test(before) ? 2 : 1;
  if (UNTIL.test(before))
    return BACK.test(before) && !/^\D{0,3}$/.test(before) && lastOf(before) === 2 ? 2 : 1;
  if (BACK.test(before) || AFTER_BACK.test(after)) return 2;
  return AFTER_UNTIL.test(after) ? 1 : 0;
}

/** Which of the two words stands nearer to the date: "away until Friday, back on Monday". */
function lastOf(before: string): 1 | 2 {
  const near = before.slice(-18);
  return BACK.test(near) && !UNTIL.test(near) ? 2 : 1;
}

/** The words before a place, no further than the sentence goes: "zurück am Mo. 5.12." has no end within. */
function sentenceBefore(folded: string, at: number): string {
  const before = folded.slice(Math.max(0, at - REACH), at);
  const ends = [...before.matchAll(/[!?\n。！？]|\p{L}{4}\. /gu)];
  const end = ends.at(-1);
  return end === undefined ? before : before.slice(end.index + end[0].length);
}

function weekdayBefore(before: string): number | null {
  const words = before
    .slice(-16)
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length > 1);
  return WEEKDAYS.get(words.at(-1) ?? "") ?? null;
}

function isoWeekday(time: number): number {
  return new Date(time).getUTCDay() || 7;
}

/** Midnight UTC of a date that exists and lies between today and a year ahead (half a year when the year is a guess). */
function timeOf(found: Found, today: number): number | null {
  const guess = new Date(today).getUTCFullYear();
  const years =
    found.year === null ? [guess, guess + 1] : [found.year < 100 ? 2000 + found.year : found.year];
  const reach = (found.year === null ? 183 : 366) * DAY_MS;
  for (const year of years) {
    const time = Date.UTC(year, found.month - 1, found.day);
    const isReal = new Date(time).getUTCMonth() === found.month - 1 && found.day > 0;
    if (isReal && time >= today && time < today + reach) return time;
  }
  return null;
}
