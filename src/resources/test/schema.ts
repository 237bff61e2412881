// How test mode looks on the wire: its clock, the mailbox inside the program, and how a mail was judged.

import { t } from "elysia";

import { duration, idOf, instant, integer, nullable, pageQuery, word } from "../../http/schemas.ts";

const now = t.Unsafe<string>({ ...instant, description: "Where the test clock stands." });

export const TestClock = t.Object({ object: t.Literal("test_clock"), now });

export const Advance = t.Object({
  by: t.Unsafe<string>({
    ...duration,
    description: "How far, at most `P366D`. Days are calendar days in the workspace's zone.",
  }),
});

const count = (description: string) => integer({ minimum: 0, maximum: 2 ** 53 - 1, description });

export const Advanced = t.Object(
  {
    object: t.Literal("test_clock"),
    from: t.Unsafe<string>({ ...instant, description: "Where the clock stood before." }),
    now,
    events: t.Record(t.String(), t.Integer(), {
      description:
        "How many events of each name came on the way; `GET /v1/events` has them one by one.",
      examples: [{ "email.sent": 2, "reply.received": 1, "reply.classified": 1 }],
    }),
    mails: t.Object({
      sent: count("Mails that went out; `GET /v1/test/mailbox` has them."),
      received: count("Mails that came in, from magic addresses."),
    }),
    instants: count("At how many instants something was due."),
    next_at: nullable(
      t.Unsafe<string>({ ...instant, description: "When the next thing falls due, or null." }),
    ),
    notes: t.Array(t.String(), {
      description: "What you may have expected and did not get, with the reason.",
    }),
  },
  { title: "TestClockAdvance" },
);

export const SandboxMail = t.Object({
  id: t.Unsafe<string>({ ...idOf("msg"), description: "The message that this mail is." }),
  object: t.Literal("sandbox_mail"),
  inbox_id: idOf("inb"),
  from: t.String(),
  to: t.String(),
  subject: nullable(t.String()),
  text: nullable(t.String({ description: "The words as they were rendered." })),
  html: nullable(t.String()),
  raw: t.String({ description: "The bytes as they would have gone out, headers and all." }),
  sent_at: instant,
});
export type SandboxMail = typeof SandboxMail.static;

export const MailboxQuery = t.Object({
  ...pageQuery,
  to: t.Optional(t.String({ maxLength: 254, description: "Only mails to this address." })),
});

const KINDS = [
  "reply",
  "auto_reply",
  "hard_bounce",
  "soft_bounce",
  "complaint",
  "unsubscribe",
  "ignore",
] as const;

export const ReceivedReply = t.Object(
  {
    id: nullable(
      t.Unsafe<string>({ ...idOf("rpl"), description: "Null where nothing was stored." }),
    ),
    object: t.Literal("reply"),
    outcome: word(
      ["taken", "repeated", "untracked"],
      "`taken` had its effect; `repeated` is a mail that had it before (same Message-ID, date and sender); `untracked` is no lead's: where it may be an answer, its envelope is listed, else nothing of it is kept.",
    ),
    kind: word(KINDS, "What the mail is."),
    category: nullable(t.String({ description: "What it means, as far as that is judged." })),
    confidence: nullable(t.Number({ description: "0 to 1." })),
    unsure: nullable(
      t.Boolean({ description: "Of a person's reply: `category` is only the best of several." }),
    ),
    source: nullable(word(["header", "rule", "model", "endpoint", "person"], "What decided.")),
    evidence: nullable(t.String({ description: "The header, code or words that decided." })),
    from: t.String(),
    subject: t.String(),
    text: t.String({ description: "The new text only, without quotes and signature." }),
    return_date: nullable(t.String({ description: "Of an absence: `YYYY-MM-DD`." })),
    enhanced_status: nullable(t.String({ description: "Of a bounce: `5.1.1`." })),
    fault: nullable(word(["mailbox", "sender", "transient"], "Of a bounce: whose fault it is.")),
    matched_by: nullable(
      t.String({
        description:
          "`message_id`, `unsubscribe_token`, `sender` or `report`; `possible` names a mail to a lead and comes from another address; `related` is of the same company under the same subject; `untracked` of a listed one; null where nothing is kept.",
      }),
    ),
    campaign_id: nullable(idOf("cmp")),
    lead_id: nullable(idOf("lead")),
    message_id: nullable(idOf("msg")),
    inbox_id: idOf("inb"),
    received_at: instant,
  },
  { title: "ReceivedReply" },
);
export type ReceivedReply = typeof ReceivedReply.static;
