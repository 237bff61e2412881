// Ids: integers inside, prefixed Crockford characters outside, in the order of time.
import { expect, test } from "bun:test";

import { assert, maxSafeInteger, nat, property } from "fast-check";

import { formatId, idTime, nextId, parseId } from "../../src/core/ids.ts";

const NOW = Date.UTC(2027, 0, 1);

test("every id that is written is read again, and only under its prefix", () => {
  assert(
    property(maxSafeInteger(), (number) => {
      const id = Math.abs(number);
      expect(parseId("lead", formatId("lead", id))).toBe(id);
      expect(parseId("cmp", formatId("lead", id))).toBeNull();
    }),
  );
});

test("ids sort as text in the order of time", () => {
  assert(
    property(nat(), nat(), (one, other) => {
      const [first, second] = [formatId("evt", one), formatId("evt", other)];
      expect(first < second).toBe(one < other);
    }),
  );
});

test("an id is above the last one and not below its instant", () => {
  const id = nextId(0, NOW);
  expect(idTime(id)).toBe(NOW);
  expect(nextId(id, NOW)).toBe(id + 1);
  expect(nextId(id, NOW - 1000)).toBe(id + 1);
  expect(nextId(id, NOW + 1)).toBeGreaterThan(id + 4000);
  expect(formatId("cmp", id)).toHaveLength("cmp_".length + 11);
});

test("what is no id is null", () => {
  for (const text of [
    "",
    "lead_",
    "lead_1",
    "lead_zzzzzzzzzzz",
    "lead_0000000000u",
    "LEAD_00000000001",
    "lead_000000000001",
  ]) {
    expect(parseId("lead", text)).toBeNull();
  }
  expect(parseId("lead", "lead_0000000000I")).toBe(1);
});
