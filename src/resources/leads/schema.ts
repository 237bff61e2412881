// How leads look on the wire.
import { t } from "elysia";

import { ZONE_BASES } from "../../core/lead-zone.ts";
import { ENROLLMENT_ENDS, ENROLLMENT_STATES, LEAD_STATES } from "../../core/states.ts";
import { idOf, instant, nullable, pageQuery, word } from "../../http/schemas.ts";

const text = (maxLength: number, description: string) =>
  t.Optional(nullable(t.String({ maxLength, description })));

const scalar = t.Union([t.String(), t.Number(), t.Boolean(), t.Null()], {
  "x-rule": "a text, a number, true, false or null",
});

const custom = t.Record(t.String(), scalar, {
  description:
    "Your own fields, for templates as `{{ key }}` or `{{ custom.key }}`: at most 64 keys and 8 KB. A change sets the keys that it names and removes those that it sets to null.",
});

const email = t.String({
  maxLength: 254,
  description: "Compared in lower case and IDNA, plus tags kept. Fixed once the lead was mailed.",
  examples: ["ada@example.com"],
});

const fields = {
  first_name: text(200, "Blank counts as absent."),
  last_name: text(200, "Blank counts as absent."),
  company: text(200, "The company's name."),
  title: text(200, "The job title."),
  phone: text(50, "As people write it, best with the country code."),
  website: text(500, "A web address."),
  country: text(
    100,
    "Best as two letters (ISO 3166-1); three letters and names are understood too. Tells the zone where `timezone` is absent.",
  ),
  timezone: text(
    64,
    "An IANA time zone such as Europe/Berlin; windows are read in it. Absent: the zone of `country`, else of `phone`, else the workspace's.",
  ),
  tags: t.Optional(
    t.Array(t.String({ minLength: 1, maxLength: 64 }), {
      maxItems: 50,
      description: "The whole list of tags; repeats are dropped.",
    }),
  ),
  source: text(200, "Where the lead comes from."),
  custom: t.Optional(custom),
};

const campaign_id = t.Optional(idOf("cmp"));

/** A lead without its campaign: a row of a bulk call. */
export const LeadRowDraft = t.Object(
  { email, ...fields },
  { title: "LeadRow", description: "A lead, as in `POST /v1/leads` without `campaign_id`." },
);

export const NewLead = t.Object({ email, ...fields, campaign_id });

export const LeadChange = t.Object({ email: t.Optional(email), ...fields });
export type LeadDraft = typeof LeadChange.static;

export const BulkLeads = t.Object({
  campaign_id,
  on_conflict: t.Optional(
    word(
      ["skip", "update"],
      "What happens to a row whose lead exists: `skip` (default) leaves it alone and enrolls nobody, `update` changes the fields that the row names and enrolls it.",
    ),
  ),
  leads: t.Array(t.Any({ "x-shown": LeadRowDraft }), {
    minItems: 1,
    maxItems: 5000,
  }),
});

/**
 * The body of a bulk call: JSON of this shape, or the bytes of a CSV. Open for the router, which would take a CSV for
 * an object without fields; the route itself holds JSON against `BulkLeads`.
 */
export const BulkBody = t.Unsafe<unknown>({
  ...t.Any(),
  allOf: [BulkLeads],
  required: ["leads"],
});

/** With JSON both may stand in the body instead. */
export const BulkQuery = t.Object({
  campaign_id: t.Optional(
    t.Unsafe<string>({
      ...idOf("cmp"),
      description: "As in the body; for CSV, which has no place for it.",
    }),
  ),
  on_conflict: t.Optional(
    word(["skip", "update"], "As in the body; for CSV, which has no place for it."),
  ),
});

export const BulkResult = t.Object(
  {
    created: t.Integer(),
    updated: t.Integer(),
    skipped: t.Integer({
      description: "Leads that exist (with `on_conflict: skip`) and repeats within the call.",
    }),
    suppressed: t.Integer({ description: "Addresses that are never mailed: no lead is made." }),
    invalid: t.Array(
      t.Object({
        index: t.Integer({ description: "The row, from 0, a CSV's header not counted." }),
        line: nullable(t.Integer({ description: "The line of a CSV, from 1; null for JSON." })),
        code: t.String(),
        field: t.String(),
        message: t.String(),
      }),
    ),
    enrolled: t.Integer({ description: "How many of the created and updated were enrolled." }),
  },
  {
    description:
      "`created + updated + skipped + suppressed + invalid.length` is the number of rows.",
  },
);

const zone = t.String({
  description: "The IANA time zone in which the send window is read for this lead.",
  examples: ["Europe/Berlin"],
});
const zone_basis = word(
  ZONE_BASES,
  "Where `zone` comes from: the lead's `timezone` (`lead`), its `country`, its `phone`, or nothing of the lead, so that it is the workspace's.",
);

