// Invariant 3: the send window, as a table of cases, and held against a scan of every minute with Intl.

import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import {
  closesAt,
  DEFAULT_WINDOW,
  isOpen,
  nextOpening,
  WEEKDAYS,
  windowIssues,
  windowZone,
} from "../../src/core/window.ts";
import type { SendWindow } from "../../src/core/window.ts";

const MINUTE = 60_000;
const at = (text: string) => Date.parse(text);
const window = (part: Partial<SendWindow>): SendWindow => ({ ...DEFAULT_WINDOW, ...part });
const nightly = (start: string, end: string) => window({ days: [...WEEKDAYS], start, end });

describe("the default window", () => {
  test.each([
    ["opens at 9 sharp", "2026-05-04T07:00:00.000Z", true],
    ["is shut a millisecond before", "2026-05-04T06:59:59.999Z", false],
    ["is open a millisecond before 17:00", "2026-05-04T14:59:59.999Z", true],
    ["is shut at 17:00: the end is exclusive", "2026-05-04T15:00:00.000Z", false],
    ["is shut on a Saturday", "2026-05-09T10:00:00.000Z", false],
  ])("%s", (_, instant, open) => {
    expect(isOpen(DEFAULT_WINDOW, "Europe/Berlin", at(instant))).toBe(open);
  });

  test("opens next on Monday for whoever asks on Friday evening, over the change of the clocks", () => {
    expect(nextOpening(DEFAULT_WINDOW, "Europe/Berlin", at("2026-03-27T16:00Z"))).toBe(
      at("2026-03-30T07:00Z"),
    );
  });

  test("is open for each lead at their own hour", () => {
    const instant = at("2026-05-04T07:30Z");
    expect(isOpen(DEFAULT_WINDOW, "Europe/Berlin", instant)).toBe(true);
    expect(isOpen(DEFAULT_WINDOW, "America/New_York", instant)).toBe(false);
  });
});

test("a window with a zone of its own is read there, whatever the lead's", () => {
  const fixed = window({ timezone: "America/New_York" });
  expect(windowZone(fixed, "Europe/Berlin")).toBe("America/New_York");
  expect(windowZone(DEFAULT_WINDOW, "Europe/Berlin")).toBe("Europe/Berlin");
  expect(nextOpening(fixed, "Europe/Berlin", at("2026-05-04T07:30Z"))).toBe(
    at("2026-05-04T13:00Z"),
  );
});

test("an excluded date is skipped, by the date of the window's zone", () => {
  const closed = window({ exclude_dates: ["2026-05-04"] });
  expect(nextOpening(closed, "Pacific/Auckland", at("2026-05-03T20:59Z"))).toBe(
    at("2026-05-04T21:00Z"),
  );
});

test("a window whose every opening in 400 days is excluded never opens", () => {
  const from = Temporal.PlainDate.from("2026-05-04");
  const mondays = Array.from({ length: 60 }, (_, week) => from.add({ weeks: week }).toString());
  const closed = window({ days: ["mon"], exclude_dates: mondays });
  expect(nextOpening(closed, "Europe/Berlin", at("2026-05-04T00:00Z"))).toBeNull();
  expect(nextOpening(window({ days: [] }), "UTC", at("2026-05-04T00:00Z"))).toBeNull();
  const open_once = window({ days: ["mon"], exclude_dates: mondays.slice(0, 50) });
  expect(nextOpening(open_once, "UTC", at("2026-05-04T00:00Z"))).toBe(at("2027-04-19T09:00Z"));
});

test("a window of all hours of all days is never shut", () => {
  const always = nightly("00:00", "24:00");
  for (
    let instant = at("2026-10-24T00:00Z");
    instant < at("2026-10-27T00:00Z");
    instant += 13 * MINUTE
  ) {
    expect(nextOpening(always, "America/Havana", instant)).toBe(instant);
    expect(closesAt(always, "America/Havana", instant)).toBeGreaterThan(instant);
  }
});

