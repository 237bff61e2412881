// Reads a campaign's settings: defaults, limits of the tier, the send window. Every issue is told with its place.
import { isControlFree } from "../../core/address.ts";
import { DURATION_RULE, parseDuration } from "../../core/duration.ts";
import type { FaultDetail } from "../../core/faults.ts";
import { issue } from "../../core/issues.ts";
import { DEFAULT_WINDOW, nextOpening, type SendWindow, windowIssues } from "../../core/window.ts";
import { findZone } from "../../core/zones.ts";
import type { Ledger, Tier } from "../../ledger/ledger.ts";
import type { CampaignDraft } from "./schema.ts";
import type { CampaignSettings } from "./store.ts";

/** The highest `daily_limit` of each tier (api.md "tiers"). Spark has no API; its campaigns keep Surge's. */
const DAILY_TOP: Record<Tier, number> = {
  spark: 5000,
  surge: 5000,
  velocity: 25_000,
  apex: 100_000,
};

/** The highest `daily_limit` of the workspace's tier, and what a campaign has that names none. */
export function dailyTop(ledger: Ledger): number {
  const { tier, daily_top } = ledger.workspace();
  return daily_top ?? DAILY_TOP[tier];
}

function defaults(ledger: Ledger): CampaignSettings {
  return {
    name: "",
    daily_limit: dailyTop(ledger),
    daily_new_leads: null,
    send_window: DEFAULT_WINDOW,
    track_opens: true,
    track_clicks: true,
    stop_on_reply: true,
    stop_for_company: false,
    max_per_company_per_day: null,
    lead_cooldown: "P1D",
  };
}

/** What a draft makes of a campaign's settings (null: of a new one), with everything that is wrong with them. */
export function readSettings(
  ledger: Ledger,
  draft: CampaignDraft,
  previous: CampaignSettings | null,
): { settings: CampaignSettings; issues: FaultDetail[] } {
  const from = previous ?? defaults(ledger);
  const settings: CampaignSettings = {
    name: draft.name?.trim() ?? from.name,
    daily_limit: draft.daily_limit ?? from.daily_limit,
    daily_new_leads: given(draft.daily_new_leads, from.daily_new_leads),
    send_window: readWindow({ ...from.send_window, ...draft.send_window }),
    track_opens: draft.track_opens ?? from.track_opens,
    track_clicks: draft.track_clicks ?? from.track_clicks,
    stop_on_reply: draft.stop_on_reply ?? from.stop_on_reply,
    stop_for_company: draft.stop_for_company ?? from.stop_for_company,
    max_per_company_per_day: given(draft.max_per_company_per_day, from.max_per_company_per_day),
    lead_cooldown: draft.lead_cooldown ?? from.lead_cooldown,
  };
  const issues = [
    ...(draft.name === undefined ? [] : nameIssues(draft.name)),
    ...(draft.daily_limit === undefined ? [] : limitIssues(ledger, settings)),
    ...windowIssues(settings.send_window),
    ...cooldownIssues(settings.lead_cooldown),
  ];
  return { settings, issues };
}

const given = <V>(wanted: V | null | undefined, before: V | null) =>
  wanted === undefined ? before : wanted;

/** The zone in its canonical case, where it is one. */
function readWindow(window: SendWindow): SendWindow {
  const { timezone } = window;
  return { ...window, timezone: timezone === "lead" ? timezone : (findZone(timezone) ?? timezone) };
}

function nameIssues(name: string): FaultDetail[] {
  if (name.trim() === "") return [issue("name", "must not be blank")];
  return isControlFree(name) ? [] : [issue("name", "must be one line without control characters")];
}

function cooldownIssues(text: string): FaultDetail[] {
  return parseDuration(text) === null ? [issue("lead_cooldown", `must be ${DURATION_RULE}`)] : [];
}

/** `daily_limit` against the tier: asked when it is set, and again at a start, for tiers change. */
export function limitIssues(
  ledger: Ledger,
  { daily_limit }: { daily_limit: number },
): FaultDetail[] {
  const top = dailyTop(ledger);
  if (daily_limit >= 1 && daily_limit <= top) return [];
  const { tier } = ledger.workspace();
  const tier_name = tier.charAt(0).toUpperCase() + tier.slice(1);
  return [issue("daily_limit", `must be between 1 and ${top} on ${tier_name} tier`)];
}

/** A window that never opens sends nothing. */
export function shutIssues(ledger: Ledger, window: SendWindow): FaultDetail[] {
  const zone = window.timezone === "lead" ? ledger.workspace().zone : window.timezone;
  return nextOpening(window, zone, ledger.clock.now()) === null
    ? [issue("send_window", "does not open within the next 400 days")]
    : [];
}