const trial = t.Object({
  event: t.String({ description: "What the branch asks for.", examples: ["not_opened"] }),
  holds: t.Boolean(),
  why: t.String({
    description:
      "`happened`, `did_not_happen`, `too_late` (after `within`), `other_category`, or `step_not_sent`.",
    examples: ["did_not_happen"],
  }),
  on_step_id: nullable(idOf("stp")),
  event_at: nullable(t.String({ format: "date-time" })),
  go_to: t.String({ description: "A step, or `end`.", examples: ["stp_00000000003"] }),
});

const decision = t.Object({
  step_id: idOf("stp"),
  went_to: t.String({
    description: "The step that came instead, the step itself where no branch held, or `end`.",
    examples: ["stp_00000000003"],
  }),
  at: t.String({ format: "date-time" }),
  trials: t.Array(trial, { description: "The branches that were tried, in order." }),
});

const nextAction = t.Object({
  type: word(["send"]),
  step_id: idOf("stp"),
  at: t.String({
    format: "date-time",
    description: "The earliest instant. Windows, limits and the pace come on top.",
  }),
  blocked_by: nullable(
    t.String({
      description: "Why this lead alone waits.",
      examples: ["missing_variable: first_name"],
    }),
  ),
});

export const Lead = t.Object({
  id: idOf("lead"),
  object: t.Literal("lead"),
  email: t.String(),
  first_name: nullable(t.String()),
  last_name: nullable(t.String()),
  company: nullable(t.String()),
  title: nullable(t.String()),
  phone: nullable(t.String()),
  website: nullable(t.String()),
  country: nullable(t.String()),
  timezone: nullable(t.String()),
  tags: t.Array(t.String()),
  source: nullable(t.String()),
  custom: t.Record(t.String(), scalar),
  status: word(LEAD_STATES),
  campaigns: t.Array(
    t.Object({
      campaign_id: idOf("cmp"),
      enrollment_id: idOf("enr"),
      state: word(ENROLLMENT_STATES),
      ended_by: nullable(word(ENROLLMENT_ENDS)),
      zone,
      zone_basis,
      next_action: nullable(nextAction),
      decisions: t.Optional(
        t.Array(decision, {
          description:
            "Which branch held at each step that had any, and why; oldest first. Left out of lists, and while there are none.",
        }),
      ),
    }),
  ),
  created_at: instant,
  updated_at: instant,
});
export type Lead = typeof Lead.static;

export const EnrollOrder = t.Object({ campaign_id: idOf("cmp") });

/** Of which campaign; left out: of all in which it can be done. */
export const SequenceOrder = t.Object({
  campaign_id: t.Optional(
    t.Unsafe<string>({
      ...idOf("cmp"),
      description: "The campaign that is meant. Left out: all of the lead's.",
    }),
  ),
});

export const TimelineItem = t.Object({
  id: t.String({ description: "`evt_…`, `msg_…` or `rpl_…`.", examples: ["evt_00000000007"] }),
  object: word(["event", "message", "reply"]),
  kind: t.String({
    description: "The event's name, the state of the message, or the kind of the reply.",
    examples: ["email.sent"],
  }),
  at: t.String({
    format: "date-time",
    description: "When it happened; of a message, when it was made; of a reply, its own date.",
  }),
  campaign_id: nullable(idOf("cmp")),
  step_id: nullable(idOf("stp")),
  message_id: nullable(idOf("msg")),
  inbox_id: nullable(idOf("inb")),
  subject: nullable(t.String({ description: "Of a message or a reply." })),
  text: nullable(
    t.String({
      description: "Of a message: its words, as text. Of a reply: what is new in it.",
    }),
  ),
  category: nullable(t.String({ description: "Of a reply: what it means." })),
  detail: nullable(
    t.Object(
      {},
      {
        additionalProperties: true,
        description:
          "What is special to it. Of a message: its `kind`, and of an answer `by`, who wrote it. Of a reply: the `source` of its category.",
      },
    ),
  ),
});
export type TimelineItem = typeof TimelineItem.static;

export const TimelineQuery = t.Object(pageQuery);

export const LeadQuery = t.Object({
  ...pageQuery,
  campaign_id,
  email: t.Optional(t.String({ maxLength: 254 })),
  status: t.Optional(word(LEAD_STATES)),
  tag: t.Optional(t.String({ maxLength: 64 })),
  company: t.Optional(t.String({ maxLength: 200 })),
  q: t.Optional(
    t.String({ maxLength: 200, description: "A part of the address, a name or the company." }),
  ),
});
