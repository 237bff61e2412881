// How test mode looks on the wire: its clock and the mailbox inside the program.
import { t } from "elysia";

import { duration, idOf, instant, nullable, pageQuery } from "../../http/schemas.ts";

const clockFields = {
  object: t.Literal("test_clock"),
  now: instant,
};

export const TestClock = t.Object(clockFields);

export const Advance = t.Object({
  by: t.Unsafe<string>({
    ...duration,
    description: "How far, at most `P366D`. Days are calendar days in the workspace's zone.",
  }),
});

export const Advanced = t.Object({
  ...clockFields,
  advanced_from: instant,
  events: t.Record(t.String(), t.Integer(), {
    description:
      "How many events of each name came on the way; `GET /v1/events` has them one by one.",
  }),
});

export const SandboxMail = t.Object({
  id: idOf("msg"),
  object: t.Literal("sandbox_mail"),
  inbox_id: idOf("inb"),
  from: t.String(),
  to: t.String(),
  subject: nullable(t.String()),
  text: nullable(t.String()),
  html: nullable(t.String()),
  raw: t.String({ description: "The bytes as they would have gone out, headers and all." }),
  sent_at: instant,
});
export type SandboxMail = typeof SandboxMail.static;

export const MailboxQuery = t.Object({
  ...pageQuery,
  to: t.Optional(t.String({ maxLength: 254, description: "Only mails to this address." })),
});
