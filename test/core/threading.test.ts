import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { isMark, markOf, readToken, signToken } from "../../src/core/signing.ts";
import * as threading from "../../src/core/threading.ts";
import { msOf } from "./mails.ts";

const secret = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);
const ids = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

/** Every text that differs from this one in one character. */
function* changed(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    for (const character of "0az-_A@.") {
      if (text[at]?.toLowerCase() === character.toLowerCase()) continue;
      yield text.slice(0, at) + character + text.slice(at + 1);
    }
    yield text.slice(0, at) + text.slice(at + 1);
  }
}

describe("our Message-IDs", () => {
  test("each message is found again by its Message-ID, with and without brackets and in any case", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const text = threading.messageIdOf(id, secret, "Acme.test");
        expect(threading.readMessageId(text, secret)).toBe(id);
        expect(threading.readMessageId(`<${text.toUpperCase()}>`, secret)).toBe(id);
        expect(threading.readMessageId(text, other)).toBeNull();
        expect(threading.isMessageId(text)).toBeTrue();
      }),
    );
  });

  test("a Message-ID that was changed in any one place is not ours", () => {
    for (const forged of changed(threading.messageIdOf(123456789, secret, "acme.test"))) {
      expect(threading.readMessageId(forged, secret)).toBeNull();
    }
  });

  test("foreign ids are not ours", () => {
    for (const text of ["", "a@b", "CAF+x@mail.gmail.com", "x".repeat(100_000), "<>", "@"]) {
      expect(threading.readMessageId(text, secret)).toBeNull();
    }
  });
});

describe("unsubscribe addresses", () => {
  test("the address and the subject name the message that they were made for", () => {
    fc.assert(
      fc.property(ids, (id) => {
        const address = threading.unsubscribeAddress("anna@acme.test", id, secret);
        expect(address.split("@")[0]?.length).toBeLessThanOrEqual(64);
        expect(threading.readUnsubscribeAddress(address, secret)).toBe(id);
        expect(
          threading.readUnsubscribeAddress(address.toUpperCase().replace("+U-", "+u-"), secret),
        ).toBe(id);
        expect(threading.readUnsubscribeAddress(address, other)).toBeNull();
        const uri = new URL(threading.unsubscribeMailto("anna@acme.test", id, secret));
        expect(decodeURIComponent(uri.pathname)).toBe(address);
        expect(
          threading.readUnsubscribeSubject(uri.searchParams.get("subject") ?? "", secret),
        ).toBe(id);
      }),
    );
  });

  test("a long inbox name leaves the token to the subject", () => {
    const inbox = "christopher.montgomery-smithson@acme.test";
    expect(threading.unsubscribeAddress(inbox, 5, secret)).toBe(inbox);
    expect(threading.readUnsubscribeAddress(inbox, secret)).toBeNull();
    const subject =
      new URL(threading.unsubscribeMailto(inbox, 5, secret)).searchParams.get("subject") ?? "";
    expect(threading.readUnsubscribeSubject(`Re: ${subject}`, secret)).toBe(5);
  });

  test("an unsubscribe address that was changed in any one place is nobody's", () => {
    const token = threading.unsubscribeToken(5, secret);
    for (const forged of changed(token)) {
      expect(threading.readUnsubscribeAddress(`anna+u-${forged}@acme.test`, secret)).toBeNull();
    }
  });

  test("a Message-ID is no unsubscribe token and the other way round", () => {
    const mark = threading.messageIdOf(5, secret, "acme.test").replace(".", "").split("@")[0];
    expect(threading.readUnsubscribeAddress(`anna+u-${mark}@acme.test`, secret)).toBeNull();
  });
});

describe("public tokens", () => {
  test("a token gives back its body to its own kind and secret only", () => {
    const token = signToken(secret, "click", "8-3");
    expect(readToken(secret, "click", token)).toBe("8-3");
    expect(readToken(secret, "open", token)).toBeNull();
    expect(readToken(other, "click", token)).toBeNull();
    for (const forged of changed(token)) expect(readToken(secret, "click", forged)).toBeNull();
    expect(() => signToken(secret, "click", "a/b")).toThrow(TypeError);
  });

  test("marks of two kinds differ, and a cut mark is no mark", () => {
    const mark = markOf(secret, "a", "x");
    expect(mark).toMatch(/^[0-9a-z]{26}$/);
    expect(isMark(secret, "a", "x", mark)).toBeTrue();
    expect(isMark(secret, "b", "x", mark)).toBeFalse();
    expect(isMark(secret, "a", "x", mark.slice(0, 25))).toBeFalse();
    expect(isMark(secret, "a", "x", "")).toBeFalse();
  });
});

describe("threads", () => {
  test.each([
    ["Hello", "Re: Hello"],
    ["Re: Hello", "Re: Hello"],
    ["RE: re: Hello", "Re: Hello"],
    ["AW: WG: Hallo", "Re: Hallo"],
    ["Antw: SV: Fwd: Hej", "Re: Hej"],
    ["Re[2]: Hello", "Re: Hello"],
    ["回复：你好", "Re: 你好"],
    ["Odp: Cześć", "Re: Cześć"],
    ["Report: figures", "Re: Report: figures"],
    ["Re:Re:Re:", "Re:"],
    ["", "Re:"],
  ])("the answer to %j has the subject %j", (subject, answer) => {
    expect(threading.replySubject(subject)).toBe(answer);
  });

  test.each(["re:", "re: ", " ", "re[1]:", ":", "a"])(
    "100 KB of %j as a subject take less than 20 ms",
    (part) => {
      const subject = part.repeat(100_000 / part.length);
      expect(msOf(() => threading.replySubject(subject))).toBeLessThan(20);
      expect(msOf(() => threading.readUnsubscribeSubject(subject, secret))).toBeLessThan(20);
    },
  );

  test("References keep the first id and the last 20, each once, the answered one last", () => {
    const all = Array.from({ length: 60 }, (_, at) => `m${at}@acme.test`);
    const kept = threading.references(all);
    expect(kept).toHaveLength(21);
    expect(kept[0]).toBe("m0@acme.test");
    expect(kept.at(-1)).toBe("m59@acme.test");
    expect(threading.references(["a@b", "c@d", "a@b"])).toEqual(["c@d", "a@b"]);
    expect(threading.references(["a@b", "x y@z", "a>\r\nBcc: v@evil"])).toEqual(["a@b"]);
    expect(threading.references([])).toEqual([]);
  });
});
