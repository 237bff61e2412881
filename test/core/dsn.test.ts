import { describe, expect, test } from "bun:test";

import { BOUNCE_CATEGORIES } from "../../src/core/bounce-words.ts";
import { judgeMail } from "../../src/core/classify.ts";
import { judgeStatus, readDsn } from "../../src/core/dsn.ts";
import { mailOf, msOf, reportOf } from "./mails.ts";

const id = "00000000005.abc@acme.test";
const original = `Return-Path: <me@acme.test>\r\nMessage-ID:\r\n <${id}>\r\nSubject: Hello\r\n\r\nMessage-ID: <body@evil.test>\r\n`;

const POSTFIX = `Reporting-MTA: dns; mx.acme.test
X-Postfix-Queue-ID: 4F1C01A0
X-Postfix-Sender: rfc822; me@acme.test
Arrival-Date: Sat, 21 Nov 2026 06:20:45 +0000 (UTC)

Final-Recipient: rfc822; anna@lead.test
Original-Recipient: rfc822;Anna@lead.test
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.lead.test
Diagnostic-Code: smtp; 550 5.1.1 <anna@lead.test>: Recipient address
    rejected: User unknown in virtual mailbox table
`;
const EXIM = `Reporting-MTA: dns; mail.acme.test

Action: failed
Final-Recipient: rfc822;anna@lead.test
Status: 5.0.0
Remote-MTA: dns; mx.lead.test
Diagnostic-Code: smtp; 550 No such user here
`;
const EXCHANGE = `Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.exchangelabs.com\r
Received-From-MTA: dns;mx.acme.test\r
Arrival-Date: Sat, 21 Nov 2026 06:20:45 +0000\r
\r
Original-Recipient: rfc822;anna@lead.test\r
Final-Recipient: rfc822;anna@lead.test\r
Action: failed\r
Status: 5.1.10\r
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient anna@lead.test not found by SMTP address lookup\r
`;
const GMAIL = `Reporting-MTA: dns; googlemail.com
Received-From-MTA: dns; me@acme.test
Arrival-Date: Fri, 20 Nov 2026 22:20:45 -0800 (PST)
X-Original-Message-ID: <${id}>

Final-Recipient: rfc822; anna@lead.test
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (142.250.0.26, the server for the domain lead.test.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos or unnecessary spaces.
 550 5.1.1  https://support.google.com/mail/?p=NoSuchUser x - gsmtp
Last-Attempt-Date: Fri, 20 Nov 2026 22:20:46 -0800 (PST)
`;
const DMARC = GMAIL.replace("Status: 5.1.1", "Status: 5.7.26").replace(
  /Diagnostic-Code:[^]*?(?=Last)/,
  "Diagnostic-Code: smtp; 550-5.7.26 Unauthenticated email from acme.test is not accepted due to domain's\n 550-5.7.26 DMARC policy.\n",
);
const DELAYED = POSTFIX.replace("Action: failed", "Action: delayed").replaceAll("5.1.1", "4.4.1");
const DELIVERED = POSTFIX.replace("Action: failed", "Action: delivered").replaceAll(
  "5.1.1",
  "2.0.0",
);

