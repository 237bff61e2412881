// How events look on the wire: the envelope that webhooks carry too.
import { t } from "elysia";

import { EVENT_MEANINGS, type EventName } from "../../core/events.ts";
import { idOf, instant, nullable, pageQuery, word } from "../../http/schemas.ts";

const isEventName = (name: string): name is EventName => name in EVENT_MEANINGS;
const EVENT_NAMES = Object.keys(EVENT_MEANINGS).filter(isEventName);

export const Event = t.Object({
  id: idOf("evt"),
  object: t.Literal("event"),
  event: t.String({ examples: ["email.sent"] }),
  created_at: instant,
  mode: word(["live", "test"]),
  version: t.String({
    description: "The snapshot of the API that it is shown in.",
    examples: ["2026-11-21"],
  }),
  data: t.Object(
    {
      campaign_id: nullable(idOf("cmp")),
      lead_id: nullable(idOf("lead")),
      step_id: nullable(idOf("stp")),
      message_id: nullable(idOf("msg")),
      inbox_id: nullable(idOf("inb")),
    },
    {
      additionalProperties: true,
      description: "What it is about, and what is special to the event.",
    },
  ),
});
export type Event = typeof Event.static;

export const EventQuery = t.Object({
  ...pageQuery,
  after: t.Optional(
    t.String({
      pattern: "^evt_[0-9A-Za-z]{11}$",
      "x-rule": "the id of an event",
      description:
        "Only events after this one. The id of the last event that you saw is a cursor that lasts.",
    }),
  ),
  event: t.Optional(word(EVENT_NAMES)),
  campaign_id: t.Optional(idOf("cmp")),
  lead_id: t.Optional(idOf("lead")),
});
