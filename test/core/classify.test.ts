import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { judgeMail } from "../../src/core/classify.ts";
import { unsubscribeAddress, unsubscribeMailto } from "../../src/core/threading.ts";
import { mailOf, type MailParts, msOf } from "./mails.ts";

const secret = new Uint8Array(32).fill(7);
/** A property plays many mails; on a busy machine that takes its time. */
const LONG_MS = 60_000;
const received_at = Date.UTC(2026, 10, 21, 9);

describe("automatic mail", () => {
  test.each<[string, MailParts, string, string | null]>([
    [
      "Sieve vacation",
      {
        headers: { "Auto-Submitted": "auto-replied (vacation)", "Return-Path": "<>" },
        text: "I am on vacation until 2026-12-05.",
      },
      "out_of_office",
      "2026-12-05",
    ],
    [
      "Exchange",
      {
        headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
        subject: "Automatic reply: Hello",
        text: "I am out of the office and will return on December 7, 2026.",
      },
      "out_of_office",
      "2026-12-07",
    ],
    [
      "Gmail",
      {
        headers: { "Auto-Submitted": "auto-replied", "X-Autoreply": "yes" },
        subject: "Away Re: Hello",
        text: "I'm away from my desk, back on 30 November.",
      },
      "out_of_office",
      "2026-11-30",
    ],
    [
      "German",
      {
        headers: { "Auto-Submitted": "auto-replied" },
        subject: "Abwesenheitsnotiz: Hello",
        text: "Ich bin vom 20.11. bis 04.12.2026 nicht im Büro.",
      },
      "out_of_office",
      "2026-12-04",
    ],
    [
      "German, by subject",
      {
        subject: "Automatische Antwort: Hello",
        text: "Ich bin ab dem 1. Dezember wieder für Sie da.",
      },
      "out_of_office",
      "2026-12-01",
    ],
    [
      "French",
      { subject: "Réponse automatique : Hello", text: "Je suis absent jusqu'au 3 janvier." },
      "out_of_office",
      "2027-01-03",
    ],
    [
      "Spanish",
      {
        subject: "Respuesta automática: Hello",
        text: "Estaré fuera de la oficina hasta el 2 de diciembre de 2026.",
      },
      "out_of_office",
      "2026-12-02",
    ],
    [
      "Italian",
      { subject: "Risposta automatica: Hello", text: "Sono in ferie fino al 28 novembre." },
      "out_of_office",
      "2026-11-28",
    ],
    [
      "Portuguese",
      { subject: "Resposta automática: Hello", text: "Estou de férias até 15/12/2026." },
      "out_of_office",
      "2026-12-15",
    ],
    [
      "Dutch",
      { subject: "Automatisch antwoord: Hello", text: "Ik ben afwezig tot 1 december." },
      "out_of_office",
      "2026-12-01",
    ],
    [
      "Polish",
      { subject: "Autoodpowiedź: Hello", text: "Jestem na urlopie, wracam 30 listopada." },
      "out_of_office",
      "2026-11-30",
    ],
    [
      "Romanian",
      { subject: "Răspuns automat: Hello", text: "Sunt în concediu până la 10 decembrie." },
      "out_of_office",
      "2026-12-10",
    ],
    ["no date", { subject: "Out of office: Re: Hello", text: "I am away." }, "out_of_office", null],
    [
      "two readings of a date",
      { subject: "OOO: Hello", text: "Back on 5/12." },
      "out_of_office",
      null,
    ],
    [
      "a date long gone",
      { subject: "OOO: Hello", text: "Back on 1 March 2020." },
      "out_of_office",
      null,
    ],
    [
      "ticket",
      {
        headers: { "Auto-Submitted": "auto-replied" },
        subject: "[#123] We have your request",
        text: "We answer within 2 days.",
      },
      "auto_reply",
      null,
    ],
    [
      "X-Autoreply",
      { headers: { "X-Autoreply": "yes" }, text: "Thanks for your mail." },
      "auto_reply",
      null,
    ],
    ["bulk", { headers: { Precedence: "bulk" }, text: "News" }, "auto_reply", null],
    ["a list", { headers: { "List-Id": "<news.lead.test>" }, text: "News" }, "auto_reply", null],
    ["null path", { headers: { "Return-Path": "<>" }, text: "Got it." }, "auto_reply", null],
    [
      "auto: with thread",
      { subject: "Auto: Hello", in_reply_to: ["a@acme.test"], text: "Got it." },
      "auto_reply",
      null,
    ],
  ])("%s", (_name, parts, category, return_date) => {
    expect(judgeMail(mailOf(parts), { received_at })).toMatchObject({
      kind: "auto_reply",
      category,
      return_date,
    });
  });

  test.each<[string, MailParts]>([
    ["Auto-Submitted: no", { headers: { "Auto-Submitted": "no" }, text: "Yes, call me." }],
    [
      "X-Auto-Response-Suppress alone",
      { headers: { "X-Auto-Response-Suppress": "All" }, text: "Yes, call me." },
    ],
    [
      "an answer through a group",
      {
        headers: { "List-Id": "<team.lead.test>", Precedence: "list" },
        in_reply_to: ["a@acme.test"],
        text: "Yes.",
      },
    ],
    [
      "a person who is away",
      { subject: "Re: Hello", text: "I am out of the office until Monday, let us talk then." },
    ],
    [
      "a subject about being away",
      { subject: "Out of office next week, call now?", text: "Call me." },
    ],
    ["auto: of its own", { subject: "Auto: parts for sale", text: "Hello" }],
    [
      "an answer to an automatic subject",
      { subject: "Re: Automatic reply: Hello", text: "I am back, let us talk." },
    ],
  ])("%s is a person's mail", (_name, parts) => {
    expect(judgeMail(mailOf(parts))).toMatchObject({ kind: "reply", category: null });
  });
});