describe("bounces with a report", () => {
  test.each([
    ["Postfix", POSTFIX, "hard_bounce", "mailbox", "user_unknown", "5.1.1"],
    ["Exim", EXIM, "hard_bounce", "mailbox", "user_unknown", "5.0.0"],
    ["Exchange", EXCHANGE, "hard_bounce", "mailbox", "user_unknown", "5.1.10"],
    ["Gmail", GMAIL, "hard_bounce", "mailbox", "user_unknown", "5.1.1"],
    ["Gmail's DMARC", DMARC, "soft_bounce", "sender", "auth_failure", "5.7.26"],
    [
      "a full mailbox",
      POSTFIX.replaceAll("5.1.1", "5.2.2"),
      "soft_bounce",
      "transient",
      "mailbox_full",
      "5.2.2",
    ],
    [
      "an expired mail",
      POSTFIX.replaceAll("5.1.1", "4.4.7").replace(
        /smtp;[^]*$/,
        "x-postfix; connection timed out\n",
      ),
      "soft_bounce",
      "transient",
      "server_error",
      "4.4.7",
    ],
    ["a delay", DELAYED, "ignore", null, null, "4.4.1"],
    ["a delivery", DELIVERED, "ignore", null, null, "2.0.0"],
  ] as const)(
    "%s is judged from the block of its recipient",
    (...[, status, kind, fault, category, enhanced_status]) => {
      // Real bounces say auto-replied as well, and come over the null path.
      const mail = reportOf(status, original, {
        headers: { "Auto-Submitted": "auto-replied", "Return-Path": "<>" },
      });
      const judgement = judgeMail(mail);
      expect(judgement.kind).toBe(kind);
      expect(judgement.bounce).toMatchObject({
        form: "report",
        recipient: "anna@lead.test",
        fault,
        category,
        enhanced_status,
      });
      expect(judgement.original_message_ids).toEqual([id]);
      expect(judgement.source).toBe("header");
    },
  );

  test("M2: of several recipients each keeps its own code, and ours is the one that counts", () => {
    const two = `${POSTFIX}\nFinal-Recipient: rfc822; bob@lead.test\nAction: failed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 mailbox full\n`;
    const mail = reportOf(two, original);
    expect(
      readDsn(mail)?.recipients.map((one) => [
        one.final_recipient,
        one.status,
        one.diagnostic?.slice(0, 9),
      ]),
    ).toEqual([
      ["anna@lead.test", "5.1.1", "550 5.1.1"],
      ["bob@lead.test", "4.2.2", "452 4.2.2"],
    ]);
    expect(judgeMail(mail, { recipient: "Bob@lead.test" })).toMatchObject({
      kind: "soft_bounce",
      bounce: { category: "mailbox_full" },
    });
    expect(judgeMail(mail, { recipient: "anna@lead.test" }).kind).toBe("hard_bounce");
  });

  test("headers alone, and ids that a provider rewrote, name the mail too", () => {
    const head = `Message-ID: <AM0@prod.outlook.com>\nX-Microsoft-Original-Message-ID: <${id}>\n`;
    const mail = reportOf(POSTFIX, "", {
      parts: [
        { content_type: "message/delivery-status", text: POSTFIX },
        { content_type: "text/rfc822-headers", text: head },
      ],
    });
    expect(readDsn(mail)?.original_message_ids).toEqual(["AM0@prod.outlook.com", id]);
  });

  test("I11: fields with the names of object internals are fields like any other", () => {
    const odd = `__proto__: x\nconstructor: y\nprototype: z\n\n__proto__: x\nconstructor: y\n${POSTFIX.split("\n\n")[1]}`;
    expect(readDsn(reportOf(odd, original))?.recipients).toHaveLength(1);
    expect(
      readDsn(reportOf("__proto__: x\nAction: constructor\nStatus: __proto__\n", original)),
    ).toBeNull();
  });

  test("a report without a readable block is no reply of a person", () => {
    expect(judgeMail(reportOf("garbage", "")).kind).toBe("soft_bounce");
    expect(judgeMail(mailOf({ report_type: "disposition-notification" })).kind).toBe("ignore");
  });
});

describe("bounces in plain words", () => {
  const exim = `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  anna@lead.test
    host mx.lead.test [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<anna@lead.test>:
    550 5.1.1 <anna@lead.test>: Recipient address rejected: User unknown

------ This is a copy of the message, including all the headers. ------

Return-path: <me@acme.test>
Message-ID: <${id}>
Subject: Hello

Hi Anna
`;
  const daemon = {
    from: "Mailer-Daemon@mail.acme.test",
    name: "Mail Delivery System",
    subject: "Mail delivery failed: returning message to sender",
  };

  test("Exim's classic bounce is read, with the id out of its copy", () => {
    const judgement = judgeMail(
      mailOf({ ...daemon, text: exim, headers: { "X-Failed-Recipients": "anna@lead.test" } }),
    );
    expect(judgement).toMatchObject({
      kind: "hard_bounce",
      bounce: {
        form: "text",
        recipient: "anna@lead.test",
        fault: "mailbox",
        category: "user_unknown",
        enhanced_status: "5.1.1",
      },
      original_message_ids: [id],
    });
    expect(judgement.confidence).toBeLessThan(0.99);
  });

  test.each([
    [
      "The response was: 550 5.7.1 Message blocked using Spamhaus",
      "soft_bounce",
      "sender",
      "ip_blacklisted",
    ],
    [
      "Remote Server returned '550 5.7.515 Access denied, sending domain does not meet the required authentication level'",
      "soft_bounce",
      "sender",
      "auth_failure",
    ],
    ["anna@lead.test: The recipient's mailbox is full", "soft_bounce", "transient", "mailbox_full"],
    [
      "Your message wasn't delivered because the address couldn't be found: anna@lead.test",
      "hard_bounce",
      "mailbox",
      "user_unknown",
    ],
    ["Unrouteable address anna@lead.test", "hard_bounce", "mailbox", "user_unknown"],
  ] as const)("%s", (text, kind, fault, category) => {
    expect(judgeMail(mailOf({ ...daemon, text }))).toMatchObject({
      kind,
      bounce: { fault, category, recipient: text.includes("@") ? "anna@lead.test" : null },
    });
  });

  test("a warning of a delay is told and counts as nothing", () => {
    const text =
      "This is a warning. Delivery to anna@lead.test has been delayed. It will be retried. 451 4.7.1 try later";
    expect(judgeMail(mailOf({ ...daemon, text }))).toMatchObject({
      kind: "ignore",
      bounce: { action: "delayed" },
    });
  });

  test("a person who quotes a bounce, and a postmaster who writes, are people", () => {
    expect(judgeMail(mailOf({ text: "I got 550 5.1.1 user unknown from you" })).kind).toBe("reply");
    expect(
      judgeMail(mailOf({ from: "postmaster@lead.test", name: "Paul", text: "Yes, call me" })).kind,
    ).toBe("reply");
  });
});

