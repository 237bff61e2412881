// The day on which somebody who is away says to be back: read only where it can be read one way.
import { RETURN_WORDS } from "./auto-words.ts";
import { foldLetters } from "./fold-words.ts";

const DAY_MS = 86_400_000;
const TEXT_CAP = 4096;
/** Words before a date that belong to it. */
const REACH = 48;
const RETURN = new RegExp(`(?<!\\p{L})(?:${RETURN_WORDS.join("|")})`, "u");

interface Found {
  at: number;
  year: number | null;
  month: number;
  day: number;
}

/** `YYYY-MM-DD` of the return, or null. `received_at` (ms UTC) gives the year where none is written. */
export function findReturnDate(text: string, received_at: number): string | null {
  const folded = foldLetters(text.slice(0, TEXT_CAP));
  const dated = [...isoDates(folded), ...numericDates(folded), ...namedDates(folded)]
    .map((found) => ({ at: found.at, time: timeOf(found, received_at) }))
    .filter((found): found is { at: number; time: number } => found.time !== null);
  const told = dated.filter(({ at }) => RETURN.test(folded.slice(Math.max(0, at - REACH), at)));
  const times = (told.length > 0 ? told : dated).map((found) => found.time);
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString().slice(0, 10);
}

/** Midnight UTC of a date that exists and lies between yesterday and a year ahead (half a year when the year is a guess). */
function timeOf(found: Found, received_at: number): number | null {
  const guess = new Date(received_at).getUTCFullYear();
  const years =
    found.year === null ? [guess, guess + 1] : [found.year < 100 ? 2000 + found.year : found.year];
  const reach = (found.year === null ? 183 : 366) * DAY_MS;
  for (const year of years) {
    const time = Date.UTC(year, found.month - 1, found.day);
    const isReal = new Date(time).getUTCMonth() === found.month - 1 && found.day > 0;
    if (isReal && time > received_at - 2 * DAY_MS && time < received_at + reach) return time;
  }
  return null;
}

function* isoDates(text: string): Generator<Found> {
  for (const match of text.matchAll(/(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)/g)) {
    yield {
      at: match.index,
      year: Number(match[1]),
      month: Number(match[2]),
      day: Number(match[3]),
    };
  }
}

/** 5.12., 05.12.2026, 24/12/2026: with slashes only where the day is above 12, for 5/12 has two readings. */
function* numericDates(text: string): Generator<Found> {
  const shape = /(?<![\d.,/])(\d\d?)([./])\s?(\d\d?)(?:\2\s?(\d{4}|\d\d)?)?(?![\d:/])/g;
  for (const match of text.matchAll(shape)) {
    const [first, second] = [Number(match[1]), Number(match[3])];
    const year = match[4] === undefined ? null : Number(match[4]);
    if (match[2] === ".") {
      const isDate =
        second >= 1 && second <= 12 && (match[4] !== undefined || /\.\s?$/.test(match[0]));
      if (isDate) yield { at: match.index, year, month: second, day: first };
    } else if (first > 12 && second <= 12)
      yield { at: match.index, year, month: second, day: first };
    else if (second > 12 && first <= 12) yield { at: match.index, year, month: first, day: second };
  }
}

/** "5 December 2026", "5. Dezember", "5 de diciembre", "December 5th, 2026". */
function* namedDates(text: string): Generator<Found> {
  for (const match of text.matchAll(DAY_FIRST)) {
    const month = monthOf(match[2]);
    if (month !== null)
      yield { at: match.index, year: yearOf(match[3]), month, day: Number(match[1]) };
  }
  for (const match of text.matchAll(MONTH_FIRST)) {
    const month = monthOf(match[1]);
    if (month !== null)
      yield { at: match.index, year: yearOf(match[3]), month, day: Number(match[2]) };
  }
}

const DAY_FIRST =
  /(?<!\d)(\d\d?)(?:st|nd|rd|th|er|º|ª|o|\.)?\s{1,3}(?:de\s|of\s)?([\p{L}]{3,12})(?:\.?,?\s(?:de\s|del\s)?(\d{4})(?!\d))?/gu;
const MONTH_FIRST =
  /(?<!\p{L})([\p{L}]{3,12})\.?\s(\d\d?)(?:st|nd|rd|th)?(?!\d|:)(?:,?\s(\d{4})(?!\d))?/gu;

function yearOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

function monthOf(word: string | undefined): number | null {
  return MONTHS.get(word ?? "") ?? null;
}

/** Names and short names of the months, folded, in the nine languages. */
const MONTHS = new Map<string, number>(
  [
    "jan january januar janner janvier janv enero ene gennaio gen janeiro januari stycznia styczen ianuarie ian",
    "feb february februar fevrier fevr febrero febbraio fevereiro fev februari lutego luty februarie",
    "mar march marz mrz mars marzo marco maart mrt marca marzec martie",
    "apr april avril avr abril abr aprile kwietnia kwiecien aprilie",
    "may mai mayo maggio mag maio mei maja maj",
    "jun june juni juin junio giugno giu junho czerwca czerwiec iunie iun",
    "jul july juli juillet juil julio luglio lug julho lipca lipiec iulie iul",
    "aug august aout agosto ago augustus sierpnia sierpien",
    "sep sept september septembre septiembre settembre set setembro wrzesnia wrzesien septembrie",
    "oct october oktober okt octobre octubre ottobre ott outubro out pazdziernika pazdziernik octombrie",
    "nov november novembre noviembre novembro listopada listopad noiembrie noi",
    "dec december dezember dez decembre diciembre dic dicembre dezembro grudnia grudzien decembrie",
  ].flatMap((names, index) => names.split(" ").map((name) => [name, index + 1] as const)),
);
