import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { parseMail } from "../../src/mail/parse.ts";

const bytesOf = (lines: string[]) => Buffer.from(lines.join("\r\n"));

const DSN = bytesOf([
  "Return-Path: <>",
  "Delivered-To: Ada@sender.test",
  "From: MAILER-DAEMON@mx.test (Mail Delivery System)",
  "Subject: Undelivered Mail Returned to Sender",
  "To: ada@sender.test",
  "Auto-Submitted: auto-replied",
  "MIME-Version: 1.0",
  'Content-Type: Multipart/Report; report-type="delivery-status";',
  '  boundary="b"',
  "Message-Id: <dsn@mx.test>",
  "",
  "--b",
  "Content-Type: text/plain",
  "",
  "I am sorry.",
  "--b",
  "Content-Type: message/delivery-status",
  "",
  "Reporting-MTA: dns; mx.test",
  "",
  "Final-Recipient: rfc822; bob@lead.test",
  "Status: 5.1.1",
  "--b",
  "Content-Type: message/rfc822",
  "",
  "From: ada@sender.test",
  "Message-ID: <ours@sender.test>",
  "",
  "the mail that came back",
  "--b--",
  "",
]);

describe("a parsed mail", () => {
  test("has its people, its thread and its words", async () => {
    const mail = await parseMail(
      bytesOf([
        "From: =?utf-8?q?B=C3=B6b?= <Bob@Lead.test>",
        "To: Ada <ada@sender.test>, Team: x@a.test, Y@a.test;",
        "Cc: c@a.test",
        "X-Original-To: ada+tag@sender.test",
        "Subject: =?utf-8?q?Re:_Gr=C3=BC=C3=9Fe?=",
        "Date: Sat, 21 Nov 2026 06:38:19 +0000",
        "Message-ID: <1@lead.test>",
        "In-Reply-To: <ours@sender.test>",
        "References: <first@sender.test>",
        "  <ours@sender.test>",
        "Content-Type: text/plain; charset=iso-8859-1",
        "Content-Transfer-Encoding: 8bit",
        "",
        "Yes, please.",
        "",
        "-- ",
        "Bob",
      ]),
    );
    expect(mail).toMatchObject({
      from: { address: "bob@lead.test", name: "Böb" },
      to: ["ada@sender.test", "x@a.test", "y@a.test", "c@a.test", "ada+tag@sender.test"],
      subject: "Re: Grüße",
      date: Date.UTC(2026, 10, 21, 6, 38, 19),
      message_id: "1@lead.test",
      in_reply_to: ["ours@sender.test"],
      references: ["first@sender.test", "ours@sender.test"],
      content_type: "text/plain",
      report_type: null,
      html: null,
      parts: [],
    });
    expect(mail.text.trimEnd()).toBe("Yes, please.\n\n-- \nBob");
    expect(mail.headers[0]!.name).toBe("from");
  });

  test("that is a bounce keeps the report and the mail that came back apart from its text", async () => {
    const mail = await parseMail(DSN);
    expect(mail).toMatchObject({
      content_type: "multipart/report",
      report_type: "delivery-status",
      message_id: "dsn@mx.test",
      from: { address: "mailer-daemon@mx.test" },
      to: ["ada@sender.test"],
      size: DSN.length,
    });
    expect(mail.text.trim()).toBe("I am sorry.");
    expect(mail.parts.map((part) => part.content_type)).toEqual([
      "message/delivery-status",
      "message/rfc822",
    ]);
    expect(mail.parts[0]!.text).toContain("\n\nFinal-Recipient: rfc822; bob@lead.test\n");
    expect(mail.parts[1]!.text).toContain("Message-ID: <ours@sender.test>\n");
  });

  test("has LF line ends and no NUL, whichever way its text was encoded", async () => {
    const encoded = Buffer.from("one\r\ntwo\0\r\n").toString("base64");
    const head = ["Subject: a\0b", "Content-Transfer-Encoding: base64", "", encoded];
    const mail = await parseMail(bytesOf(head));
    expect(mail.text.trimEnd()).toBe("one\ntwo");
    expect(mail.subject).toBe("ab");
  });

  test("gives ids that came without brackets, and no rubbish instead", async () => {
    const bare = await parseMail(
      bytesOf(["In-Reply-To: a@b.test", "References: no id (really)", "", ""]),
    );
    expect(bare.in_reply_to).toEqual(["a@b.test"]);
    expect(bare.references).toEqual([]);
    expect(bare.message_id).toBeNull();
  });

  test("of which only the header came has everything but the words", async () => {
    const end = DSN.indexOf("\r\n\r\n") + 4;
    const mail = await parseMail(DSN.subarray(0, end));
    expect(mail).toMatchObject({
      message_id: "dsn@mx.test",
      report_type: "delivery-status",
      text: "",
    });
  });
});

