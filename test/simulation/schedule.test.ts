// Invariant 3, the calendar part of it, in CI with a small count; scripts/schedule.ts has the large ones.
import { expect, test } from "bun:test";

import { checkSchedule } from "./schedule.ts";

/** Half-hour changes, changes at midnight, a date that did not exist, a clock that ran over midnight twice. */
const ODD_ZONES = [
  "Africa/Cairo",
  "Africa/Casablanca",
  "America/Havana",
  "America/Nuuk",
  "America/St_Johns",
  "Asia/Beirut",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "Europe/Berlin",
  "Pacific/Apia",
  "Pacific/Chatham",
];

test.each([2026, 2005])(
  "windows, openings and days of the ten years from %i are those of the clocks on the walls",
  (from_year) => {
    const report = checkSchedule({
      decisions: 20_000,
      seed: 11,
      from_year,
      years: 10,
      zones: ODD_ZONES,
    });
    expect(report.violations).toEqual([]);
    expect(report.decisions).toBeGreaterThanOrEqual(20_000);
  },
);
