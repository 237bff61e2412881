// Which links a mail should not carry.

import { describe, expect, test } from "bun:test";

import { badLinks } from "../../src/core/links.ts";
import { spamWords } from "../../src/core/spam-words.ts";

describe("links", () => {
  const good: [string, string][] = [
    ["a plain link", "See https://example.com/a?b=c#d and http://example.org."],
    ["a link that lead data completes", "https://example.com/{{ company | url_encode }}"],
    ["no link", "Ratio 3:4, time 09:00, see section a:b"],
  ];
  test.each(good)("%s is fine", (_, body) => {
    expect(badLinks(body, false)).toEqual([]);
  });

  test("HTML may also have mailto, tel and places on the page", () => {
    const body =
      '<a href="https://example.com">a</a> <a href=mailto:a@b.example>b</a> <a href=\'tel:+49\'>c</a> <a href="#d">d</a> <a href="{{ website }}">e</a>';
    expect(badLinks(body, true)).toEqual([]);
  });

  const bad: [string, string, boolean, string][] = [
    ["a script", '<a href="javascript:alert(1)">', true, "scheme"],
    ["a script behind an entity", '<a href="javascript&#58;alert(1)">', true, "scheme"],
    ["a script behind a tab", '<a href="java\tscript:alert(1)">', true, "scheme"],
    ["data", '<img src="data:image/png;base64,AA">', true, "scheme"],
    ["another scheme", "ftp://example.com/list", false, "scheme"],
    ["a path without a host", '<a href="/offer">', true, "address"],
    ["a login", "https://name:secret@example.com/", false, "credentials"],
  ];
  test.each(bad)("%s is told", (_, body, html, why) => {
    const found = badLinks(body, html);
    expect(found.map((one) => one.why)).toContain(why as "scheme");
    expect(JSON.stringify(found)).not.toContain("secret");
  });

  test("a body of braces and quotes costs no more than its length", () => {
    const started = process.hrtime.bigint();
    for (const part of ["{{", "{%", 'href="', "href='", "a://", "href ="]) {
      badLinks(part.repeat(50_000 / part.length), true);
    }
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1000);
  });
});

describe("words that read like advertising", () => {
  test("are found without regard to case and punctuation, as whole words", () => {
    expect(spamWords("ACT NOW: it is RISK-FREE!!!")).toEqual(["act now", "risk free", "!!!"]);
    expect(spamWords("Can we talk about the cheapest way to exact now-ish figures?")).toEqual([]);
  });

  test("one name in capitals is no shouting, a row of them is", () => {
    expect(spamWords("We use MAILCHIMP here")).toEqual([]);
    expect(spamWords("BUYING THINGS TODAY")).toEqual(["BUYING", "THINGS", "TODAY"]);
  });
});
