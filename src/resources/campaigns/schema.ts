// How campaigns and their steps look on the wire.
import { t } from "elysia";

import { BRANCH_EVENTS } from "../../core/sequence.ts";
import { CAMPAIGN_STATES, MESSAGE_STATES } from "../../core/states.ts";
import { WEEKDAYS } from "../../core/window.ts";
import { duration, idOf, instant, integer, nullable, pageQuery, word } from "../../http/schemas.ts";

const name = t.String({ minLength: 1, maxLength: 120, description: "One line, for you only." });

const stepReference = t.Union([idOf("stp"), integer({ minimum: 0, maximum: 19 })], {
  "x-rule": "the id of a step, or the place of a step in this request (a whole number from 0)",
  description:
    "The id of a step, or its place in the `steps` of this request, counted from 0: a new step has no id yet. Answers always name ids.",
});

const branchTarget = t.Union(
  [t.Literal("end"), idOf("stp"), integer({ minimum: 0, maximum: 19 })],
  {
    "x-rule":
      '"end", the id of a later step, or the place of a later step in this request (a whole number from 0)',
    description: "A later step, named as in `when.step`, or `end`.",
  },
);

const BranchDraft = t.Object({
  when: t.Object({
    event: word(BRANCH_EVENTS, "Opens and clicks of people; machines do not count."),
    step: t.Optional(nullable(stepReference)),
    within: t.Optional(nullable(duration)),
    category: t.Optional(nullable(t.String({ maxLength: 40 }))),
  }),
  go_to: branchTarget,
});

const SUBJECT_MOST = 500;
const BODY_MOST = 50_000;
const subject = t.String({
  maxLength: SUBJECT_MOST,
  description: "One line of Liquid and spintax. Empty: the mail goes on in the thread.",
});
const body = t.String({
  maxLength: BODY_MOST,
  description:
    'Text or HTML with Liquid (`{{ first_name | default: "there" }}`) and spintax (`{Hi|Hello}`).',
});

const VariantDraft = t.Object({
  id: t.Optional(
    t.String({ maxLength: 16, description: "Keeps the variant's numbers together over edits." }),
  ),
  subject: t.Optional(subject),
  body,
  weight: t.Optional(integer({ minimum: 1, maximum: 1000, description: "Its share; default 1." })),
});

const stepFields = {
  delay: t.Optional(
    t.Unsafe<string>({
      ...duration,
      description: "After the mail before; `PT0S` for the first step, else `P3D`.",
    }),
  ),
  subject: t.Optional(subject),
  body: t.Optional(body),
  html: t.Optional(
    t.Boolean({ description: "The body is HTML. Left out: it is when it begins with a tag." }),
  ),
  variants: t.Optional(
    t.Array(VariantDraft, {
      maxItems: 20,
      description: "Instead of the step's own words each lead gets one of these, by their weights.",
    }),
  ),
  branches: t.Optional(
    t.Array(BranchDraft, {
      description: "Tried in order when the step is due; the first that holds leads on.",
    }),
  ),
};

const NewStep = t.Object(stepFields);
const StepChange = t.Object({
  id: t.Optional(idOf("stp")),
  ...stepFields,
});
export type StepDraft = typeof StepChange.static;

const windowFields = {
  timezone: t.String({
    maxLength: 64,
    description: "`lead`: each lead's own, or an IANA time zone.",
  }),
  days: t.Array(word(WEEKDAYS)),
  start: t.String({ maxLength: 5, examples: ["09:00"] }),
  end: t.String({
    maxLength: 5,
    description: "Exclusive; `24:00` is the end of the day.",
    examples: ["17:00"],
  }),
  exclude_dates: t.Array(t.String({ maxLength: 10, examples: ["2027-01-01"] })),
};
const SendWindow = t.Object(windowFields);
const SendWindowDraft = t.Partial(SendWindow, {
  description:
    "What is left out stays as it is, at first Monday to Friday, 09:00 to 17:00 in the lead's zone.",
});

const settings = {
  inbox_ids: t.Array(idOf("inb"), { minItems: 1, maxItems: 200, uniqueItems: true }),
  daily_limit: t.Optional(
    t.Integer({ description: "Mails per day, 1 to the tier's top (the default): Surge 5,000." }),
  ),
  daily_new_leads: t.Optional(nullable(integer({ minimum: 1, maximum: 100_000 }))),
  send_window: t.Optional(SendWindowDraft),
  track_opens: t.Optional(t.Boolean()),
  track_clicks: t.Optional(t.Boolean()),
  stop_on_reply: t.Optional(t.Boolean()),
  stop_for_company: t.Optional(
    t.Boolean({
      description:
        "A person's answer ends the campaign for everybody at the same company domain (`ended_by: company_replied`), in one transaction. Never at public mail domains such as gmail.com. Default false.",
    }),
  ),
  max_per_company_per_day: t.Optional(nullable(integer({ minimum: 1, maximum: 1000 }))),
  lead_cooldown: t.Optional(
    t.Unsafe<string>({
      ...duration,
      description: "Between mails of different campaigns to one lead; default `P1D`.",
    }),
  ),
};

export const NewCampaign = t.Object({
  name,
  ...settings,
  steps: t.Array(NewStep, { minItems: 1, maxItems: 20 }),
  status: t.Optional(word(["draft", "active"], "`active` starts it at once, if it is ready.")),
});

