// What the magic addresses of test mode do, as the mails that would come back: an answer, an absence, a bounce, a
// complaint. They look as real ones do, so that they are judged by the same rules as real ones.

interface SandboxSend {
  sender: string;
  recipient: string;
  bytes: Uint8Array;
}

interface Coming {
  sender: string;
  recipient: string;
  bytes: Uint8Array;
  /** ms UTC on the test clock. */
  arrives_at: number;
}

const MINUTE_MS = 60_000;

/** What people write, by category. */
const WORDS: Record<string, string> = {
  interested: "That sounds good, tell me more. What does it cost for a team of ten?",
  meeting_requested: "Happy to talk. Does Tuesday at 10 suit you?",
  question: "How does this work together with what we have?",
  referral: "I am not the right person, please write to my colleague in purchasing.",
  not_now: "Not at the moment, perhaps next quarter.",
  not_interested: "Thanks, but we are not interested.",
  wrong_person: "I do not deal with this.",
  other: "Thank you for your message.",
  unsubscribe_request: "Please take me off your list.",
};

/** The mail that this recipient sends back, or null for an address without magic. */
export function magicAnswer(send: SandboxSend, now: number): Coming | null {
  const at = send.recipient.lastIndexOf("@");
  const [name = "", tag = ""] = send.recipient.slice(0, at).split("+");
  switch (name) {
    case "reply":
      if (tag === "out_of_office" || tag === "auto_reply")
        return {
          ...turned(send),
          bytes: automatic(send, AUTOMATIC[tag], now),
          arrives_at: now + MINUTE_MS,
        };
      return {
        ...turned(send),
        bytes: answer(send, WORDS[tag] ?? WORDS["other"] ?? "", now),
        arrives_at: now + 90 * MINUTE_MS,
      };
    case "unsubscribe":
      return {
        ...turned(send),
        bytes: answer(send, "Please unsubscribe me.", now),
        arrives_at: now + 45 * MINUTE_MS,
      };
    case "ooo":
      return {
        ...turned(send),
        bytes: automatic(send, AUTOMATIC.out_of_office, now),
        arrives_at: now + MINUTE_MS,
      };
    case "bounce":
      return {
        sender: "mailer-daemon@sandbox.test",
        recipient: send.sender,
        bytes: bounce(send, tag, now),
        arrives_at: now + 2 * MINUTE_MS,
      };
    case "sender-fault":
      return {
        sender: "mailer-daemon@sandbox.test",
        recipient: send.sender,
        bytes: bounce(send, name, now),
        arrives_at: now + 2 * MINUTE_MS,
      };
    case "complaint":
      return {
        sender: "feedback@sandbox.test",
        recipient: send.sender,
        bytes: complaint(send, now),
        arrives_at: now + 30 * MINUTE_MS,
      };
    default:
      return null;
  }
}

const turned = (send: SandboxSend) => ({ sender: send.recipient, recipient: send.sender });

interface Head {
  from: string;
  to: string;
  subject: string;
  at: number;
  more: string[];
}

