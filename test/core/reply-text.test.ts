import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { cutQuotes, newText } from "../../src/core/reply-text.ts";
import { mailOf, msOf } from "./mails.ts";

const footer = "Hi Anna,\nwe sell things.\nTo unsubscribe, answer with stop.";
const quoted = footer.replaceAll(/^/gm, "> ");

describe("the new text of a mail", () => {
  test.each([
    [
      "Gmail",
      `Sounds good.\n\nOn Fri, Nov 20, 2026 at 9:15 AM Me Myself <me@acme.test> wrote:\n\n${quoted}`,
    ],
    [
      "Gmail, wrapped",
      `Sounds good.\n\nOn Fri, Nov 20, 2026 at 9:15 AM Me Myself the Third of Acme <\nme@acme.test> wrote:\n\n${quoted}`,
    ],
    [
      "Gmail, three lines",
      `Sounds good.\n\nOn Fri, Nov 20, 2026 at 9:15 AM\nMe Myself <me@acme.test>\nwrote:\n${quoted}`,
    ],
    [
      "no empty line before",
      `Sounds good.\nOn 20 Nov 2026, at 09:15, Me <me@acme.test> wrote:\n${quoted}`,
    ],
    [
      "not marked",
      `Sounds good.\n\nOn 20 Nov 2026, at 09:15, Me <me@acme.test> wrote:\n\n${footer}`,
    ],
    [
      "German",
      `Sounds good.\n\nAm Fr., 20. Nov. 2026 um 09:15 Uhr schrieb Me Myself <me@acme.test>:\n\n${quoted}`,
    ],
    [
      "German Apple",
      `Sounds good.\n\n> Am 20.11.2026 um 09:15 schrieb Me <me@acme.test>:\n> \n${quoted}`,
    ],
    [
      "French",
      `Sounds good.\n\nLe ven. 20 nov. 2026 à 09:15, Me <me@acme.test> a écrit :\n\n${quoted}`,
    ],
    [
      "French, hard blank",
      `Sounds good.\n\nLe ven. 20 nov. 2026 à 09:15, Me <me@acme.test> a écrit\u00a0:\n\n${quoted}`,
    ],
    [
      "Spanish",
      `Sounds good.\n\nEl vie, 20 nov 2026 a las 9:15, Me (<me@acme.test>) escribió:\n\n${quoted}`,
    ],
    [
      "Italian",
      `Sounds good.\n\nIl giorno ven 20 nov 2026 alle ore 09:15 Me <me@acme.test> ha scritto:\n\n${quoted}`,
    ],
    [
      "Portuguese",
      `Sounds good.\n\nMe <me@acme.test> escreveu no dia sexta, 20/11/2026 à(s) 09:15:\n\n${quoted}`,
    ],
    ["Dutch", `Sounds good.\n\nOp vr 20 nov 2026 om 09:15 schreef Me <me@acme.test>:\n\n${quoted}`],
    [
      "Polish",
      `Sounds good.\n\npt., 20 lis 2026 o 09:15 Me <me@acme.test> napisał(a):\n\n${quoted}`,
    ],
    [
      "Romanian",
      `Sounds good.\n\nÎn vin., 20 nov. 2026 la 09:15, Me <me@acme.test> a scris:\n\n${quoted}`,
    ],
    ["old Outlook", `Sounds good.\n\n-----Original Message-----\nFrom: Me\n${footer}`],
    ["German Outlook", `Sounds good.\n\n-----Ursprüngliche Nachricht-----\nVon: Me\n${footer}`],
    [
      "Outlook",
      `Sounds good.\n\nFrom: Me <me@acme.test>\nSent: Friday, November 20, 2026 9:15 AM\nTo: Anna <anna@lead.test>\nSubject: Hello\n\n${footer}`,
    ],
    [
      "Outlook with a line",
      `Sounds good.\n________________________________\nVon: Me <me@acme.test>\nGesendet: Freitag, 20. November 2026 09:15\nAn: Anna\nBetreff: Hello\n\n${footer}`,
    ],
    [
      "Outlook in stars",
      `Sounds good.\n\n*De :* Me\n*Envoyé :* vendredi\n*À :* Anna\n*Objet :* Hello\n\n${footer}`,
    ],
    ["a signature", `Sounds good.\n\n-- \nAnna\nHead of no unsubscribe`],
    ["a phone", `Sounds good.\n\nSent from my iPhone`],
    ["a German phone", `Sounds good.\n\nVon meinem iPhone gesendet\n\n> Am 20.11.2026 schrieb Me:`],
    [
      "Outlook for iOS",
      `Sounds good.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Me\nSent: Friday\nTo: Anna\nSubject: Hello\n\n${footer}`,
    ],
    [
      "a disclaimer",
      `Sounds good.\n\nThis e-mail and any attachments are confidential. unsubscribe`,
    ],
    ["a forward", `Sounds good.\n\n---------- Forwarded message ---------\n${footer}`],
    ["CRLF", `Sounds good.\r\n\r\nOn 20 Nov 2026 Me wrote:\r\n\r\n> stop\r\n`],
  ])("%s", (_client, text) => {
    expect(cutQuotes(text)).toBe("Sounds good.");
  });

  test("answers below and between quotes are kept", () => {
    const text = `On 20 Nov 2026 Me <me@acme.test> wrote:\n> Do you want it?\n\nYes.\n\n> And now?\n\nNo.\n-- \nAnna`;
    expect(cutQuotes(text)).toBe("Yes.\n\nNo.");
  });

  test("words that look like the start of a quote stay", () => {
    const text =
      "On Monday 5 I can meet.\nFrom: our side it is fine\nLe prix est 10.\nAm 5. passt es.\nI wrote: no";
    expect(cutQuotes(text)).toBe(text);
  });

  test("HTML alone is read without what mail clients quote", () => {
    const gmail = `<div dir="ltr">Sounds <b>good</b>.</div><br><div class="gmail_quote"><div class="gmail_attr">On 20 Nov 2026 Me wrote:</div><blockquote>unsubscribe</blockquote></div>`;
    const outlook = `<div>Sounds good.</div><hr><div id="divRplyFwdMsg"><b>From:</b> Me<br><b>Sent:</b> Friday<br><b>To:</b> Anna<br></div><div>unsubscribe</div>`;
    const plain = `<p>Sounds good.</p><p>From: Me<br>Sent: Friday<br>To: Anna<br>Subject: Hello</p><p>unsubscribe</p>`;
    expect(newText(mailOf({ text: " ", html: gmail }))).toBe("Sounds good.");
    expect(newText(mailOf({ html: plain }))).toBe("Sounds good.");
    expect(newText(mailOf({ html: outlook }))).toBe("Sounds good.");
    expect(newText(mailOf({ text: "From text.", html: gmail }))).toBe("From text.");
    expect(newText(mailOf({ html: "<style>p{}</style><script>x</script>" }))).toBe("");
  });

  test("whatever comes in, the new text has no quoted line and is not longer than the mail", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.string(), fc.constantFrom("> a", "On 1 Me wrote:", "-- ", "From: a", "")),
          { maxLength: 30 },
        ),
        (lines) => {
          const text = lines.join("\n");
          const kept = cutQuotes(text);
          expect(kept.length).toBeLessThanOrEqual(text.length);
          expect(kept.split("\n").some((line) => line.trimStart().startsWith(">"))).toBeFalse();
          expect(cutQuotes(`${text}\n> quoted`).includes("> quoted")).toBeFalse();
        },
      ),
    );
  });

  test("lines are cut at 998 and the text at 64 KB", () => {
    expect(newText(mailOf({ text: `${"x".repeat(5000)}\nend` }))).toBe(`${"x".repeat(998)}\nend`);
    expect(newText(mailOf({ text: "line\n".repeat(50_000) })).length).toBeLessThanOrEqual(
      64 * 1024,
    );
  });
});

test.each([
  "a",
  "\n",
  ">\n",
  "On 1 ",
  "On 1\n",
  "on 1 wrote:",
  "--\n",
  "From: a\n",
  "- ",
  "\t",
  "é",
  "2026-1-1 <",
  "wrote:\n",
  "*",
])("100 KB of %j as text take less than 250 ms", (part) => {
  const text = part.repeat(100_000 / part.length);
  expect(msOf(() => newText(mailOf({ text })))).toBeLessThan(250);
});
