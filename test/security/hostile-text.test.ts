// A13: text from outside costs linear time in everything of core that looks at it. A file of core that begins to use a
// regular expression fails here until one of its functions stands in the table.
import { describe, expect, test } from "bun:test";

import { Glob } from "bun";

import { isControlFree, parseAddress, parseDomain } from "../../src/core/address.ts";
import { judgeAutomatic } from "../../src/core/automatic.ts";
import { checkTimedSignature } from "../../src/core/booking-signature.ts";
import { readBooking } from "../../src/core/booking.ts";
import { readCalendar } from "../../src/core/calendar.ts";
import { judgeMail } from "../../src/core/classify.ts";
import { zoneOfCountry } from "../../src/core/country-zones.ts";
import { findStatus, judgeStatus, readDsn } from "../../src/core/dsn.ts";
import { parseDuration } from "../../src/core/duration.ts";
import { readFeedback } from "../../src/core/feedback.ts";
import { foldLetters, foldWords } from "../../src/core/fold-words.ts";
import { encodePhrase, encodeText } from "../../src/core/header-text.ts";
import { textOfHtml, textOfReply } from "../../src/core/html-text.ts";
import { parseId } from "../../src/core/ids.ts";
import { rewriteLinks } from "../../src/core/link-rewriting.ts";
import { badLinks } from "../../src/core/links.ts";
import { CUE_INDEX } from "../../src/core/meaning-cues.ts";
import { featuresOf } from "../../src/core/meaning-features.ts";
import { judgeMeaning } from "../../src/core/meaning.ts";
import { findOptOut } from "../../src/core/opt-out.ts";
import { zoneOfPhone } from "../../src/core/phone-zones.ts";
import { findPhrases } from "../../src/core/phrases.ts";
import { readPlainTemplate } from "../../src/core/plain-template.ts";
import { claimedLedger, readPublicToken } from "../../src/core/public-tokens.ts";
import { encodeQuotedPrintable } from "../../src/core/quoted-printable.ts";
import { findReferred } from "../../src/core/referred.ts";
import { relativeDay } from "../../src/core/relative-day.ts";
import { checkTemplate, renderText } from "../../src/core/render.ts";
import { cutQuotes } from "../../src/core/reply-text.ts";
import { blocksOf, originalIds, typedAddress } from "../../src/core/report-fields.ts";
import { findReturnDate } from "../../src/core/return-date.ts";
import { splitSentences } from "../../src/core/sentences.ts";
import { shownEvidence } from "../../src/core/shown-evidence.ts";
import { cutSignature } from "../../src/core/signature.ts";
import { readToken } from "../../src/core/signing.ts";
import { spamWords } from "../../src/core/spam-words.ts";
import { everySpin, spin } from "../../src/core/spintax.ts";
import {
  baseSubject,
  isMessageId,
  readMessageId,
  readUnsubscribeAddress,
  readUnsubscribeSubject,
  replySubject,
} from "../../src/core/threading.ts";
import { pickVersion } from "../../src/core/versions.ts";
import { isoDates, namedDates, numericDates } from "../../src/core/written-dates.ts";
import { findZone } from "../../src/core/zones.ts";
import { mailOf, msOf } from "../core/mails.ts";

const SIZE = 100_000;
/** The page asks for 20 ms on a machine of its own; a quadratic one takes seconds. */
const MOST_MS = 100;
/** Of all parts together, where others take their share of the machine. */
const LONG_MS = 60_000;
const secret = new Uint8Array(32);
const now = Date.UTC(2026, 10, 21);

const asReport = (text: string) =>
  mailOf({
    text,
    subject: text,
    content_type: "multipart/report",
    report_type: "delivery-status",
    parts: [
      { content_type: "message/delivery-status", text },
      { content_type: "message/rfc822", text },
      { content_type: "message/feedback-report", text },
    ],
  });

const LEADS = { urlOf: (link: number) => `https://t.test/c/${link}`, own: "https://t.test/" };

