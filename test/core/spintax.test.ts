import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { everySpin, spin } from "../../src/core/spintax.ts";
import { pickVariant } from "../../src/core/variants.ts";
import { msOf } from "./mails.ts";

describe("spintax", () => {
  test("one option of each group is taken, and nested groups are spun too", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) seen.add(spin("{Hi|Hello {there|you}}!", `lead${seed}`));
    expect([...seen].toSorted()).toEqual(["Hello there!", "Hello you!", "Hi!"]);
  });

  test("the same seed gives the same text", () => {
    const template = "{a|b|c} {d|e|f} {g|h|i}";
    expect(spin(template, "lead 1")).toBe(spin(template, "lead 1"));
    const texts = new Set(Array.from({ length: 100 }, (_, seed) => spin(template, String(seed))));
    expect(texts.size).toBeGreaterThan(15);
  });

  test.each([
    '{{ first_name | default: "you" }}',
    "{% if a %}x|y{% endif %}",
    '{ "json": {"a": 1} }',
    "a { b",
    "a | b",
    "a } b",
    "{{",
    "{%",
    "{a|b",
    "{{a|b",
    "",
  ])("%j is left as it is written", (template) => {
    expect(spin(template, "s")).toBe(template);
  });

  test("Liquid inside of an option stays whole", () => {
    const template = '{Hi {{ first_name | default: "you" }}|Hi {{ first_name | default: "you" }}}';
    expect(spin(template, "s")).toBe('Hi {{ first_name | default: "you" }}');
    expect(everySpin("{{a|b} c|d} {{n}}")).toBe("a b c d {{n}}");
  });

  test("a text without groups is never changed, whatever it holds", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "{", "}", "%", " ", "{{", "}}") }),
        (text) => {
          expect(spin(text, "s")).toBe(text);
        },
      ),
    );
  });

  test("all options are taken about as often", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const option = spin("{a|b|c}", `lead_${seed}/step_1`);
      counts.set(option, (counts.get(option) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(count).toBeWithin(900, 1100);
  });

  test.each(["{", "{{", "{%", "{a|", "|", "}", "{{{ |", "{|}", "{{}"])(
    "100 KB of %j take less than 100 ms",
    (part) => {
      const text = part.repeat(100_000 / part.length);
      expect(msOf(() => spin(text, "s"))).toBeLessThan(100);
    },
  );
});

describe("variants", () => {
  test("are picked in proportion to their weights and always the same for a lead and step", () => {
    const variants = [{ weight: 3 }, { weight: 0 }, { weight: 1 }];
    const counts = [0, 0, 0];
    for (let lead = 0; lead < 4000; lead++) {
      const index = pickVariant(variants, `lead_${lead}/step_1`);
      expect(pickVariant(variants, `lead_${lead}/step_1`)).toBe(index);
      counts[index]!++;
    }
    expect(counts[0]).toBeWithin(2850, 3150);
    expect(counts[1]).toBe(0);
  });

  test("weights that say nothing give the first", () => {
    expect(pickVariant([{ weight: 0 }, { weight: 0 }], "x")).toBe(0);
    expect(pickVariant([], "x")).toBe(0);
    expect(pickVariant([{ weight: Number.NaN }, { weight: 1 }], "x")).toBe(1);
  });
});
