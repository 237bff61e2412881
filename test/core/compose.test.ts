import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";
import PostalMime from "postal-mime";

import { composeMail, type OutboundMail } from "../../src/core/compose.ts";
import { encodeQuotedPrintable } from "../../src/core/quoted-printable.ts";
import { msOf } from "./mails.ts";

const plain: OutboundMail = {
  imail_id: "msg_00000000005",
  message_id: "00000000005.abc@acme.test",
  date: Date.UTC(2026, 10, 21, 6, 20, 45),
  from: { address: "me@acme.test", name: "Me Myself" },
  to: { address: "anna@lead.test", name: null },
  reply_to: null,
  subject: "Hello",
  text: "Hi Anna,\n\nyours\n",
  html: null,
  in_reply_to: null,
  references: [],
  list_unsubscribe: [],
  one_click: false,
};
const textOf = (mail: OutboundMail): string => Buffer.from(composeMail(mail)).toString("latin1");
/** A body without the differences in line ends that a parser makes. */
const lines = (value: string | null | undefined): string =>
  (value ?? "").replaceAll(/\r\n?/g, "\n").replace(/\n$/, "");
/** Any character that may stand in a header. */
const visible = fc
  .string({ unit: "grapheme", maxLength: 200 })
  .filter((text) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(text));

