// The short way through an import must say of every row what the long way says, or leave the row to it.
import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { checkBody } from "../../../src/http/check.ts";
import { readFields } from "../../../src/resources/leads/fields.ts";
import { openPlainReader } from "../../../src/resources/leads/plain-row.ts";
import { type LeadDraft, LeadRowDraft } from "../../../src/resources/leads/schema.ts";
import { writeFields } from "../../../src/resources/leads/store.ts";

/** What the long way stores, or null where it refuses the row. */
function readLong(row: unknown) {
  if (checkBody(LeadRowDraft, row).length > 0) return null;
  const { fields, issues } = readFields(row as LeadDraft, null);
  return issues.length > 0 ? null : writeFields(fields);
}

const plain = {
  email: "Grace.Hopper+list@Bücher.example",
  first_name: " Grace ",
  last_name: "Hopper 🚢",
  company: "Navy",
  title: "",
  phone: null,
  website: "https://example.com",
  country: "us",
  timezone: "america/new_york",
  tags: ["a", "b ", "a"],
  source: "list",
  custom: { city: "Arlington", n: 1.5, 7: true, empty: "" },
};

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("Ada", " ", "", "a\nb", "\u0085", "\u2028", "\ud800", "de", "é", "x".repeat(201)),
);
const email = fc.oneof(
  fc.constantFrom("a@example.com", "A@Example.COM", "b@x", "", `${"a".repeat(65)}@x.de`, "ü@x.de"),
  text,
);
const anything = fc.oneof(text, fc.constantFrom(null, 0, true, [], {}, Infinity));
const key = fc.oneof(text, fc.constantFrom("city", "1", "k".repeat(65)));
const value = fc.oneof(anything, fc.double(), fc.constant("x".repeat(3000)), fc.constant("a\tb"));
const custom = fc.oneof(
  fc.dictionary(key, value, { maxKeys: 5 }),
  fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.boolean(), {
    minKeys: 60,
    maxKeys: 70,
  }),
  anything,
);
const tags = fc.oneof(
  fc.array(fc.oneof(text, fc.constant("t".repeat(65))), { maxLength: 4 }),
  fc.array(fc.constant("t"), { minLength: 49, maxLength: 52 }),
  anything,
);
const zone = fc.oneof(
  fc.constantFrom("Europe/Berlin", "europe/berlin ", "Nowhere", "+02:00", "z".repeat(65)),
  anything,
);
const line = fc.oneof(text, anything);
const row = fc.record(
  {
    email,
    first_name: line,
    last_name: line,
    company: line,
    title: line,
    phone: fc.oneof(line, fc.constant("1".repeat(51))),
    website: fc.oneof(line, fc.constant("w".repeat(501))),
    country: fc.oneof(line, fc.constantFrom("de", " fr ", "c".repeat(101))),
    timezone: zone,
    tags,
    source: line,
    custom,
    frist_name: line,
  },
  { requiredKeys: ["email"] },
);

test("a row of an ordinary list is read in one pass", () => {
  const read = openPlainReader()(plain);
  expect(read?.fields).toEqual(readLong(plain) ?? undefined);
  expect(read?.fields).toMatchObject({
    email: "grace.hopper+list@xn--bcher-kva.example",
    first_name: "Grace",
    title: null,
    country: "US",
    timezone: "America/New_York",
    tags: '["a","b"]',
  });
});

test("whatever the row: what the short way takes is what the long way stores", () => {
  const read = openPlainReader();
  fc.assert(
    fc.property(fc.oneof(row, anything), (one) => {
      const short = read(one);
      if (short) expect(short.fields).toEqual(readLong(one) as typeof short.fields);
    }),
    { numRuns: 2000 },
  );
});

test("each field alone, good or bad, is taken only where the long way takes it", () => {
  const read = openPlainReader();
  const fields = { first_name: line, country: line, phone: line, timezone: zone, tags, custom };
  for (const [name, values] of Object.entries(fields)) {
    fc.assert(
      fc.property(values as fc.Arbitrary<unknown>, (one) => {
        const given = { email: "a@example.com", [name]: one };
        const short = read(given);
        if (short) expect(short.fields).toEqual(readLong(given) as typeof short.fields);
      }),
      { numRuns: 500 },
    );
  }
});
