// How a forecast looks on the wire.
import { t } from "elysia";

import { CAMPAIGN_STATES } from "../../core/states.ts";
import { idOf, instant, integer, nullable, word } from "../../http/schemas.ts";

const date = t.String({
  format: "date",
  description: "A local day of the workspace.",
  examples: ["2026-11-23"],
});
const count = t.Integer({ minimum: 0 });

export const ForecastQuery = t.Object({
  days: t.Optional(
    integer({ minimum: 1, maximum: 90, description: "How many days, today included. Default 30." }),
  ),
});

const ForecastDay = t.Object({
  date,
  sends: count,
  first_steps: count,
  follow_ups: count,
  by_inbox: t.Array(t.Object({ inbox_id: idOf("inb"), sends: count })),
  by_step: t.Array(t.Object({ step_id: idOf("stp"), sends: count })),
});

export const Forecast = t.Object({
  object: t.Literal("forecast"),
  campaign_id: idOf("cmp"),
  campaign_status: word(CAMPAIGN_STATES),
  if_resumed: t.Boolean({
    description:
      "True for a campaign that does not run: this is what happens if it is started or resumed now.",
  }),
  as_of: instant,
  from: date,
  to: date,
  timezone: t.String({ description: "The workspace's zone, in which days are counted." }),
  days: t.Array(ForecastDay, { description: "Every day from `from` to `to`." }),
  total: count,
  done_by: nullable(
    t.String({
      format: "date",
      description:
        "The day of the last mail, where nobody is left waiting; null where somebody is, or nothing goes out.",
    }),
  ),
  remaining_after: t.Integer({
    minimum: 0,
    description: "Leads that go on waiting for a mail after `to`.",
  }),
  not_sent: t.Record(t.String(), count, {
    description:
      "Leads whose next mail never goes out as things are, by the code of what keeps it back: `missing_variable`, `suppressed`, `lead_paused`, `inbox_paused` …",
  }),
  assumes: t.Array(t.String()),
  computed_in_ms: count,
});
export type Forecast = typeof Forecast.static;