describe("the bytes of a mail", () => {
  test("M7: a plain mail is exactly this", () => {
    const mail = {
      ...plain,
      in_reply_to: "first@acme.test",
      references: ["first@acme.test"],
      list_unsubscribe: ["https://t.acme.test/u/abc", "mailto:me+u-abc@acme.test"],
      one_click: true,
    };
    expect(textOf(mail).split("\r\n")).toEqual([
      "Date: Sat, 21 Nov 2026 06:20:45 +0000",
      "From: Me Myself <me@acme.test>",
      "To: anna@lead.test",
      "Subject: Hello",
      "Message-ID: <00000000005.abc@acme.test>",
      "In-Reply-To: <first@acme.test>",
      "References: <first@acme.test>",
      "List-Unsubscribe: <https://t.acme.test/u/abc>, <mailto:me+u-abc@acme.test>",
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
      "X-Imail-Id: msg_00000000005",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: quoted-printable",
      "",
      "Hi Anna,",
      "",
      "yours",
      "",
    ]);
  });

  test("whatever is put in is read again by another parser, and every line is short and ends in CRLF", async () => {
    const body = fc
      .string({ unit: "binary", maxLength: 600 })
      .map((text) => text.replaceAll("\0", ""));
    const bodies = fc.oneof(
      body,
      fc
        .array(fc.constantFrom(".", "From ", "a ", "=", "\n", "é", "x".repeat(99), "--"))
        .map((all) => all.join("")),
    );
    await fc.assert(
      fc.asyncProperty(
        visible,
        visible,
        bodies,
        fc.option(bodies),
        async (subject, name, text, html) => {
          const mail = { ...plain, subject, from: { ...plain.from, name }, text, html };
          const bytes = composeMail(mail);
          expect(composeMail(mail)).toEqual(bytes);
          const raw = Buffer.from(bytes).toString("latin1");
          expect(raw.endsWith("\r\n")).toBeTrue();
          expect(/[^\r]\n|\r[^\n]|[^\t\r\n -~]/.test(raw)).toBeFalse();
          for (const line of raw.split("\r\n")) {
            expect(line.length).toBeLessThanOrEqual(78);
            expect(line === "." || line.endsWith(" ")).toBeFalse();
          }
          const read = await PostalMime.parse(bytes);
          expect((read.subject ?? "").trim()).toBe(subject.trim());
          expect((read.from?.name ?? "").trim()).toBe(name.trim());
          expect(read.from?.address).toBe("me@acme.test");
          expect(read.to).toEqual([{ name: "", address: "anna@lead.test" }]);
          expect(lines(read.text)).toBe(lines(text.toWellFormed()));
          if (html !== null) expect(lines(read.html)).toBe(lines(html.toWellFormed()));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("no value of any header can bring in a line of its own", () => {
    const bad = fc.constantFrom(
      "\r\nBcc: v@evil.test",
      "\n",
      "\r",
      "\0",
      "\x85",
      "\u2028",
      "\u2029",
      "\x7f",
      "\ud800",
    );
    const fields = fc.constantFrom(
      (text: string) => ({ subject: text }),
      (text: string) => ({ from: { address: "me@acme.test", name: text } }),
      (text: string) => ({ to: { address: `a${text}@lead.test`, name: null } }),
      (text: string) => ({ to: { address: "a@lead.test", name: text } }),
      (text: string) => ({ reply_to: `a${text}@lead.test` }),
      (text: string) => ({ message_id: `a${text}@lead.test` }),
      (text: string) => ({ in_reply_to: `a${text}@lead.test` }),
      (text: string) => ({ references: ["a@b.test", `a${text}@lead.test`] }),
      (text: string) => ({ list_unsubscribe: [`https://lead.test/${text}`] }),
      (text: string) => ({ imail_id: text }),
    );
    fc.assert(
      fc.property(bad, fields, fc.string(), fc.string(), (control, field, before, after) => {
        expect(() => composeMail({ ...plain, ...field(before + control + after) })).toThrow(
          TypeError,
        );
      }),
    );
  });

  test.each(["b@x.test, v@evil.test", "b@x.test> <v@evil.test", "a b@lead.test"])(
    "%j is no recipient",
    (address) => {
      expect(() => composeMail({ ...plain, to: { address, name: null } })).toThrow(TypeError);
    },
  );

  test.each([
    "=?UTF-8?Q?a?=",
    "a  b",
    " a ",
    "x".repeat(990),
    `"quoted" \\ and (comment) <a@b.test>, c`,
    "",
  ])("a subject and a name of %j arrive as they were written", async (text) => {
    const mail = { ...plain, subject: text, from: { ...plain.from, name: text } };
    const read = await PostalMime.parse(composeMail(mail));
    expect((read.subject ?? "").trim()).toBe(text.trim());
    expect((read.from?.name ?? "").trim()).toBe(text.trim());
    expect(read.from?.address).toBe("me@acme.test");
  });

  test("References fold, and are never encoded", async () => {
    const references = Array.from(
      { length: 21 },
      (_, at) => `CAF${"x".repeat(50)}${at}@mail.gmail.com`,
    );
    const raw = textOf({ ...plain, in_reply_to: references[20]!, references });
    const header = raw.slice(raw.indexOf("References: "), raw.indexOf("X-Imail-Id"));
    expect(header).not.toContain("=?");
    expect(header.replaceAll("\r\n ", " ").trim()).toBe(
      `References: ${references.map((id) => `<${id}>`).join(" ")}`,
    );
    const read = await PostalMime.parse(raw);
    expect(read.references?.split(/\s+/)).toHaveLength(21);
  });

  test("HTML alone gets a text beside it, and both say the same", async () => {
    const html = `<p>Grüße, Anna</p><p><a href="https://acme.test/a?b=1&amp;c=2">the plan</a></p>`;
    const read = await PostalMime.parse(composeMail({ ...plain, text: null, html }));
    expect(read.text?.trim()).toBe("Grüße, Anna\n\nthe plan <https://acme.test/a?b=1&c=2>");
    expect(read.html?.trim()).toBe(html);
    expect(() => composeMail({ ...plain, text: null })).toThrow(TypeError);
  });

  test("one click is promised only with an HTTPS address to click", () => {
    const mail = { ...plain, list_unsubscribe: ["mailto:me@acme.test"], one_click: true };
    expect(textOf(mail)).not.toContain("One-Click");
    expect(() => composeMail({ ...plain, list_unsubscribe: ["javascript:alert(1)"] })).toThrow(
      TypeError,
    );
    expect(() => composeMail({ ...plain, list_unsubscribe: ["http://acme.test/u"] })).toThrow(
      TypeError,
    );
  });

  test.each(["x", "é", " ", "\n", "=", ".", "👋"])(
    "256 KB of %j are written in less than 100 ms",
    (part) => {
      const text = part.repeat((256 * 1024) / Buffer.byteLength(part));
      expect(msOf(() => encodeQuotedPrintable(text))).toBeLessThan(100);
    },
  );
});
