// The quick ways of composing against the slow ones that they stand in for: the same words, byte for byte.
import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { readPlainTemplate } from "../../src/core/plain-template.ts";
import { encodeQuotedPrintable } from "../../src/core/quoted-printable.ts";
import { renderLiquid, renderText } from "../../src/core/render.ts";

const name = fc.constantFrom(
  "first_name",
  "custom.city",
  "custom",
  "size",
  "empty",
  "x.y",
  "n",
  "custom.first",
  "__proto__",
  "constructor",
);
const filter = fc.constantFrom(
  "",
  ' | default: "there"',
  " | default: 'du'",
  '|default:""',
  ' | default: "a\\n"',
  " | upcase",
  ' | default: "x" | upcase',
  ' | default: "<b>"',
  ' | default: "}}"',
);
const pieces = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  { weight: 5, arbitrary: fc.tuple(name, filter).map(([of, by]) => `{{ ${of}${by} }}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "{{first_name}}",
      "{{- n -}}",
      "{% if n %}a{% endif %}",
      "{{",
      "}}",
      "{%",
      "\n",
      "{{ \n n }}",
      "{{ 'x' }}",
      "{# #}",
    ),
  },
);
const template = fc.array(pieces, { maxLength: 8 }).map((all) => all.join(""));
const value = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom(
    "",
    " ",
    "\t",
    "\u00a0",
    null,
    0,
    7,
    false,
    true,
    [],
    ["a", "b"],
    {},
    "<a&b>",
    "{{ n }}",
  ),
);
const variables = fc.record(
  {
    first_name: value,
    n: value,
    x: value,
    empty: value,
    custom: fc.oneof(value, fc.record({ city: value, first: value }, { requiredKeys: [] })),
  },
  { requiredKeys: [] },
);

describe("a template that only puts values in", () => {
  test("is joined to what LiquidJS makes of it", () => {
    fc.assert(
      fc.property(template, variables, fc.constantFrom("text", "html"), (text, values, kind) => {
        expect(renderText(text, values, kind)).toEqual(renderLiquid(text, values, kind));
      }),
      { numRuns: 3000 },
    );
  });

  test("is told from one with more in it", () => {
    expect(
      readPlainTemplate('Hi {{ first_name | default: "there" }}, {{custom.city}}'),
    ).toHaveLength(5);
    for (const more of [
      "{% if a %}b{% endif %}",
      "{{ a | upcase }}",
      "{{- a }}",
      "{{ custom.size }}",
      "{{ a[0] }}",
    ])
      expect(readPlainTemplate(more)).toBeNull();
  });
});

/** RFC 2045 6.7 byte by byte, as it reads. */
function quotedByBytes(text: string): string {
  const lines = text.toWellFormed().replace(/\r\n?/g, "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const encoded = lines.map((line) => {
    let out = "";
    let width = 0;
    const bytes = Buffer.from(line);
    for (const [at, byte] of bytes.entries()) {
      const is_blank = byte === 0x20 || byte === 0x09;
      const is_from = at === 0 && bytes.subarray(0, 4).toString() === "From";
      const is_safe = is_blank
        ? at < bytes.length - 1
        : byte > 0x20 && byte < 0x7f && byte !== 0x3d;
      let piece =
        is_safe && !is_from
          ? String.fromCharCode(byte)
          : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      if (width + piece.length > 75) {
        out += "=\r\n";
        width = 0;
      }
      if (width === 0 && piece === ".") piece = "=2E";
      out += piece;
      width += piece.length;
    }
    return out;
  });
  return `${encoded.join("\r\n")}\r\n`;
}

test("quoted-printable by lines is quoted-printable by bytes", () => {
  const line = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", ".", "=", " ", "F", "\t", "é", "🦊"), maxLength: 200 }),
    fc.string({ unit: fc.constantFrom("a", ".", "b"), minLength: 70, maxLength: 240 }),
    fc.constantFrom(
      "From here",
      "From",
      ".",
      "..",
      "a ",
      " ",
      "x".repeat(75),
      "x".repeat(76),
      `${"x".repeat(75)}.`,
      `${"x".repeat(75)}.${"y".repeat(73)}`,
    ),
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 4 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      (lines, end) => {
        expect(encodeQuotedPrintable(lines.join(end))).toBe(quotedByBytes(lines.join(end)));
      },
    ),
    { numRuns: 2000 },
  );
});