describe("an edge follows the change of the clocks:", () => {
  test.each([
    [
      "a start in the gap moves behind it",
      "Europe/Berlin",
      "02:30",
      "05:00",
      "2026-03-29",
      "01:30Z",
      "03:00Z",
    ],
    [
      "an end in the gap moves behind it",
      "Europe/Berlin",
      "01:00",
      "02:30",
      "2026-03-29",
      "00:00Z",
      "01:30Z",
    ],
    [
      "a start in the overlap is its first pass",
      "Europe/Berlin",
      "02:30",
      "05:00",
      "2026-10-25",
      "00:30Z",
      "04:00Z",
    ],
    [
      "an end in the overlap is its first pass",
      "Europe/Berlin",
      "01:00",
      "02:30",
      "2026-10-25",
      "-23:00Z",
      "00:30Z",
    ],
    [
      "a half-hour gap moves it by half an hour",
      "Australia/Lord_Howe",
      "02:15",
      "04:00",
      "2026-10-04",
      "-15:45Z",
      "-17:00Z",
    ],
    [
      "a day without midnight opens when it begins",
      "Africa/Cairo",
      "00:00",
      "02:00",
      "2026-04-24",
      "-22:00Z",
      "-23:00Z",
    ],
    [
      "an evening that midnight follows at once is cut there",
      "America/Nuuk",
      "22:00",
      "23:30",
      "2026-03-28",
      "+00:00Z",
      "+01:00Z",
    ],
  ])("%s", (_, ...row) => {
    const [zone, start, end, date, opens, closes] = row;
    const shift = (text: string) => {
      const days = text.startsWith("-") ? -1 : text.startsWith("+") ? 1 : 0;
      return at(`${date}T${text.replace(/^[-+]/, "")}`) + days * 1440 * MINUTE;
    };
    const midnight = Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds;
    const opening = nextOpening(nightly(start, end), zone, midnight);
    expect(opening).toBe(shift(opens));
    expect(closesAt(nightly(start, end), zone, shift(opens))).toBe(shift(closes));
  });

  test("a day that the zone skips, or a window whose start moves behind its end, has no opening", () => {
    const friday = window({ days: ["fri"] });
    expect(nextOpening(friday, "Pacific/Apia", at("2011-12-29T12:00Z"))).toBe(
      at("2012-01-05T19:00Z"),
    );
    expect(nextOpening(nightly("02:30", "03:15"), "Europe/Berlin", at("2026-03-29T00:00Z"))).toBe(
      at("2026-03-30T00:30Z"),
    );
  });
});

describe("what is wrong with a window", () => {
  test("nothing is wrong with the default, nor with a window until 24:00", () => {
    expect(windowIssues(DEFAULT_WINDOW)).toEqual([]);
    expect(
      windowIssues({
        ...DEFAULT_WINDOW,
        timezone: "Asia/Kathmandu",
        start: "23:59",
        end: "24:00",
        exclude_dates: ["2028-02-29"],
      }),
    ).toEqual([]);
  });

  test.each([
    ["timezone", { timezone: "Berlin" }],
    ["timezone", { timezone: "+02:00" }],
    ["days", { days: [] }],
    ["days[1]", { days: ["mon", "monday"] }],
    ["days[2]", { days: ["mon", "tue", "mon"] }],
    ["start", { start: "9:00" }],
    ["start", { start: "24:00" }],
    ["end", { end: "24:01" }],
    ["end", { end: "25:00" }],
    ["end", { start: "09:00", end: "09:00" }],
    ["end", { start: "22:00", end: "06:00" }],
    ["exclude_dates[1]", { exclude_dates: ["2026-12-24", "2026-02-30"] }],
    ["exclude_dates[0]", { exclude_dates: ["2026-12-24T00:00Z"] }],
    ["exclude_dates[0]", { exclude_dates: ["24.12.2026"] }],
  ])("%s of %j", (field, part) => {
    const issues = windowIssues({ ...DEFAULT_WINDOW, ...part });
    expect(issues.map((issue) => issue.field)).toEqual([`send_window.${field}`]);
    expect(issues[0]!.message).toStartWith(`send_window.${field} `);
  });

  test("lists that are too long are refused as a whole", () => {
    const days = Array.from({ length: 100_000 }, () => "mon");
    const exclude_dates = Array.from({ length: 367 }, () => "2026-12-24");
    const issues = windowIssues({ ...DEFAULT_WINDOW, days, exclude_dates });
    expect(issues.map((issue) => issue.field)).toEqual([
      "send_window.days",
      "send_window.exclude_dates",
    ]);
  });

  test("every fault is told, not the first", () => {
    const issues = windowIssues({
      timezone: "x",
      days: ["x"],
      start: "x",
      end: "x",
      exclude_dates: ["x"],
    });
    expect(issues).toHaveLength(5);
  });
});

