// Dates as people write them, in folded text: which day, month and year, and where. What they mean is asked elsewhere.

import { MONTHS } from "./date-words.ts";

/** A date in a text, from `at` to `end`. */
export interface Found {
  at: number;
  end: number;
  year: number | null;
  month: number;
  day: number;
  /** 5/12 may be the fifth of December or the twelfth of May; `day` and `month` are told day first. */
  is_ambiguous: boolean;
  /** 10.12 may be a time or a price: a word must say that it is a day. */
  is_bare: boolean;
  /** The end of "March 3-10". */
  is_range_end: boolean;
}

function found(
  match: RegExpExecArray,
  date: Pick<Found, "year" | "month" | "day">,
  more: Partial<Found> = {},
): Found {
  return {
    at: match.index,
    end: match.index + match[0].length,
    ...date,
    is_ambiguous: false,
    is_bare: false,
    is_range_end: false,
    ...more,
  };
}

const isMonth = (month: number): boolean => month >= 1 && month <= 12;

/** 2026-12-05, 2026/12/5, 2026年12月5日, 12月5日, 12월 5일. */
export function* isoDates(text: string): Generator<Found> {
  for (const match of text.matchAll(/(?<![\d.])(\d{4})([-/.])(\d\d?)\2(\d\d?)(?!\d)/g))
    yield found(match, { year: Number(match[1]), month: Number(match[3]), day: Number(match[4]) });
  for (const match of text.matchAll(
    /(?:(\d{4})\s?[年년]\s?)?(?<!\d)(\d\d?)\s?[月월]\s?(\d\d?)\s?[日일号號]/g,
  ))
    yield found(match, { year: yearOf(match[1]), month: Number(match[2]), day: Number(match[3]) });
}

/** 5.12., 05.12.2026, 24/12/2026, 5-12-2026. */
export function* numericDates(text: string): Generator<Found> {
  const shape = /(?<![\d.,/])(\d\d?)\s?([./-])\s?(\d\d?)(?:\2\s?(\d{4}|\d\d)?)?(?![\d:/])/g;
  for (const match of text.matchAll(shape)) {
    const [first, second] = [Number(match[1]), Number(match[3])];
    const year = yearOf(match[4]);
    // 3-10 is a range of days, 5.12 may be a time.
    if (match[2] === "-" && year === null) continue;
    if (match[2] === ".") {
      const is_bare = year === null && !/\.\s?$/.test(match[0]);
      if (isMonth(second)) yield found(match, { year, month: second, day: first }, { is_bare });
    } else if (first > 12 && isMonth(second))
      yield found(match, { year, month: second, day: first });
    else if (second > 12 && isMonth(first)) yield found(match, { year, month: first, day: second });
    else if (isMonth(first) && isMonth(second))
      yield found(match, { year, month: second, day: first }, { is_ambiguous: first !== second });
  }
}

/** "5 December 2026", "5. Dezember", "5 de diciembre", "December 5th, 2026", "March 3-10". */
export function* namedDates(text: string): Generator<Found> {
  for (const match of text.matchAll(DAY_FIRST)) {
    const month = MONTHS.get(match[2] ?? "");
    if (month !== undefined)
      yield found(match, { year: yearOf(match[3]), month, day: Number(match[1]) });
  }
  for (const match of text.matchAll(MONTH_FIRST)) {
    const month = MONTHS.get(match[1] ?? "");
    if (month === undefined) continue;
    const last = match[3];
    const day = Number(last ?? match[2]);
    yield found(
      match,
      { year: yearOf(match[4]), month, day },
      { is_range_end: last !== undefined },
    );
  }
}

const DAY_FIRST =
  /(?<!\d)(\d\d?)(?:st|nd|rd|th|er|eme|º|ª|o|-?го|\.)?[\s-]{1,3}(?:de\s|of\s|di\s|d[’'])?([\p{L}]{3,12})(?:\.?,?[\s-](?:de\s|del\s)?(\d{4})(?!\d))?/gu;
const MONTH_FIRST =
  /(?<!\p{L})([\p{L}]{3,12})\.?\s(?:the\s)?(\d\d?)(?:st|nd|rd|th|\.)?(?:\s?(?:-|–|to|through|until)\s?(\d\d?)(?:st|nd|rd|th)?)?(?![\d:])(?:,?\s(\d{4})(?!\d))?/gu;

function yearOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
