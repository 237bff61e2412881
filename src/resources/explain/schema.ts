// How an explanation looks on the wire.

import { t } from "elysia";

import { CAMPAIGN_VERDICTS, LEAD_VERDICTS } from "../../core/explanation.ts";
import { REASON_ENDS, type ReasonCode, REASONS } from "../../core/reasons.ts";
import {
  CAMPAIGN_STATES,
  ENROLLMENT_ENDS,
  ENROLLMENT_STATES,
  INBOX_STATES,
} from "../../core/states.ts";
import { idOf, instant, nullable, word } from "../../http/schemas.ts";

const described = (description: string) => t.Unsafe<string>({ ...instant, description });

// oxlint-disable-next-line no-unsafe-type-assertion -- the keys of the one table of reasons
const CODES = Object.keys(REASONS) as ReasonCode[];

const Gate = t.Object(
  {
    code: word(CODES, "What it is: `/docs/explain` lists all of them. New ones may be added."),
    message: t.String({
      description: "The reason with the facts of now, for people.",
      examples: ["it is 18:12 in Europe/Berlin; the window opens Mon 09:00"],
    }),
    waits_for: word(
      REASON_ENDS,
      "What ends it: `time` (by itself, at `next_at`), `imail` (its next look or answer, as a rule within a minute), `mail_server` (the mailbox must work again), `person` (see `fix`), `nothing` (it is over).",
    ),
    since: nullable(described("Since when it fails; null when that is not known.")),
    next_at: nullable(
      described(
        "It does not pass before then while nobody acts; null where no instant can be told: see `waits_for`.",
      ),
    ),
    fix: t.Object({
      text: t.String({ description: "What can be done about it." }),
      call: nullable(
        t.Object(
          {
            method: word(["POST", "PATCH", "DELETE"]),
            path: t.String({ examples: ["/v1/campaigns/cmp_00000000007/resume"] }),
            body: nullable(
              t.Record(t.String(), t.Any(), {
                description: "Null where it takes none, or where only you know the value.",
              }),
            ),
          },
          { title: "ExplainedCall", description: "The call that does it, where there is one." },
        ),
      ),
    }),
    inbox_id: nullable(
      t.Unsafe<string>({ ...idOf("inb"), description: "The inbox that it is about, if any." }),
    ),
  },
  { title: "ExplainedGate" },
);

const gates = t.Array(Gate, {
  description:
    "Every gate that fails now, not only the first; empty when nothing stands in the way.",
});

const ExplainedEnrollment = t.Object(
  {
    enrollment_id: idOf("enr"),
    campaign_id: idOf("cmp"),
    campaign_name: t.String(),
    state: word(ENROLLMENT_STATES),
    ended_by: nullable(word(ENROLLMENT_ENDS)),
    verdict: word(
      LEAD_VERDICTS,
      "`sending_next`: nothing but its turn, and it is first of its campaign; `waiting`: it goes by itself; `blocked`: something of its own or of the inbox or campaign must change, or an instant come; `in_flight`, `uncertain`: its mail is on its way, or may have gone out.",
    ),
    summary: t.String({ description: "The reason that decides, as a sentence." }),
    step: nullable(t.Object({ id: idOf("stp"), position: t.Integer({ description: "From 0." }) })),
    due_at: nullable(described("When the step's delay is over. The window is not in it.")),
    next_at: nullable(
      described(
        "Its next mail does not go out before then, while nobody acts: all gates and the send window are in it. Others may go first (`ahead`); the forecast of the campaign tells how long that takes. Null where no instant can be told.",
      ),
    ),
    zone: t.String({ examples: ["Europe/Berlin"] }),
    zone_basis: t.String({
      description: "Where the zone is from.",
      examples: ["lead", "country", "phone", "workspace"],
    }),
    inbox_id: nullable(
      t.Unsafe<string>({
        ...idOf("inb"),
        description: "The inbox that writes to this lead; null before the first mail.",
      }),
    ),
    ahead: nullable(
      t.Integer({
        description:
          "How many leads of this campaign are due before it (at most 1,000 are counted); null while something else keeps it back.",
      }),
    ),
    gates,
  },
  { title: "ExplainedEnrollment" },
);

export const LeadExplained = t.Object(
  {
    object: t.Literal("lead_explanation"),
    lead_id: idOf("lead"),
    now: described("The instant that this is said of: the test clock's in test mode."),
    enrollments: t.Array(ExplainedEnrollment, {
      description: "One for each campaign that the lead was ever in, oldest first.",
    }),
  },
  { title: "LeadExplanation" },
);
export type LeadExplained = typeof LeadExplained.static;

const ExplainedInbox = t.Object(
  {
    inbox_id: idOf("inb"),
    email: t.String(),
    status: word(INBOX_STATES),
    verdict: word(["ready", "waiting", "blocked"]),
    follow_ups: t.Integer({ description: "Follow-ups that only this inbox may send." }),
    next_at: nullable(described("When it may send again; null where no instant can be told.")),
    gates,
  },
  { title: "ExplainedInbox" },
);

const ExplainedZone = t.Object(
  {
    zone: t.String({ examples: ["Europe/Berlin"] }),
    waiting: t.Integer({ description: "Leads of this zone that wait for a step." }),
    due: t.Integer({ description: "Those of them whose delay is over." }),
    window: word(["open", "closed"]),
    opens_at: nullable(described("When it opens next; null when it does not within 400 days.")),
    closes_at: nullable(described("When it closes, while it is open.")),
  },
  { title: "ExplainedZone" },
);

export const CampaignExplained = t.Object(
  {
    object: t.Literal("campaign_explanation"),
    campaign_id: idOf("cmp"),
    status: word(CAMPAIGN_STATES),
    now: described("The instant that this is said of: the test clock's in test mode."),
    verdict: word(
      CAMPAIGN_VERDICTS,
      "`sending`: a mail may go now; `waiting`: one may go at `next_at`; `blocked`: somebody must act, or a mailbox work again; `idle`: nobody is left to write to; `ended`: archived.",
    ),
    summary: t.String({ description: "The answer in one or two sentences." }),
    next_at: nullable(
      described("No mail of it goes out before then; null where no instant can be told."),
    ),
    gates,
    inboxes: t.Array(ExplainedInbox, {
      description: "Its inboxes, and others that its follow-ups wait for.",
    }),
    zones: t.Array(ExplainedZone, {
      description: "The zones of those who wait, the largest first; at most 100.",
    }),
    zones_left_off: t.Integer({ description: "How many more zones there are." }),
    enrolled: t.Integer({ description: "All that were ever enrolled: `ended` and those below." }),
    ended: t.Integer(),
    waiting_for: t.Record(t.String(), t.Integer(), {
      description:
        "All others, each counted once: under its own reason (`paused`, `held`, `missing_variable`, …), else under the one that is the last to pass. The numbers add up.",
      examples: [{ outside_window: 812, not_due: 44, missing_variable: 3 }],
    }),
  },
  { title: "CampaignExplanation" },
);
export type CampaignExplained = typeof CampaignExplained.static;