/** Every minute around a change of the clocks, as Intl reads it: nothing here asks Temporal. */
interface Scan {
  zone: string;
  from: number;
  /** `YYYY-MM-DD HH:MM` of each minute. */
  wall: string[];
  weekday: string[];
}

function scan(zone: string, first_day: string): Scan {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const from = at(`${first_day}T00:00Z`);
  const wall: string[] = [];
  const weekday: string[] = [];
  for (let minute = 0; minute < 4 * 1440; minute++) {
    // Mon, 03/29/2026, 03:00
    const [name = "", date = "", time = ""] = format.format(from + minute * MINUTE).split(", ");
    const [month, day, year] = date.split("/");
    wall.push(`${year}-${month}-${day} ${time}`);
    weekday.push(name.toLowerCase());
  }
  return { zone, from, wall, weekday };
}

const SCANS = [
  scan("Europe/Berlin", "2026-03-27"),
  scan("Europe/Berlin", "2026-10-23"),
  scan("America/New_York", "2026-03-06"),
  scan("America/New_York", "2026-10-30"),
  scan("Australia/Lord_Howe", "2026-04-02"),
  scan("Australia/Lord_Howe", "2026-10-01"),
  scan("Asia/Kathmandu", "2026-03-27"),
  scan("Africa/Casablanca", "2026-02-13"),
  scan("Africa/Casablanca", "2026-03-20"),
  scan("Africa/Cairo", "2026-04-22"),
  scan("Africa/Cairo", "2026-10-28"),
  scan("America/Nuuk", "2026-03-27"),
  scan("Pacific/Apia", "2011-12-28"),
];

/** The minutes of a scan that are open, edge by edge: where an edge is not on the clock, it lies the gap's length behind it. */
function openMinutes(tried: SendWindow, { wall, weekday }: Scan): boolean[] {
  const open = wall.map(() => false);
  const dates = new Set(wall.map((text) => text.slice(0, 10)));
  for (const date of dates) {
    const first = wall.findIndex((text) => text.startsWith(date));
    const next = wall.findLastIndex((text) => text.startsWith(date)) + 1;
    if (!tried.days.some((day) => day === weekday[first]) || tried.exclude_dates.includes(date))
      continue;
    const edge = (time: string) => {
      if (time === "24:00") return next;
      const found = wall.indexOf(`${date} ${time}`);
      if (found >= 0) return found;
      const behind = wall.findIndex((text) => text > `${date} ${time}`);
      // Not on the clock at all: before the scan, after it, or in a gap.
      if (behind <= 0) return behind === 0 ? 0 : wall.length;
      return (
        behind -
        1 +
        (at(`${date}T${time}Z`) - at(`${wall[behind - 1]!.replace(" ", "T")}Z`)) / MINUTE
      );
    };
    open.fill(
      true,
      Math.max(first, edge(tried.start)),
      Math.max(first, Math.min(next, edge(tried.end)), 0),
    );
  }
  return open;
}