describe("opt-outs", () => {
  test.each([
    "Please remove me from your list.",
    "unsubscribe",
    "STOP",
    "Stop please",
    "Hello, please don’t email me again.",
    "Take me off this list!!!",
    "Not interested. Do not contact me.",
    "Please opt me out",
    "I do not wish to receive these mails",
    "Bitte nehmen Sie mich aus dem Verteiler.",
    "Abmelden",
    "Bitte keine weiteren E-Mails.",
    "Bitte löschen Sie meine Daten",
    "Kontaktieren Sie mich nicht mehr",
    "Merci de me désinscrire de votre liste",
    "Je ne souhaite plus recevoir vos mails",
    "Ne me contactez plus",
    "Por favor, darme de baja",
    "No me escriban más",
    "Elimíneme de su lista",
    "Cancellatemi dalla lista",
    "Non scrivetemi più, per favore",
    "Non desidero più ricevere email",
    "Por favor, remova meu e-mail da sua lista",
    "Não quero receber mais e-mails",
    "Descadastrar",
    "Graag afmelden",
    "Verwijder mij uit uw bestand",
    "Gelieve mij niet meer te mailen",
    "Proszę o wypisanie mnie z listy",
    "Nie życzę sobie takich maili",
    "Proszę usunąć mój adres",
    "Vă rog să mă dezabonați",
    "Ștergeți-mă din lista dumneavoastră",
    "Nu mai doresc să primesc mailuri",
  ])("%j is a request to stop", (text) => {
    const judgement = judgeMail(
      mailOf({ text: `${text}\n\nOn 20 Nov 2026 Me <me@acme.test> wrote:\n> Hi Anna` }),
    );
    expect(judgement).toMatchObject({
      kind: "unsubscribe",
      category: "unsubscribe_request",
      source: "rule",
      evidence: text,
    });
  });

  test.each([
    "Sounds good, call me on Monday.",
    "What does it cost?",
    "I want to receive more about this.",
    "Yes, stop by on Monday.",
    "We have a mailing list tool already, what is better in yours?",
    "Estoy de baja médica, hablamos en enero.",
    "Quel est le prix pour notre liste de clients ?",
    "We can stop by your office next week and have a look at it together.",
    "Please talk to Bob instead.",
    "Klingt gut, rufen Sie mich an.",
    "Oui, avec plaisir.",
    "Me interesa, gracias.",
    "Mi interessa, grazie.",
    "Tenho interesse.",
    "Klinkt goed, bel me.",
    "Brzmi dobrze, proszę o telefon.",
    "Sună bine, sunați-mă.",
    "Yes please.\n\n-- \nAnna\nTo unsubscribe click here",
    "Yes please.\n\nAnna\nIf you want no more news from Lead Ltd, click here to unsubscribe.",
    "",
  ])("%j is none", (text) => {
    const quoted =
      "\n\nOn 20 Nov 2026 Me <me@acme.test> wrote:\n> To unsubscribe, answer with stop.";
    expect(judgeMail(mailOf({ text: text + quoted })).kind).toBe("reply");
  });

  test("our own footer in an unmarked quote is no opt-out", () => {
    const text =
      "Yes.\n\nFrom: Me <me@acme.test>\nSent: Friday\nTo: Anna\nSubject: Hello\n\nTo unsubscribe, answer with stop.";
    expect(judgeMail(mailOf({ text })).kind).toBe("reply");
  });

  test("a subject that says nothing else is one", () => {
    expect(judgeMail(mailOf({ subject: "Unsubscribe", text: "" })).kind).toBe("unsubscribe");
    expect(judgeMail(mailOf({ subject: "Re: unsubscribe rates", text: "Fine." })).kind).toBe(
      "reply",
    );
  });

  test("mail to our unsubscribe address or with its subject is one, even from a machine", () => {
    const headers = { "Auto-Submitted": "auto-generated" };
    const address = unsubscribeAddress("me@acme.test", 5, secret);
    const subject =
      new URL(unsubscribeMailto("me@acme.test", 5, secret)).searchParams.get("subject") ?? "";
    for (const parts of [
      { to: [address] },
      { subject },
      { to: [], headers: { ...headers, "Delivered-To": address } },
    ]) {
      expect(judgeMail(mailOf({ headers, ...parts }), { secret })).toMatchObject({
        kind: "unsubscribe",
        source: "header",
      });
    }
    expect(judgeMail(mailOf({ to: [address.replace("+u-", "+u-0")] }), { secret }).kind).toBe(
      "reply",
    );
  });
});