describe("a hostile mail", () => {
  test("that is nested without end is told by its header", async () => {
    const levels = Array.from({ length: 500 }, (_, level) => [
      `Content-Type: multipart/mixed; boundary=b${level}`,
      "",
      `--b${level}`,
    ]).flat();
    const mail = await parseMail(bytesOf(["From: eve@other.test", "Subject: deep", ...levels, ""]));
    expect(mail).toMatchObject({ from: { address: "eve@other.test" }, subject: "deep", text: "" });
  });

  test("with a header of megabytes is cut", async () => {
    const mail = await parseMail(
      bytesOf(["From: eve@other.test", `X: ${"y".repeat(3_000_000)}`, "", "z"]),
    );
    expect(mail.from).toEqual({ address: "eve@other.test", name: "" });
    expect(JSON.stringify(mail.headers).length).toBeLessThan(50_000);
  });

  test("cannot reach an object's prototype by the name of a header", async () => {
    const mail = await parseMail(
      bytesOf(["__proto__: x", "constructor: y", "From: a@b.test", "", ""]),
    );
    expect(mail.headers.map((header) => header.name)).toContain("__proto__");
    expect(Object.getPrototypeOf(mail)).toBe(Object.prototype);
  });

  test("with a hundred thousand brackets costs no time", async () => {
    const started = performance.now();
    await parseMail(
      bytesOf([`References: ${"<".repeat(100_000)}`, `To: ${"a,".repeat(20_000)}`, "", ""]),
    );
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test("never throws, and never yields a NUL or a CR", async () => {
    const pieces = fc.constantFrom(
      "\r\n",
      "\n",
      "\r",
      "\0",
      "--b",
      "--b--",
      ": ",
      ";",
      "<",
      ">",
      "@",
      "=?utf-8?b?",
      "?=",
      "é",
      " ",
      "Content-Type",
      "multipart/mixed; boundary=b",
      "message/rfc822",
      "text/html; charset=utf-7",
      "From",
      "Content-Transfer-Encoding: base64",
      "quoted-printable",
      "=00",
      "AAAA",
      "\r\n\r\n",
      "Subject: x",
      "Date: Thu, 99 Foo",
      "Group: a@b, c@d;",
      '"',
      "(",
      "\\",
    );
    const mails = fc.array(fc.oneof(pieces, fc.string()), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(mails, async (parts) => {
        const mail = await parseMail(Buffer.from(parts.join("")));
        const said = [
          mail.text,
          mail.html ?? "",
          mail.subject,
          ...mail.parts.map((part) => part.text),
        ];
        expect(said.some((text) => /[\0\r]/.test(text))).toBe(false);
        expect(mail.headers.some(({ value }) => /[\0\r\n]/.test(value))).toBe(false);
      }),
      { numRuns: 500 },
    );
    const noise = fc.uint8Array({ maxLength: 2_000 });
    await fc.assert(
      fc.asyncProperty(noise, async (bytes) => {
        expect((await parseMail(bytes)).size).toBe(bytes.length);
      }),
      { numRuns: 200 },
    );
  }, 30_000);
});