export const CampaignChange = t.Object({
  name: t.Optional(name),
  in_flight: t.Optional(
    word(
      ["keep", "restart"],
      "What happens to leads that wait at a step which this call changes: `keep` (default) leaves them due when they were, `restart` lets the step's delay begin anew.",
    ),
  ),
  ...settings,
  inbox_ids: t.Optional(settings.inbox_ids),
  steps: t.Optional(
    t.Array(StepChange, {
      minItems: 1,
      maxItems: 20,
      description:
        "The whole sequence: a step with its `id` is kept, and what it leaves out stays; one without is new, one that is missing is removed.",
    }),
  ),
});
export type CampaignDraft = Omit<typeof CampaignChange.static, "in_flight">;

const Step = t.Object({
  id: idOf("stp"),
  delay: t.String(),
  subject: t.String(),
  body: t.String(),
  html: t.Boolean(),
  variants: t.Array(
    t.Object({ id: t.String(), subject: t.String(), body: t.String(), weight: t.Integer() }),
  ),
  branches: t.Array(
    t.Object({
      when: t.Object({
        event: word(BRANCH_EVENTS),
        step: nullable(idOf("stp")),
        within: nullable(t.String()),
        category: nullable(t.String()),
      }),
      go_to: t.String({ description: "The id of a later step, or `end`." }),
    }),
  ),
});

export const Campaign = t.Object({
  id: idOf("cmp"),
  object: t.Literal("campaign"),
  name: t.String(),
  status: word(CAMPAIGN_STATES),
  paused_by: nullable(t.String()),
  paused_reason: nullable(t.String()),
  inbox_ids: t.Array(idOf("inb")),
  steps: t.Array(Step),
  daily_limit: t.Integer(),
  daily_new_leads: nullable(t.Integer()),
  send_window: SendWindow,
  track_opens: t.Boolean(),
  track_clicks: t.Boolean(),
  tracking: t.Object({ opens: t.Boolean(), clicks: t.Boolean(), reason: nullable(t.String()) }),
  stop_on_reply: t.Boolean(),
  stop_for_company: t.Boolean(),
  max_per_company_per_day: nullable(t.Integer()),
  lead_cooldown: t.String(),
  sent_today: t.Integer({ description: "Mails, on the workspace's local day." }),
  reply_rate_7d: nullable(
    t.Number({
      description:
        "People who replied per mail sent, today and the six days before; null when none was sent.",
    }),
  ),
  warnings: t.Array(t.Object({ code: t.String(), message: t.String() })),
  created_at: instant,
  updated_at: instant,
  archived_at: nullable(instant),
});
export type Campaign = typeof Campaign.static;

export const CampaignQuery = t.Object({
  ...pageQuery,
  status: t.Optional(word(CAMPAIGN_STATES)),
  inbox_id: t.Optional(idOf("inb")),
  q: t.Optional(t.String({ maxLength: 120, description: "A part of the name." })),
});

const FINDING_CODES = [
  "inbox_unusable",
  "steps_invalid",
  "template_invalid",
  "link_unsafe",
  "limit_invalid",
  "window_invalid",
  "window_shut",
  "variable_missing",
  "no_postal_address",
  "no_opt_out_words",
  "spam_words",
  "daily_limit_above_inboxes",
  "daily_new_leads_above_limit",
  "no_leads",
] as const;

const Finding = t.Object({
  code: word(FINDING_CODES),
  field: t.String({ description: "The place.", examples: ["steps[0].body"] }),
  message: t.String(),
  variable: nullable(t.String({ description: "Of `variable_missing`: which one." })),
  leads: nullable(
    t.Object(
      {
        count: t.Integer(),
        examples: t.Array(idOf("lead"), { maxItems: 5 }),
      },
      { description: "Of `variable_missing`: how many leads lack it, and up to five of them." },
    ),
  ),
});
export type Finding = typeof Finding.static;

export const Validation = t.Object({
  object: t.Literal("validation"),
  ready: t.Boolean({ description: "Would `resume` start it now? True when there are no issues." }),
  issues: t.Array(Finding, { description: "Each of them keeps the campaign from starting." }),
  warnings: t.Array(Finding, { description: "None of them does." }),
  unsubscribe: t.Array(word(["mailto"]), {
    description: "The ways out that every mail offers in its List-Unsubscribe header.",
  }),
});
export type Validation = typeof Validation.static;

export const PreviewOrder = t.Object({ lead_id: idOf("lead") });

export const Preview = t.Object({
  object: t.Literal("preview"),
  campaign_id: idOf("cmp"),
  lead_id: idOf("lead"),
  inbox_id: t.Unsafe<string>({
    ...idOf("inb"),
    description:
      "Whom the planned mails are from: the inbox of the lead's first mail, before that the first of the campaign that can send.",
  }),
  steps: t.Array(
    t.Object({
      step_id: idOf("stp"),
      state: word(
        ["planned", ...MESSAGE_STATES],
        "`planned`, or the state of the mail that was made for this step.",
      ),
      message_id: nullable(idOf("msg")),
      variant_id: nullable(t.String()),
      subject: nullable(t.String()),
      text: nullable(t.String()),
      html: nullable(t.String()),
      raw: nullable(
        t.String({
          description:
            "The mail with all headers, byte for byte (all of it is ASCII). Null when it is blocked, and for a mail that went out and whose bytes are not kept any more.",
        }),
      ),
      blocked_by: nullable(
        t.String({
          description: "Why this lead would not be mailed.",
          examples: ["missing_variable: first_name"],
        }),
      ),
    }),
  ),
});
export type Preview = typeof Preview.static;