const timeOf = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** Half of the windows have their edges in the small hours, where clocks change. */
const edges = fc
  .uniqueArray(fc.oneof(fc.nat(1440), fc.nat(240), fc.integer({ min: 1320, max: 1440 })), {
    minLength: 2,
    maxLength: 2,
  })
  .map(([a = 0, b = 1]) => ({ start: timeOf(Math.min(a, b)), end: timeOf(Math.max(a, b)) }));

const cases = fc.constantFrom(...SCANS).chain((scanned) =>
  fc.record({
    scanned: fc.constant(scanned),
    edges,
    days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
    exclude_dates: fc.subarray([...new Set(scanned.wall.map((text) => text.slice(0, 10)))]),
    minutes: fc.array(fc.nat(scanned.wall.length - 1), { minLength: 20, maxLength: 20 }),
  }),
);

test("invariant 3: over any change of the clocks the window is open when a scan of every minute says so, and opens at its first open minute", () => {
  fc.assert(
    fc.property(cases, ({ scanned, edges: { start, end }, days, exclude_dates, minutes }) => {
      const tried = window({ days, start, end, exclude_dates });
      const open = openMinutes(tried, scanned);
      // The instants next to each edge, and some anywhere.
      const edges_at = open.flatMap((state, i) =>
        i > 0 && state !== open[i - 1] ? [i - 1, i] : [],
      );
      for (const minute of [...edges_at, ...minutes]) {
        const instant = scanned.from + minute * MINUTE;
        const state = open[minute]!;
        const where = { zone: scanned.zone, wall: scanned.wall[minute], start, end };
        expect({ ...where, open: isOpen(tried, scanned.zone, instant) }).toEqual({
          ...where,
          open: state,
        });
        expect(isOpen(tried, scanned.zone, instant + MINUTE - 1)).toBe(state);
        const first = open.indexOf(true, minute);
        const opening = nextOpening(tried, scanned.zone, instant);
        if (first >= 0) expect(opening).toBe(scanned.from + first * MINUTE);
        else
          expect(opening ?? Infinity).toBeGreaterThanOrEqual(scanned.from + open.length * MINUTE);
        if (state) expect(closesAt(tried, scanned.zone, instant)).toBeGreaterThan(instant);
      }
    }),
    { numRuns: 250 },
  );
});

test("invariant 3: where neither edge meets a change of the clocks, the wall clock never reads outside the window", () => {
  for (const scanned of SCANS) {
    const tried = window({ start: "05:00", end: "22:00" });
    for (let minute = 0; minute < scanned.wall.length; minute += 5) {
      const wall = scanned.wall[minute]!;
      const expected =
        tried.days.some((day) => day === scanned.weekday[minute]) &&
        wall.slice(11) >= "05:00" &&
        wall.slice(11) < "22:00";
      expect(`${wall} ${isOpen(tried, scanned.zone, scanned.from + minute * MINUTE)}`).toBe(
        `${wall} ${expected}`,
      );
    }
  }
});

test("invariant 3: in every zone there is, the next opening is open and the instant before it is not", () => {
  const zones = Intl.supportedValuesOf("timeZone");
  const instants = fc.integer({ min: at("2024-01-01T00:00Z"), max: at("2034-01-01T00:00Z") });
  fc.assert(
    fc.property(fc.constantFrom(...zones), instants, edges, (zone, instant, { start, end }) => {
      const tried = window({ start, end });
      const opening = nextOpening(tried, zone, instant)!;
      expect(isOpen(tried, zone, opening)).toBe(true);
      expect(opening === instant || !isOpen(tried, zone, opening - 1)).toBe(true);
      expect(isOpen(tried, zone, instant)).toBe(opening === instant);
      const closing = closesAt(tried, zone, opening)!;
      expect(isOpen(tried, zone, closing - 1)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
