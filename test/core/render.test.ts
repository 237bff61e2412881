import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import {
  checkTemplate,
  leadVariables,
  renderText,
  templateVariables,
} from "../../src/core/render.ts";
import { msOf } from "./mails.ts";

const lead = leadVariables(
  { first_name: "Ann", last_name: null, company: " ", title: "" },
  { plan: "<b>gold</b>", seats: 3, first_name: "hidden", title: "CTO" },
);

describe("rendering", () => {
  test.each([
    ["Hi {{ first_name }},", "Hi Ann,"],
    ["{{ plan }} {{ custom.plan }} {{ seats }}", "<b>gold</b> <b>gold</b> 3"],
    ["{{ title }}, not {{ custom.first_name }}", "CTO, not hidden"],
    ['Hi {{ last_name | default: "there" }}', "Hi there"],
    ['Hi {{ last_name | capitalize | default: "there" }}', "Hi there"],
    ["{% if company %}at {{ company }}{% else %}alone{% endif %}", "alone"],
    ["{% unless last_name %}-{% endunless %}", "-"],
    ["{% case seats %}{% when 3 %}three{% endcase %}", "three"],
    ["{% comment %}{{ nobody }}{% endcomment %}x", "x"],
    ['{{ "2026-12-01" | date: "%d %B %Y" }}', "01 December 2026"],
    ["no { braces } and 100 %", "no { braces } and 100 %"],
  ])("%s becomes %j", (template, text) => {
    expect(renderText(template, lead)).toEqual({ ok: true, text });
  });

  test.each([
    ["Hi {{ last_name }},", ["last_name"]],
    [
      "{{ last_name }} {{ company }} {{ company }} {{ custom.nothing }}",
      ["last_name", "company", "custom.nothing"],
    ],
    ["{{ last_name | upcase }}", ["last_name"]],
    ["{{ first_name | append: last_name }}", ["last_name"]],
    ["{{ last_name | default: company }}", ["company"]],
    ["{% if first_name %}{{ last_name }}{% endif %}", ["last_name"]],
    ["{{ first_name.constructor }}{{ toString }}", ["first_name.constructor", "toString"]],
  ])("A9: %s does not go out: %j is missing", (template, missing) => {
    expect(renderText(template, lead)).toEqual({ ok: false, missing });
  });

  test("HTML bodies escape what a lead brings in", () => {
    const rendered = renderText(
      "<p>{{ plan }}</p>",
      { plan: `<img src=x onerror="a('&')">` },
      "html",
    );
    expect(rendered).toEqual({
      ok: true,
      text: "<p>&lt;img src=x onerror=&#34;a(&#39;&amp;&#39;)&#34;&gt;</p>",
    });
  });

  test("what a lead brings in is never read as a template or a spin", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: fc.constantFrom("{", "}", "%", "|", "a", "if") }),
        (value) => {
          expect(renderText("{{ x }}", { x: value })).toEqual({ ok: true, text: value });
        },
      ),
    );
  });

  test("an object is nobody's name", () => {
    expect(renderText("{{ custom }}", lead)).toMatchObject({
      ok: false,
      fault: expect.stringContaining("not a text"),
    });
  });
});

describe("checking templates", () => {
  test.each([
    ["{% include 'a' %}", "include"],
    ["{% render 'a' %}", "render"],
    ["{% layout 'a' %}", "layout"],
    ["{% block a %}{% endblock %}", "block"],
    ["{% capture a %}{% endcapture %}", "capture"],
    ["{% for a in (1..9) %}{% endfor %}", "for"],
    ["{% assign a = 1 %}", "assign"],
    ["{% liquid echo 1 %}", "liquid"],
    ["{{ a | sample }}", "sample"],
    ["{{ a | raw }}", "raw"],
    ["{{ a | nothing }}", "nothing"],
    ["{{ a", "not closed"],
    ["{% if a %}", "not closed"],
  ])("%s is refused with its reason", (template, reason) => {
    expect(checkTemplate(template)?.message).toContain(reason);
  });

  test("a template that is too long is refused", () => {
    expect(checkTemplate("x".repeat(50_001))?.message).toContain("50,000");
  });

  test("a good template has no fault, spins and all", () => {
    expect(
      checkTemplate('{Hi|Hello {there|you}} {{ a | default: "b" }}{% if c %}d{% endif %}'),
    ).toBeNull();
    expect(checkTemplate("{{Hi|Hello} you|Hey} {{ a }}")).toBeNull();
  });

  test("the variables of all spins are known, and which of them a lead may lack", () => {
    const template =
      '{Hi {{ a }}|Hello {{ b | default: "x" }}} {% if c %}{{ c }}{% endif %}{{ d | default: e }} {{ custom.f }}';
    expect(templateVariables(template)).toEqual([
      { name: "a", has_default: false },
      { name: "b", has_default: true },
      { name: "c", has_default: true },
      { name: "d", has_default: true },
      { name: "e", has_default: false },
      { name: "custom.f", has_default: false },
    ]);
    expect(templateVariables("{{ a }}{{ a | default: 1 }}")).toEqual([
      { name: "a", has_default: false },
    ]);
    expect(templateVariables("{{ broken")).toEqual([]);
  });
});

describe("A8: template bombs", () => {
  const big = "x".repeat(40_000);
  test.each([
    ["{{ (1..100000000) | join }}", {}],
    ["{{ x }}".repeat(7000), { x: big }],
    [`{{ x${' | replace: "x", x'.repeat(10)} }}`, { x: big }],
    [`{{ x${" | append: x".repeat(3000)} }}`, { x: big }],
    ["{% if a %}".repeat(4000) + "{% endif %}".repeat(4000), { a: 1 }],
    ['{{ "" | append: x | split: "" | join: x }}', { x: big }],
    [`{{ ${"a.".repeat(20_000)}b }}`, { a: 1 }],
    [`{{ "${"a ".repeat(20_000)}" | truncatewords: 100000000 }}`, {}],
    ["{{".repeat(25_000), {}],
    [`{{ a | date: "%${"9".repeat(9)}d" }}`, { a: "2026-01-01" }],
  ])("bomb %# ends soon and small", (template, variables) => {
    let size = 0;
    const ms = msOf(() => {
      const rendered = renderText(template, variables, "html");
      size = rendered.ok ? rendered.text.length : 0;
    });
    expect(size).toBeLessThanOrEqual(256 * 1024);
    expect(ms).toBeLessThan(500);
  });

  test("nothing is reached through a prototype", () => {
    const { name, ...rest } = { name: "Ann", rest: 1 };
    const inherited: Record<string, unknown> = Object.assign(Object.create({ leaked: name }), rest);
    expect(renderText("{{ leaked }}", inherited)).toEqual({ ok: false, missing: ["leaked"] });
    expect(renderText("{{ a.constructor.name }}", { a: "x" })).toEqual({
      ok: false,
      missing: ["a.constructor"],
    });
  });
});
