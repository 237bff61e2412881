// Durations as the API takes them, and what adding one does over a change of the clocks.

import { expect, test } from "bun:test";

import * as fc from "fast-check";

import {
  addDuration,
  formatDuration,
  parseDuration,
  readDuration,
} from "../../src/core/duration.ts";

const at = (text: string) => Date.parse(text);

test.each([
  ["P3D", 3, 0],
  ["PT4H", 0, 14_400],
  ["P1DT12H", 1, 43_200],
  ["P2W", 14, 0],
  ["P1W2D", 9, 0],
  ["PT0S", 0, 0],
  ["P0D", 0, 0],
  ["PT90M", 0, 5400],
  ["PT1H30M15S", 0, 5415],
  ["P366D", 366, 0],
  ["PT8784H", 0, 31_622_400],
])("%s is read as %i days and %i seconds", (text, days, seconds) => {
  expect(parseDuration(text)).toEqual({ days, seconds });
});

test.each([
  "",
  "P",
  "PT",
  "P1DT",
  "3D",
  "p3d",
  "P-3D",
  "-P3D",
  "+P3D",
  "P1Y",
  "P1M",
  "P0.5D",
  "PT1.5S",
  "P3D ",
  " P3D",
  "P3D\n",
  "PT3D",
  "P4H",
  "P1D2W",
  "P367D",
  "P53W",
  "P365DT25H",
  "PT8784H1S",
  "P9999999999D",
  "P٣D",
  "PT5",
  "P1D1D",
])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeNull();
  expect(() => readDuration(text)).toThrow(RangeError);
});

test.each([
  ["P2W", "P14D"],
  ["PT90M", "PT1H30M"],
  ["P0D", "PT0S"],
  ["PT25H", "PT25H"],
  ["P1DT0H5S", "P1DT5S"],
])("%s is written as %s", (text, short) => {
  expect(formatDuration(readDuration(text))).toBe(short);
});

test("what is written is read back as the same duration", () => {
  const durations = fc.record({ days: fc.nat(365), seconds: fc.nat(86_400) });
  fc.assert(
    fc.property(durations, (duration) => {
      expect(parseDuration(formatDuration(duration))).toEqual(duration);
    }),
  );
});

test.each([
  [
    "a day over the spring change keeps the wall time",
    "2026-03-28T08:00Z",
    "P1D",
    "Europe/Berlin",
    "2026-03-29T07:00Z",
  ],
  [
    "24 hours over the spring change do not",
    "2026-03-28T08:00Z",
    "PT24H",
    "Europe/Berlin",
    "2026-03-29T08:00Z",
  ],
  [
    "a day over the autumn change keeps the wall time",
    "2026-10-24T07:00Z",
    "P1D",
    "Europe/Berlin",
    "2026-10-25T08:00Z",
  ],
  [
    "a day that ends in a gap goes on behind it",
    "2026-03-28T01:30Z",
    "P1D",
    "Europe/Berlin",
    "2026-03-29T01:30Z",
  ],
  [
    "a day that ends in an overlap takes its first pass",
    "2026-10-24T00:30Z",
    "P1D",
    "Europe/Berlin",
    "2026-10-25T00:30Z",
  ],
  [
    "no days leave the second pass of an overlap alone",
    "2026-10-25T01:30Z",
    "PT0S",
    "Europe/Berlin",
    "2026-10-25T01:30Z",
  ],
  ["days come before hours", "2026-03-28T08:00Z", "P1DT12H", "Europe/Berlin", "2026-03-29T19:00Z"],
  [
    "a half-hour change is half an hour",
    "2026-10-03T00:00Z",
    "P1D",
    "Australia/Lord_Howe",
    "2026-10-03T23:30Z",
  ],
  [
    "a day that the zone skipped is passed over",
    "2011-12-29T20:00Z",
    "P1D",
    "Pacific/Apia",
    "2011-12-30T20:00Z",
  ],
])("%s", (_, ...row) => {
  const [from, duration, zone, to] = row;
  expect(addDuration(at(from), readDuration(duration), zone)).toBe(at(to));
});