describe("whose fault a refusal is", () => {
  test.each([
    ["5.1.1", null, "mailbox", "user_unknown"],
    ["5.1.2", null, "mailbox", "invalid_address"],
    ["5.1.3", null, "mailbox", "invalid_address"],
    ["5.1.6", null, "mailbox", "user_unknown"],
    ["5.1.10", null, "mailbox", "invalid_address"],
    ["5.2.1", null, "mailbox", "mailbox_disabled"],
    ["5.4.4", null, "mailbox", "invalid_address"],
    [null, "550 User unknown", "mailbox", "user_unknown"],
    ["5.0.0", "550 5.1.1 no such user", "mailbox", "user_unknown"],
    ["5.4.4", "Host or domain name not found. Name service error", "mailbox", "invalid_address"],
    ["5.1.1", "550 5.1.1 <spam-policy@lead.test>: user unknown", "mailbox", "user_unknown"],
    ["5.2.2", "552 5.2.2 over quota", "transient", "mailbox_full"],
    ["5.3.4", "552 5.3.4 message too big", "transient", "unknown"],
    ["5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "transient", "unknown"],
    ["5.1.4", "550 5.1.4 user unknown, ambiguous", "transient", "user_unknown"],
    [
      "5.2.1",
      "550-5.2.1 The user you are trying to contact is receiving mail at a rate",
      "transient",
      "rate_limited",
    ],
    [
      "4.7.1",
      "451 4.7.1 Greylisting in action, please come back later",
      "transient",
      "greylisting",
    ],
    ["4.2.2", "452 4.2.2 mailbox full", "transient", "mailbox_full"],
    ["4.1.1", "450 4.1.1 user unknown", "transient", "user_unknown"],
    [null, "421 try again later", "transient", "server_error"],
    ["4.7.0", "421 4.7.0 blocked using spamhaus", "transient", "ip_blacklisted"],
    ["5.7.1", "554 5.7.1 rejected due to spam content", "sender", "spam_blocked"],
    ["5.7.1", null, "sender", "policy_blocked"],
    ["5.7.1", "550 5.7.1 relay access denied", "sender", "relay_denied"],
    ["5.7.1", "550 5.7.1 user unknown", "sender", "policy_blocked"],
    ["5.7.26", null, "sender", "auth_failure"],
    ["5.7.515", "550 5.7.515 Access denied", "sender", "auth_failure"],
    [
      "5.7.606",
      "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
      "sender",
      "ip_blacklisted",
    ],
    ["5.4.5", "550 5.4.5 Daily user sending limit exceeded", "sender", "rate_limited"],
    ["5.1.1", "550 5.1.1 blocked using zen.spamhaus.org", "sender", "ip_blacklisted"],
    [null, "554 Message contains a virus", "sender", "virus_detected"],
    [null, "550 daily sending quota exceeded", "sender", "rate_limited"],
    ["5.0.0", null, "transient", "unknown"],
    [null, null, "transient", "unknown"],
    ["5.3.0", "553 5.3.0 something else", "transient", "server_error"],
  ] as const)("%s %s: %s, %s", (enhanced, diagnostic, fault, category) => {
    expect(judgeStatus(enhanced, diagnostic)).toEqual({ fault, category });
    expect(BOUNCE_CATEGORIES).toContain(category);
  });

  test("an address in digits is no status code", () => {
    expect(judgeStatus(null, "host 5.1.1.2 said 554 no")).toEqual({
      fault: "transient",
      category: "unknown",
    });
  });
});

describe("complaints", () => {
  test.each([
    ["abuse", "complaint"],
    ["fraud", "complaint"],
    ["not-spam", "ignore"],
    ["auth-failure", "ignore"],
  ] as const)("a feedback report of %s is %s, with the mail that it is about", (type, kind) => {
    const text = `Feedback-Type: ${type}\r\nUser-Agent: Yahoo/1\r\nVersion: 1\r\n`;
    const mail = mailOf({
      content_type: "multipart/report",
      report_type: "feedback-report",
      parts: [
        { content_type: "message/feedback-report", text },
        { content_type: "message/rfc822", text: original },
      ],
    });
    expect(judgeMail(mail)).toMatchObject({ kind, original_message_ids: [id] });
  });
});

test.each([
  "a",
  "5.1.1 ",
  "@",
  ": ",
  "\n",
  "\n\n",
  " x\n",
  "Action: failed\n\n",
  "<",
  "5.",
  "a: b\n c\n",
  "Original Message",
])("100 KB of %j in a bounce take less than 250 ms", (part) => {
  const text = part.repeat(100_000 / part.length);
  const daemon = {
    from: "mailer-daemon@x.test",
    name: "",
    headers: { "X-Failed-Recipients": text },
  };
  expect(msOf(() => judgeMail(reportOf(text, text)))).toBeLessThan(250);
  expect(msOf(() => judgeMail(mailOf({ ...daemon, text, subject: text })))).toBeLessThan(250);
  expect(msOf(() => judgeStatus(text, text))).toBeLessThan(250);
});