function mailOf({ from, to, subject, at, more }: Head, body: string): Uint8Array {
  const lines = [
    `Date: ${new Date(at).toUTCString().replace("GMT", "+0000")}`,
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${at}.${Bun.hash.crc32(to + from + subject + body).toString(16)}@sandbox.test>`,
    "MIME-Version: 1.0",
    ...more,
    "",
    body,
  ];
  return Buffer.from(`${lines.join("\r\n").replace(/\r?\n/g, "\r\n")}\r\n`, "utf8");
}

function threadOf({ bytes }: SandboxSend): string[] {
  const id = headerOf(bytes, "Message-ID") ?? "";
  const references = headerOf(bytes, "References");
  return [`In-Reply-To: ${id}`, `References: ${references === null ? id : `${references} ${id}`}`];
}

const PLAIN = "Content-Type: text/plain; charset=utf-8";

function subjectOf({ bytes }: SandboxSend): string {
  return headerOf(bytes, "Subject") ?? "";
}

function answer(send: SandboxSend, words: string, now: number): Uint8Array {
  const at = now + 90 * MINUTE_MS;
  const subject = `Re: ${subjectOf(send).replace(/^Re: /i, "")}`;
  const head = {
    from: send.recipient,
    to: send.sender,
    subject,
    at,
    more: [...threadOf(send), PLAIN],
  };
  return mailOf(
    head,
    `${words}\n\nOn ${new Date(now).toUTCString()}, ${send.sender} wrote:\n> (your mail)`,
  );
}

function automatic(send: SandboxSend, words: string, now: number): Uint8Array {
  const head = {
    from: send.recipient,
    to: send.sender,
    subject: `Automatic reply: ${subjectOf(send)}`,
    at: now + MINUTE_MS,
    more: [...threadOf(send), "Auto-Submitted: auto-replied", PLAIN],
  };
  return mailOf(head, words);
}

const AUTOMATIC = {
  out_of_office: "I am out of the office and will answer when I am back.",
  auto_reply: "Thank you for your mail. We have got it and will look at it soon.",
};

/** A complaint as providers send it: RFC 5965, with the headers of the mail that was complained about. */
function complaint(send: SandboxSend, now: number): Uint8Array {
  const boundary = "sandbox-feedback";
  const at = now + 30 * MINUTE_MS;
  const head = {
    from: "Feedback Loop <feedback@sandbox.test>",
    to: send.sender,
    subject: `FW: ${subjectOf(send)}`,
    at,
    more: [`Content-Type: multipart/report; report-type=feedback-report; boundary="${boundary}"`],
  };
  const date = new Date(at).toUTCString().replace("GMT", "+0000");
  const parts = [
    `--${boundary}\n${PLAIN}\n\nThis is an abuse report for a mail that you sent.`,
    `--${boundary}\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: sandbox/1\nVersion: 1\nOriginal-Mail-From: ${send.sender}\nOriginal-Rcpt-To: ${send.recipient}\nArrival-Date: ${date}`,
    `--${boundary}\nContent-Type: text/rfc822-headers\n\nFrom: ${send.sender}\nTo: ${send.recipient}\nMessage-ID: ${headerOf(send.bytes, "Message-ID") ?? ""}\n`,
    `--${boundary}--`,
  ];
  return mailOf(head, parts.join("\n"));
}

const STATUSES: Record<string, { status: string; words: string }> = {
  hard: {
    status: "5.1.1",
    words: "550 5.1.1 The email account that you tried to reach does not exist",
  },
  soft: { status: "4.2.2", words: "452 4.2.2 The recipient's mailbox is full" },
  "sender-fault": {
    status: "5.7.26",
    words: "550 5.7.26 Unauthenticated mail from this domain is not accepted",
  },
};

function bounce(send: SandboxSend, tag: string, now: number): Uint8Array {
  const { status, words } = STATUSES[tag] ?? { status: "5.1.1", words: "550 5.1.1 User unknown" };
  const boundary = "sandbox-report";
  const head = {
    from: "Mail Delivery System <mailer-daemon@sandbox.test>",
    to: send.sender,
    subject: "Undelivered Mail Returned to Sender",
    at: now + 2 * MINUTE_MS,
    more: [
      "Auto-Submitted: auto-replied",
      `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    ],
  };
  const parts = [
    `--${boundary}\n${PLAIN}\n\nYour mail could not be delivered to ${send.recipient}.\n${words}`,
    `--${boundary}\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; sandbox.test\n\nFinal-Recipient: rfc822; ${send.recipient}\nAction: failed\nStatus: ${status}\nDiagnostic-Code: smtp; ${words}`,
    `--${boundary}\nContent-Type: text/rfc822-headers\n\nFrom: ${send.sender}\nTo: ${send.recipient}\nMessage-ID: ${headerOf(send.bytes, "Message-ID") ?? ""}\n`,
    `--${boundary}--`,
  ];
  return mailOf(head, parts.join("\n"));
}

/** The value of one header of a mail, unfolded, or null. */
export function headerOf(bytes: Uint8Array, name: string): string | null {
  const text = Buffer.from(bytes).toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const head = (end < 0 ? text : text.slice(0, end)).replace(/\r\n[ \t]+/g, " ");
  const wanted = `${name.toLowerCase()}:`;
  const line = head.split("\r\n").find((one) => one.toLowerCase().startsWith(wanted));
  return line === undefined ? null : line.slice(wanted.length).trim();
}
