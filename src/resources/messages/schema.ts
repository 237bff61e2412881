// How messages look on the wire.
import { t } from "elysia";

import { MESSAGE_KINDS, MESSAGE_STATES } from "../../core/states.ts";
import { idOf, instant, nullable, pageQuery, word } from "../../http/schemas.ts";

export const Message = t.Object({
  id: idOf("msg"),
  object: t.Literal("message"),
  kind: word(MESSAGE_KINDS),
  campaign_id: nullable(idOf("cmp")),
  lead_id: nullable(idOf("lead")),
  enrollment_id: nullable(idOf("enr")),
  step_id: nullable(idOf("stp")),
  variant_id: nullable(t.String()),
  inbox_id: idOf("inb"),
  state: word(MESSAGE_STATES),
  message_id: t.String({ description: "The Message-ID header as recipients see it." }),
  subject: t.String(),
  queued_at: instant,
  sent_at: nullable(instant),
  response: nullable(t.String({ description: "The server's last words." })),
  attempts: t.Integer(),
});
export type Message = typeof Message.static;

export const Resolution = t.Object({
  as: word(
    ["sent", "failed", "send_again"],
    "`sent`: it went out. `failed`: it never did. `send_again`: send it once more, under the same Message-ID.",
  ),
});

export const MessageQuery = t.Object({
  ...pageQuery,
  campaign_id: t.Optional(idOf("cmp")),
  lead_id: t.Optional(idOf("lead")),
  inbox_id: t.Optional(idOf("inb")),
  state: t.Optional(word(MESSAGE_STATES)),
  kind: t.Optional(word(MESSAGE_KINDS)),
});

export const NewTestMail = t.Object({
  step_id: idOf("stp"),
  to: t.String({
    maxLength: 254,
    description: "An inbox of this workspace and mode, or the address of the account.",
  }),
  lead_id: t.Optional(idOf("lead")),
});

/** What somebody writes to answer a reply. */
export const NewAnswer = t.Object({
  body: t.String({
    minLength: 1,
    maxLength: 100_000,
    description:
      "As it is to be read: placeholders and spintax are not touched. The inbox's signature comes below.",
  }),
  html: t.Optional(
    t.Boolean({ description: "The body is HTML. Left out: it is when it begins with a tag." }),
  ),
  despite_suppression: t.Optional(
    t.Boolean({ description: "Answer although the address is on the suppression list." }),
  ),
});
