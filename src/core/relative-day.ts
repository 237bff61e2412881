// Days that are told from today on: "back on Monday", "until next week", "in ten days", "only today".

import { BACK_WORDS, UNTIL_WORDS } from "./auto-words.ts";
import { COUNTS, NEXT_WEEK, TODAY, TOMORROW, UNITS, WEEKDAYS } from "./date-words.ts";
import { foldLetters } from "./fold-words.ts";

const DAY_MS = 86_400_000;
const TOLD = new RegExp(
  `(?<!\\p{L})(?:${[...BACK_WORDS, ...UNTIL_WORDS].map(foldLetters).join("|")})\\p{L}{0,8}(.{0,32})`,
  "gu",
);
/** How long somebody is away: "for two weeks", "in 10 days". */
const SPAN =
  /(?<!\p{L})(?:in|for|fur|dans|pour|en|por|durante|per|tra|fra|voor|na|za|peste|om|i|через|на|die nachsten|the next|les prochains) (\p{L}{1,6}|\d\d?) (\p{L}{2,10})/gu;
const LONGEST_DAYS = 60;

/** Midnight UTC of the day that a folded text tells from `today` (midnight UTC), or null. */
export function relativeDay(folded: string, today: number): number | null {
  for (const match of folded.matchAll(TOLD)) {
    const day = dayOf(match[1] ?? "", today);
    if (day !== null) return day;
  }
  for (const match of folded.matchAll(SPAN)) {
    const count = COUNTS.get(match[1] ?? "") ?? Number(match[1]);
    const unit = UNITS.get(match[2] ?? "");
    if (unit !== undefined && count > 0 && count * unit <= LONGEST_DAYS)
      return today + count * unit * DAY_MS;
  }
  if (NEXT_WEEK.some((words) => folded.includes(words))) return weekdayAfter(today, 1);
  return TODAY.some((word) => hasWord(folded, word)) ? today : null;
}

/** What the words after "back" or "until" name, or null. */
function dayOf(text: string, today: number): number | null {
  const words = text.split(/[^\p{L}\p{N}-]+/u).filter((word) => word !== "");
  if (TOMORROW.some((word) => words.slice(0, 2).includes(word))) return today + DAY_MS;
  if (NEXT_WEEK.some((one) => text.includes(one))) return weekdayAfter(today, 1);
  for (const word of words.slice(0, 5)) {
    // Two letters are a weekday only to a calendar.
    const weekday = word.length > 2 ? WEEKDAYS.get(word) : undefined;
    if (weekday !== undefined) return weekdayAfter(today, weekday);
  }
  return null;
}

/** The next such day after today. */
function weekdayAfter(today: number, weekday: number): number {
  const now = new Date(today).getUTCDay() || 7;
  return today + (((weekday - now + 6) % 7) + 1) * DAY_MS;
}

function hasWord(folded: string, word: string): boolean {
  return (
    new RegExp(`(?<!\\p{L})${word}(?!\\p{L})`, "u").test(folded) ||
    (/[\u4e00-\u9fff]/.test(word) && folded.includes(word))
  );
}
