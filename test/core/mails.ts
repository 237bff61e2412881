// Makes parsed inbound mails for the tests of core: a few words in, a whole ParsedMail out.
import type { ParsedMail } from "../../src/core/inbound.ts";

export type MailParts = Partial<Omit<ParsedMail, "headers" | "from">> & {
  headers?: Record<string, string>;
  from?: string;
  name?: string;
};

/** A mail of Anna's to us, changed by `parts`. */
export function mailOf(parts: MailParts = {}): ParsedMail {
  const { headers, from, name, ...rest } = parts;
  return {
    headers: Object.entries(headers ?? {}).map(([key, value]) => ({
      name: key.toLowerCase(),
      value,
    })),
    message_id: "reply-1@lead.test",
    in_reply_to: [],
    references: [],
    from: { address: from ?? "anna@lead.test", name: name ?? "Anna" },
    to: ["me@acme.test"],
    subject: "Re: Hello",
    date: Date.UTC(2026, 10, 21),
    text: "",
    html: null,
    content_type: "text/plain",
    report_type: null,
    parts: [],
    size: 1000,
    ...rest,
  };
}

/** A bounce with a report: the blocks of its delivery-status part and the head of the returned mail. */
export function reportOf(status: string, original: string, parts: MailParts = {}): ParsedMail {
  return mailOf({
    from: "mailer-daemon@mx.acme.test",
    name: "Mail Delivery System",
    subject: "Undelivered Mail Returned to Sender",
    content_type: "multipart/report",
    report_type: "delivery-status",
    parts: [
      { content_type: "message/delivery-status", text: status },
      { content_type: "message/rfc822", text: original },
    ],
    ...parts,
  });
}

/** How long a function takes, in ms, on the clock or of the processor: the best of three, for others take their share. */
export function msOf(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3; turn++) {
    const start = performance.now();
    const before = process.cpuUsage();
    work();
    const wall_ms = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, wall_ms, (user + system) / 1000);
  }
  return best;
}
