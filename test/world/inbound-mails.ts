// Inbound mails as they come over the wire: answers, absences, reports. Their ids count up, so no two are the same mail.

let count = 0;

interface Head {
  from: string;
  to: string;
  subject?: string;
  headers?: Record<string, string>;
}

/** Any mail: a head and a body of lines. */
export function mailFrom({ from, to, subject = "Hello", headers = {} }: Head, body: string) {
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    "Date: Mon, 02 Nov 2026 10:00:00 +0000",
    `Message-ID: <inbound-${++count}@lead.test>`,
    "MIME-Version: 1.0",
    ...Object.entries({ "Content-Type": "text/plain; charset=utf-8", ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
    "",
    body,
    "",
  ];
  return Buffer.from(lines.join("\n").replaceAll("\n", "\r\n"), "utf8");
}

interface Answered {
  from: string;
  to: string;
  message_id: string;
}

/** The answer to a mail, by its ids. */
export function answerTo({ from, to, message_id }: Answered, text: string) {
  const mail = { "In-Reply-To": `<${message_id}>`, References: `<${message_id}>` };
  return mailFrom({ from: to, to: from, subject: "Re: Hello Lea", headers: mail }, text);
}

/** An automatic absence notice for a mail. */
export function absenceOf({ from, to, message_id }: Answered, text: string) {
  const headers = { "In-Reply-To": `<${message_id}>`, "Auto-Submitted": "auto-replied" };
  return mailFrom({ from: to, to: from, subject: "Automatic reply: Hello Lea", headers }, text);
}

interface Report {
  to: string;
  recipient: string;
  message_id: string | null;
  action?: "failed" | "delayed" | "delivered";
  status?: string;
  words?: string;
}

/** A delivery report (RFC 3464) about a mail. */
export function reportOn({
  to,
  recipient,
  message_id,
  action = "failed",
  status = "5.1.1",
  words = "550 5.1.1 User unknown",
}: Report) {
  const id = message_id === null ? "" : `\nMessage-ID: <${message_id}>`;
  const parts = [
    `--b\nContent-Type: text/plain\n\nA report about your mail.\n${words}`,
    `--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.lead.test\n\nFinal-Recipient: rfc822; ${recipient}\nAction: ${action}\nStatus: ${status}\nDiagnostic-Code: smtp; ${words}`,
    `--b\nContent-Type: text/rfc822-headers\n\nFrom: ${to}\nTo: ${recipient}${id}\nSubject: Hello\n`,
    "--b--",
  ];
  const headers = {
    "Return-Path": "<>",
    "Content-Type": 'multipart/report; report-type=delivery-status; boundary="b"',
  };
  return mailFrom(
    { from: "mailer-daemon@mx.lead.test", to, subject: "Delivery Status Notification", headers },
    parts.join("\n"),
  );
}
