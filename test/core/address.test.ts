import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { companyDomain, isControlFree, parseAddress } from "../../src/core/address.ts";

describe("addresses", () => {
  test.each([
    ["Anna@Lead.TEST", "anna@lead.test"],
    ["a.b+tag@lead.test", "a.b+tag@lead.test"],
    ["a@münchen.de", "a@xn--mnchen-3ya.de"],
    ["a@FASS.de", "a@fass.de"],
    ["a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"],
    ["o'brien@lead.test", "o'brien@lead.test"],
    ["a@sub.sub.lead.test", "a@sub.sub.lead.test"],
  ])("%s is an address and is kept as %s", (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });

  test.each([
    "b@x.test, v@evil.test",
    '"b@x.test, v"@evil.test',
    "b@x.test\r\nBcc: v@evil.test",
    "b@x.test> <v@evil.test",
    "a b@lead.test",
    "a@b@lead.test",
    "a(comment)@lead.test",
    "group: a@lead.test;",
    " a@lead.test",
    "a@lead.test ",
    "a@lead.test\0",
    "a@lead.test.",
    ".a@lead.test",
    "a..b@lead.test",
    "a.@lead.test",
    "a@localhost",
    "a@127.0.0.1",
    "a@[127.0.0.1]",
    "a@-lead.test",
    "a@lead-.test",
    "a@lead..test",
    "a@lead.test:25",
    "a@lead.test/x",
    "a@lead.t",
    "a@le\u00adad.test",
    "ä@lead.test",
    "a\u2028@lead.test",
    "@lead.test",
    "a@",
    "a",
    "",
    `${"a".repeat(65)}@lead.test`,
    `a@${"b".repeat(64)}.test`,
    `a@${"b.".repeat(130)}test`,
  ])("%j is no address", (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test("an address that was read once is read as itself", () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string()), (text) => {
        const address = parseAddress(text);
        if (address === null) return;
        expect(parseAddress(address)).toBe(address);
        expect(address).toMatch(/^[!-~]+@[a-z0-9.-]+$/);
        expect(address.split("@")).toHaveLength(2);
      }),
    );
  });

  test.each([
    ["a@mail.acme.co.uk", "acme.co.uk"],
    ["a@acme.com", "acme.com"],
    ["a@lead.test", "lead.test"],
    ["a@gmail.com", null],
    ["a@yahoo.co.uk", null],
    ["a@outlook.fr", null],
    ["a@t-online.de", null],
    ["a@uol.com.br", null],
    ["a@co.uk", null],
  ])("the company of %s is %s", (address, domain) => {
    expect(companyDomain(address)).toBe(domain);
  });

  test("controls, line separators and halves of characters may not stand in a header", () => {
    for (const bad of [
      "\0",
      "\t",
      "\r",
      "\n",
      "\x1b",
      "\x7f",
      "\x85",
      "\u2028",
      "\u2029",
      "\ud800",
    ]) {
      expect(isControlFree(`a${bad}b`)).toBeFalse();
    }
    expect(isControlFree("Grüße, 世界 👋")).toBeTrue();
  });
});
