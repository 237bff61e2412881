// Zone names, and local days that are longer, shorter or missing.

import { describe, expect, test } from "bun:test";

import { findZone, isZone, localDay, startOfDay, startOfNextDay } from "../../src/core/zones.ts";

const at = (text: string) => Date.parse(text);

test.each([
  ["Europe/Berlin", "Europe/Berlin"],
  ["europe/berlin", "Europe/Berlin"],
  ["AMERICA/ARGENTINA/BUENOS_AIRES", "America/Argentina/Buenos_Aires"],
  ["Asia/Kathmandu", "Asia/Kathmandu"],
  ["utc", "UTC"],
  ["Etc/GMT+5", "Etc/GMT+5"],
])("%s names the zone %s", (name, zone) => {
  expect(findZone(name)).toBe(zone);
  expect(isZone(name)).toBe(true);
});

test.each([
  "",
  "lead",
  "+02:00",
  "-0500",
  "UTC+5",
  "Z",
  "Europe/Berlin ",
  "Europe/Atlantis",
  "2026-01-01T00:00[Europe/Berlin]",
  "Europe/Berlin\0",
  "../etc/passwd",
  "İstanbul",
  "a".repeat(65),
])("%j names no zone", (name) => {
  expect(findZone(name)).toBeNull();
  expect(isZone(name)).toBe(false);
});

describe("a local day", () => {
  test.each([
    [
      "of 23 hours",
      "Europe/Berlin",
      "2026-03-29T12:00Z",
      "2026-03-29",
      "2026-03-28T23:00Z",
      "2026-03-29T22:00Z",
    ],
    [
      "of 25 hours",
      "Europe/Berlin",
      "2026-10-25T12:00Z",
      "2026-10-25",
      "2026-10-24T22:00Z",
      "2026-10-25T23:00Z",
    ],
    [
      "ahead of UTC",
      "Asia/Kathmandu",
      "2026-05-01T18:15Z",
      "2026-05-02",
      "2026-05-01T18:15Z",
      "2026-05-02T18:15Z",
    ],
    [
      "that has no midnight",
      "Africa/Cairo",
      "2026-04-24T09:00Z",
      "2026-04-24",
      "2026-04-23T22:00Z",
      "2026-04-24T21:00Z",
    ],
    [
      "before one that was skipped",
      "Pacific/Apia",
      "2011-12-30T09:59Z",
      "2011-12-29",
      "2011-12-29T10:00Z",
      "2011-12-30T10:00Z",
    ],
    [
      "after one that was skipped",
      "Pacific/Apia",
      "2011-12-30T10:00Z",
      "2011-12-31",
      "2011-12-30T10:00Z",
      "2011-12-31T10:00Z",
    ],
  ])("%s", (_, ...row) => {
    const [zone, instant, day, start, next] = row;
    expect(localDay(at(instant), zone)).toBe(day);
    expect(startOfDay(at(instant), zone)).toBe(at(start));
    expect(startOfNextDay(at(instant), zone)).toBe(at(next));
  });
});

test("no zone sets its clock back over midnight, so a local day is one stretch of time", () => {
  const last = at("2036-01-01T00:00Z");
  const broken: string[] = [];
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    let change = Temporal.Instant.from("2024-01-01T00:00Z")
      .toZonedDateTimeISO(zone)
      .getTimeZoneTransition("next");
    while (change !== null && change.epochMilliseconds < last) {
      const before = localDay(change.epochMilliseconds - 1, zone);
      if (localDay(change.epochMilliseconds, zone) < before) broken.push(`${zone} ${before}`);
      change = change.getTimeZoneTransition("next");
    }
  }
  expect(broken).toEqual([]);
});