describe("judging", () => {
  test("our own mail is never judged", () => {
    const mail = mailOf({ from: "Me@acme.test", text: "unsubscribe" });
    expect(judgeMail(mail, { own_addresses: ["me@ACME.test"] }).kind).toBe("ignore");
  });

  test("evidence is one line of at most 200 characters without controls", () => {
    const judgement = judgeMail(
      mailOf({ subject: `Automatic reply: \u0007\u2028\0${"<b>".repeat(200)}` }),
    );
    expect(judgement.evidence).toMatch(/^Subject: Automatic reply: <b>[ -~]*$/);
    expect(judgement.evidence?.length).toBeLessThanOrEqual(200);
  });

  test(
    "any mail is judged, and the same mail always alike",
    () => {
      const words = fc.constantFrom(
        "auto-submitted",
        "x-autoreply",
        "precedence",
        "return-path",
        "list-id",
        "__proto__",
        "constructor",
      );
      const parts = fc.record({
        subject: fc.string(),
        text: fc.string({ unit: "binary" }),
        html: fc.option(fc.string()),
        from: fc.string(),
        name: fc.string(),
        report_type: fc.option(fc.constantFrom("delivery-status", "feedback-report")),
        headers: fc.dictionary(words, fc.string()),
        parts: fc.array(
          fc.record({
            content_type: fc.constantFrom(
              "message/delivery-status",
              "message/feedback-report",
              "message/rfc822",
            ),
            text: fc.string(),
          }),
        ),
      });
      fc.assert(
        fc.property(parts, (made) => {
          const judgement = judgeMail(mailOf(made), { secret, received_at });
          expect(judgement.confidence).toBeWithin(0, 1.01);
          expect(judgeMail(mailOf(made), { secret, received_at })).toEqual(judgement);
        }),
      );
    },
    LONG_MS,
  );
});

test.each([
  "a",
  "1.",
  "1.1.",
  "5 de ",
  "until 5 ",
  "jan 5 ",
  "2026-12-",
  "stop ",
  "é",
  " ",
  "click here\n",
  "\u0301",
  "u-",
  "re:",
  "auto:",
  "+u-",
  "ß'",
])("A13: 100 KB of %j are judged in less than 250 ms", (part) => {
  const text = part.repeat(100_000 / part.length);
  const human = mailOf({ text, subject: text, to: [text] });
  const auto = mailOf({
    text,
    subject: text,
    headers: { "Auto-Submitted": text, Precedence: text, "Return-Path": text },
  });
  judgeMail(mailOf({ text: "warm" }));
  expect(msOf(() => judgeMail(human, { secret, received_at }))).toBeLessThan(250);
  expect(msOf(() => judgeMail(auto, { secret, received_at }))).toBeLessThan(250);
});
