// A campaign as the API shows it, with the numbers of its counters. What is not known is null, never 0.
import { formatId } from "../../core/ids.ts";
import type { Step } from "../../core/sequence.ts";
import { localDate } from "../../core/zones.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant, formatInstantOrNull } from "../../ledger/row.ts";
import type { Campaign } from "./schema.ts";
import { listSteps } from "./steps.store.ts";
import { type CampaignRow, listInboxIds, readNumbers } from "./store.ts";

export function showCampaign(ledger: Ledger, row: CampaignRow): Campaign {
  return {
    id: formatId("cmp", row.id),
    object: "campaign",
    name: row.name,
    status: row.state,
    paused_by: row.paused_by,
    paused_reason: row.paused_reason,
    inbox_ids: listInboxIds(ledger, row.id).map((id) => formatId("inb", id)),
    steps: listSteps(ledger, row.id).map(showStep),
    daily_limit: row.daily_limit,
    daily_new_leads: row.daily_new_leads,
    send_window: row.send_window,
    track_opens: row.track_opens,
    track_clicks: row.track_clicks,
    tracking: trackingOf(ledger, row),
    stop_on_reply: row.stop_on_reply,
    stop_for_company: row.stop_for_company,
    max_per_company_per_day: row.max_per_company_per_day,
    lead_cooldown: row.lead_cooldown,
    ...showNumbers(ledger, row.id),
    warnings: warningsOf(ledger),
    created_at: formatInstant(row.created_at),
    updated_at: formatInstant(row.updated_at),
    archived_at: formatInstantOrNull(row.archived_at),
  };
}

function showNumbers(ledger: Ledger, id: number): Pick<Campaign, "sent_today" | "reply_rate_7d"> {
  const today = localDate(ledger.clock.now(), ledger.workspace().zone);
  const days = { today: today.toString(), since: today.subtract({ days: 6 }).toString() };
  const { sent_today, sent_7d, replied_7d } = readNumbers(ledger, id, days);
  const reply_rate_7d = sent_7d === 0 ? null : Math.round((replied_7d / sent_7d) * 10_000) / 10_000;
  return { sent_today, reply_rate_7d };
}

/** Links and pixels need an address that recipients can reach. */
function trackingOf({ public_url }: Ledger, row: CampaignRow): Campaign["tracking"] {
  if (public_url === null) return { opens: false, clicks: false, reason: "no_public_url" };
  return { opens: row.track_opens, clicks: row.track_clicks, reason: null };
}

function warningsOf(ledger: Ledger): Campaign["warnings"] {
  if (ledger.workspace().postal_address !== null) return [];
  const message =
    "The workspace has no postal address. Many countries require one in every mail to people who did not ask for it; set it and it is added to each mail.";
  return [{ code: "no_postal_address", message }];
}

function showStep({
  id,
  delay,
  subject,
  body,
  html,
  variants,
  branches,
}: Step): Campaign["steps"][number] {
  return {
    id: formatId("stp", id),
    delay,
    subject,
    body,
    html,
    variants: variants.map((variant) => ({ ...variant, id: String(variant.id) })),
    branches: branches.map(({ when, go_to }) => ({
      when: { ...when, step: when.step === null ? null : formatId("stp", when.step) },
      go_to: go_to === "end" ? go_to : formatId("stp", go_to),
    })),
  };
}