const READERS: Record<string, Record<string, (text: string) => unknown>> = {
  "address.ts": { parseAddress, parseDomain, isControlFree },
  "booking-signature.ts": {
    checkTimedSignature: (text) =>
      checkTimedSignature(text, { secret: "secret", body: new Uint8Array(), now }),
  },
  "booking.ts": {
    "readBooking of an event": (text) =>
      readBooking({ event: "booking.created", email: text, start: text, booking_id: text }),
  },
  "classify.ts": {
    judgeMail: (text) => judgeMail(mailOf({ text, subject: text }), { secret, received_at: now }),
  },
  "automatic.ts": {
    judgeAutomatic: (text) =>
      judgeAutomatic(
        mailOf({ text, subject: text, headers: { "auto-submitted": "auto-replied", date: text } }),
        { received_at: now },
      ),
  },
  "calendar.ts": {
    readCalendar: (text) =>
      readCalendar(mailOf({ parts: [{ content_type: "text/calendar", text }] })),
  },
  "country-zones.ts": { zoneOfCountry },
  "dsn.ts": {
    findStatus,
    judgeStatus: (text) => judgeStatus(null, text),
    readDsn: (text) => readDsn(asReport(text)),
  },
  "duration.ts": { parseDuration },
  "feedback.ts": { readFeedback: (text) => readFeedback(asReport(text)) },
  "fold-words.ts": { foldLetters, foldWords },
  "header-text.ts": {
    // A tenth of it: they write for 30 ms on 100 KB, which no header has, and there are many parts.
    encodeText: (text) => encodeText(text.slice(0, SIZE / 10), 10),
    encodePhrase: (text) => encodePhrase(text.slice(0, SIZE / 10), 10),
  },
  "html-text.ts": { textOfHtml, textOfReply },
  "ids.ts": { parseId: (text) => parseId("lead", text) },
  "link-rewriting.ts": {
    "rewriteLinks of text": (text) => rewriteLinks({ html: null, text }, LEADS),
    "rewriteLinks of HTML": (text) => rewriteLinks({ html: text, text: null }, LEADS),
  },
  "links.ts": {
    "badLinks of text": (text) => badLinks(text, false),
    "badLinks of HTML": (text) => badLinks(text, true),
  },
  "meaning-features.ts": { featuresOf, judgeMeaning: (text) => judgeMeaning(text, text) },
  "phone-zones.ts": { zoneOfPhone },
  "phrases.ts": { findPhrases: (text) => findPhrases(CUE_INDEX, text, () => undefined) },
  "public-tokens.ts": {
    claimedLedger,
    readPublicToken: (text) => readPublicToken(secret, "click", text),
  },
  "plain-template.ts": {
    // The same bound as in render.ts.
    readPlainTemplate: (text) => readPlainTemplate(text.slice(0, 50_000)),
  },
  "quoted-printable.ts": { encodeQuotedPrintable },
  "render.ts": {
    // Above 50,000 characters a template is refused unread.
    checkTemplate: (text) => checkTemplate(text.slice(0, 50_000)),
    renderText: (text) => renderText(text.slice(0, 50_000), { a: "b" }),
    "renderText of a value": (text) => renderText("{{ a }}", { a: text }, "html"),
  },
  "opt-out.ts": { findOptOut: (text) => findOptOut(text, text) },
  "referred.ts": { findReferred: (text) => findReferred(text, "") },
  "relative-day.ts": { relativeDay: (text) => relativeDay(text.slice(0, 4096), 0) },
  "reply-text.ts": { cutQuotes },
  "report-fields.ts": {
    typedAddress,
    blocksOf: (text) => [...blocksOf(text)],
    originalIds: (text) => originalIds(asReport(text), text),
  },
  "return-date.ts": { findReturnDate: (text) => findReturnDate(text, now) },
  "sentences.ts": { splitSentences },
  "shown-evidence.ts": { shownEvidence },
  "signature.ts": { cutSignature: (text) => cutSignature(["Best", text, text]) },
  "signing.ts": { readToken: (text) => readToken(secret, "kind", text) },
  "spam-words.ts": { spamWords },
  "spintax.ts": { everySpin, spin: (text) => spin(text, "seed") },
  "threading.ts": {
    baseSubject,
    replySubject,
    isMessageId,
    readMessageId: (text) => readMessageId(text, secret),
    readUnsubscribeAddress: (text) => readUnsubscribeAddress(text, secret),
    readUnsubscribeSubject: (text) => readUnsubscribeSubject(text, secret),
  },
  "versions.ts": { pickVersion: (text) => pickVersion(text, "2026-11-21") },
  "written-dates.ts": {
    isoDates: (text) => [...isoDates(text)],
    numericDates: (text) => [...numericDates(text)],
    namedDates: (text) => [...namedDates(text)],
  },
  "zones.ts": { findZone },
};

