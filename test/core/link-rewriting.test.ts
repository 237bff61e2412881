// Links are led through an address that counts, and nothing else of a mail changes.

import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { addPixel, rewriteLinks } from "../../src/core/link-rewriting.ts";

const rules = { urlOf: (link: number) => `https://t.test/c/${link}`, own: "https://t.test/" };
const html = (source: string) => rewriteLinks({ html: source, text: null }, rules);
const text = (source: string) => rewriteLinks({ html: null, text: source }, rules);

describe("in HTML", () => {
  test.each([
    ['<a href="https://x.test/">x</a>', '<a href="https://t.test/c/0">x</a>', "https://x.test/"],
    ["<a href='https://x.test/'>x</a>", "<a href='https://t.test/c/0'>x</a>", "https://x.test/"],
    ["<a href=https://x.test/a>x</a>", '<a href="https://t.test/c/0">x</a>', "https://x.test/a"],
    [
      '<A\nCLASS=b HREF = "HTTPS://X.test/">x</A>',
      '<A\nCLASS=b HREF = "https://t.test/c/0">x</A>',
      "HTTPS://X.test/",
    ],
    [
      '<a href="https://x.test/?a=1&amp;b=2">x</a>',
      '<a href="https://t.test/c/0">x</a>',
      "https://x.test/?a=1&b=2",
    ],
    [
      '<a href="https://x.test/?a=1&b=2">x</a>',
      '<a href="https://t.test/c/0">x</a>',
      "https://x.test/?a=1&b=2",
    ],
    [
      '<a href="https&colon;&#x2f;&#47;x.test">x</a>',
      '<a href="https://t.test/c/0">x</a>',
      "https://x.test",
    ],
    ['<a href=" https://x.test/\n">x</a>', '<a href="https://t.test/c/0">x</a>', "https://x.test/"],
    [
      '<a title="a > b" href="https://x.test/">x</a>',
      '<a title="a > b" href="https://t.test/c/0">x</a>',
      "https://x.test/",
    ],
    [
      '<area shape=rect href="https://x.test/"/>',
      '<area shape=rect href="https://t.test/c/0"/>',
      "https://x.test/",
    ],
    ['<a/href="https://x.test/">x</a>', '<a/href="https://t.test/c/0">x</a>', "https://x.test/"],
    [
      '<a href="https://x.test/"href="https://y.test/">x',
      '<a href="https://t.test/c/0"href="https://y.test/">x',
      "https://x.test/",
    ],
    [
      '1 < 2 <a href="https://x.test/">x',
      '1 < 2 <a href="https://t.test/c/0">x',
      "https://x.test/",
    ],
    [
      '<!--> <a href="https://x.test/">x',
      '<!--> <a href="https://t.test/c/0">x',
      "https://x.test/",
    ],
  ])("%s is counted", (source, sent, target) => {
    expect(html(source)).toEqual({ html: sent, text: null, targets: [target] });
  });

  test.each([
    '<a href="mailto:a@x.test">x</a>',
    '<a href="tel:+4930">x</a>',
    '<a href="sms:+4930">x</a>',
    '<a href="#top">x</a>',
    '<a href="/relative">x</a>',
    '<a href="//x.test/">x</a>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    '<a href="https://user:password@x.test/">x</a>',
    '<a href="https://">x</a>',
    '<a href="https://t.test/u/token">unsubscribe</a>',
    '<a href="https://x.test/&eacute;">an entity that we do not know</a>',
    '<a href="https://x.test/&copy 1">x</a>',
    '<a href="https://x.test/&#0;">x</a>',
    "<a href>x</a>",
    '<a href="">x</a>',
    '<a data-href="https://x.test/">x</a>',
    '<img src="https://x.test/a.png">',
    '<link href="https://x.test/a.css">',
    '<!-- <a href="https://x.test/">x</a> -->',
    '<style>a::after { content: "<a href=https://x.test/>" }</style>',
    '<title><a href="https://x.test/">x</a></title>',
    '<a href="https://x.test/',
    '<a href="https://x.test/" title="never closed>',
    "https://x.test/ is no link in HTML",
    '<abbr href="https://x.test/">x</abbr>',
  ])("%s stays", (source) => {
    expect(html(source)).toEqual({ html: source, text: null, targets: [] });
  });

  test("a comment or a style that ends lets the next link count", () => {
    const source =
      '<!-- <a href="https://no.test"> --><style>x</style ><a href="https://x.test/">x</a>';
    expect(html(source).targets).toEqual(["https://x.test/"]);
  });

  test("a hostile mail costs no more than its length", () => {
    for (const piece of [
      "<a ",
      "<a href='",
      "<!--",
      "<a b=",
      "<style>",
      '<a "',
      "&#x",
      '<a href="https://x.test/?',
    ]) {
      const started = performance.now();
      html(piece.repeat(20_000));
      expect(performance.now() - started).toBeLessThan(1500);
    }
  });
});

