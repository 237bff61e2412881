// Turns what was played into the answer: every day of the span, also those on which nothing goes out.

import type { ForecastRun, ForecastSends } from "../../core/forecast.ts";
import { formatId } from "../../core/ids.ts";
import { localDate } from "../../core/zones.ts";
import { formatInstant } from "../../ledger/row.ts";
import type { CampaignRow } from "../campaigns/store.ts";
import type { Forecast } from "./schema.ts";

/** What nobody can know, said as plainly as it is taken. */
const ASSUMES = [
  "Nobody replies, unsubscribes or bounces: whoever does gets no further mails, so the real numbers are lower.",
  "Nobody opens or clicks: branches that ask for what has not happened yet are not taken, those that ask for its absence are.",
  "Servers take every mail at once, and mailboxes are read without a gap.",
  "Inboxes stay as they are now: those that are not active send nothing.",
  "Other campaigns that share inboxes or leads run on if they run now; nothing is edited and no lead is added.",
  "Gaps between mails are spread by chance, up to 25 % to both sides: where the gap and not a limit ends an inbox's day, a real day may have a mail or two more or less.",
];

interface Span {
  campaign: CampaignRow;
  zone: string;
  days: number;
  as_of: number;
  computed_in_ms: number;
}

export function showForecast(run: ForecastRun, span: Span): Forecast {
  const first = localDate(span.as_of, span.zone);
  const dates = Array.from({ length: span.days }, (_, i) => first.add({ days: i }).toString());
  const of_day = Map.groupBy(run.sends, ({ date }) => date);
  const is_done = run.remaining === 0;
  return {
    object: "forecast",
    campaign_id: formatId("cmp", span.campaign.id),
    campaign_status: span.campaign.state,
    if_resumed: span.campaign.state !== "active",
    as_of: formatInstant(span.as_of),
    from: dates[0] ?? "",
    to: dates.at(-1) ?? "",
    timezone: span.zone,
    days: dates.map((date) => showDay(date, of_day.get(date) ?? [])),
    total: sum(run.sends),
    done_by: is_done ? run.last_date : null,
    remaining_after: run.remaining,
    not_sent: run.not_sent,
    assumes: ASSUMES,
    computed_in_ms: span.computed_in_ms,
  };
}

const sum = (sends: readonly ForecastSends[]) => sends.reduce((all, one) => all + one.sends, 0);

function showDay(date: string, sends: readonly ForecastSends[]): Forecast["days"][number] {
  const first_steps = sum(sends.filter(({ first_step }) => first_step));
  const all = sum(sends);
  return {
    date,
    sends: all,
    first_steps,
    follow_ups: all - first_steps,
    by_inbox: [...Map.groupBy(sends, ({ inbox_id }) => inbox_id)].map(([id, group]) => ({
      inbox_id: formatId("inb", id),
      sends: sum(group),
    })),
    by_step: [...Map.groupBy(sends, ({ step_id }) => step_id)].map(([id, group]) => ({
      step_id: formatId("stp", id),
      sends: sum(group),
    })),
  };
}