/** Their expressions look only at what we or the campaign's owner have written, and at little of it. */
const OWN_WORDS: Record<string, string> = {
  "answer-mail.ts": "the subject and name of a mail that is answered, which reading has bounded",
  "auto-words.ts": "tables; the one pattern reads a local part of 64 characters (automatic.ts)",
  "judgement.ts": "200 characters of evidence, cut before they are read",
  "compose.ts": "headers that are made here; names and subjects go through header-text.ts",
  "scopes.ts": "names of scopes",
  "step-mail.ts": "templates that render.ts has bounded to 50,000 characters",
  "window.ts": "four characters of a clock, bounded by the schema",
};

const PARTS = [
  "a",
  " ",
  "\n",
  "\t",
  "\r\n",
  ".",
  "-",
  "a.",
  "a@",
  "@a",
  "<",
  ">",
  "<a",
  "<!--",
  "</",
  "&#",
  "&",
  '"',
  "'",
  "(",
  "((",
  "{",
  "}",
  "{{",
  "{%",
  "{a|",
  "|",
  ">\n",
  "> > ",
  "Re: ",
  "re:",
  "On 1 ",
  "wrote:\n",
  "a: ",
  "a:\n ",
  "5.1.1 ",
  "1.",
  "2026-12-",
  "http://",
  "https://a.",
  "href='",
  'href="',
  "=?",
  "=?utf-8?q?",
  "P1",
  "T1H",
  "u+",
  "_",
  "<a href='https://x.test/",
  "<a b=",
  "https://x.test/(",
  "\u0301",
  "\u00e9",
  "\ud83d\ude00",
  "\u2028",
  "\u0000",
  "%",
  "=",
  "click here\n",
  "$$$ ",
  "FREE ",
  "a ",
  "ab1",
];

const files = [...new Glob("*.ts").scanSync("src/core")];
const REGEX = /(?:[=(,[:!?]|&&|\|\||=>)\s*\/(?![/*])(?:\\.|[^/\n\\])+\/[dgimsuvy]*/;

describe("A13: 100 KB of anything", () => {
  test("are looked at by functions of this table, or by none", async () => {
    const using = await Promise.all(
      files.map(async (file) =>
        REGEX.test(await Bun.file(`src/core/${file}`).text()) ? [file] : [],
      ),
    );
    const found = using.flat();
    expect(found.length).toBeGreaterThan(12);
    expect(found.filter((file) => !(file in READERS) && !(file in OWN_WORDS))).toEqual([]);
    expect(
      Object.keys({ ...READERS, ...OWN_WORDS }).filter((file) => !files.includes(file)),
    ).toEqual([]);
  });

  const rows = Object.entries(READERS).flatMap(([file, readers]) =>
    Object.entries(readers).map(([name, reader]) => [file, name, reader] as const),
  );
  test.each(rows)(
    `%s %s ends within ${MOST_MS} ms`,
    (_file, _name, reader) => {
      for (const part of ["warm", "up"]) reader(part);
      const slow = PARTS.map((part) => {
        const text = part.repeat(Math.ceil(SIZE / part.length));
        // With an end that does not fit, where a search that goes back would begin to do so.
        const start = performance.now();
        reader(`${text}!`);
        const once = performance.now() - start;
        return { part, ms: once < MOST_MS ? once : msOf(() => reader(`${text}!`)) };
      }).filter(({ ms }) => ms >= MOST_MS);
      expect(slow).toEqual([]);
    },
    LONG_MS,
  );
});