describe("in text", () => {
  test.each([
    ["See https://x.test/a.", "See https://t.test/c/0.", "https://x.test/a"],
    ["(https://x.test/a)", "(https://t.test/c/0)", "https://x.test/a"],
    ["https://x.test/a_(b)", "https://t.test/c/0", "https://x.test/a_(b)"],
    ["(see https://x.test/a_(b)).", "(see https://t.test/c/0).", "https://x.test/a_(b)"],
    ["<https://x.test/a>", "<https://t.test/c/0>", "https://x.test/a"],
    ['"https://x.test/a"', '"https://t.test/c/0"', "https://x.test/a"],
    ["https://x.test/?q=a,b!", "https://t.test/c/0!", "https://x.test/?q=a,b"],
    ["*https://x.test/*", "*https://t.test/c/0*", "https://x.test/"],
    ["https://x.test/a…", "https://t.test/c/0…", "https://x.test/a"],
    ["HTTP://X.TEST", "https://t.test/c/0", "HTTP://X.TEST"],
    ["https://münchen.test/ü", "https://t.test/c/0", "https://münchen.test/ü"],
  ])("%s is counted", (source, sent, target) => {
    expect(text(source)).toEqual({ html: null, text: sent, targets: [target] });
  });

  test.each([
    "mailto:a@x.test",
    "www.x.test",
    "ftp://x.test/",
    "xhttps://x.test",
    "https://",
    "a@x.test",
  ])("%s stays", (source) => {
    expect(text(source)).toEqual({ html: null, text: source, targets: [] });
  });
});

test("a link with a tail of brackets costs no more than its length", () => {
  const started = performance.now();
  for (const tail of [")", "(", "](", ".", "))("]) text(`https://x.test/${tail.repeat(100_000)}`);
  expect(performance.now() - started).toBeLessThan(1500);
});

test("the same target has one number in both bodies", () => {
  const both = rewriteLinks(
    {
      html: '<a href="https://x.test/?a=1&amp;b=2">x</a> <a href="https://y.test/">y</a>',
      text: "x https://y.test/ https://x.test/?a=1&b=2",
    },
    rules,
  );
  expect(both.targets).toEqual(["https://x.test/?a=1&b=2", "https://y.test/"]);
  expect(both.text).toBe("x https://t.test/c/1 https://t.test/c/0");
});

// Quotes that the rewriting puts around a bare value are the only thing that it adds.
const bare = (source: string) => source.replaceAll(/["']/g, "");

test("whatever a body is, only links change: what a browser sees of the rest is the same", () => {
  const piece = fc.constantFrom(
    ..."<a href= | <a href=https://x.test/a> | \" | ' | > | < | https://x.test/a | / | = | href | <!-- | --> | <style> | </style> | text | </a>".split(
      " | ",
    ),
    " ",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const source = pieces.join("");
      const { html: sent, targets } = html(source);
      const restored = (sent ?? "").replaceAll(
        /https:\/\/t\.test\/c\/(\d+)/g,
        (_, n: string) => targets[Number(n)] ?? "",
      );
      expect(bare(restored).replaceAll(/[ \n]/g, "")).toBe(bare(source).replaceAll(/[ \n]/g, ""));
      for (const target of targets) expect(target).toStartWith("https://");
    }),
    { numRuns: 2000 },
  );
});

test("the pixel stands before the end of the body", () => {
  expect(addPixel("<p>x</p>", "https://t.test/o/1")).toEndWith('style="display:block;border:0">');
  expect(addPixel("<body>x</BODY></html>", "https://t.test/o/1")).toEndWith("</BODY></html>");
});
