// Every gate that a mail has to pass, as data: what fails, why, and when it may pass. The claim decides by these
// functions and nothing else, so whoever asks "why is nothing being sent?" gets the answer of the deciding code.
import { addDuration, readDuration } from "../../core/duration.ts";
import { type BudgetState, rollingHourStart, usedUpBudgets } from "../../core/quota.ts";
import { closesAt, nextOpening } from "../../core/window.ts";
import { localDay } from "../../core/zones.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { CampaignRow } from "../../resources/campaigns/store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import type { LeadRow } from "../../resources/leads/store.ts";
import { companyQuota } from "../../resources/messages/actions.ts";
import { findLastMailOfOtherCampaign, slotsSince } from "../../resources/messages/due.store.ts";
import { usedOn } from "../../resources/messages/quotas.store.ts";

/** Follow-ups go out only when their inbox was read up to date within this time (domain.md "Never follow up blind"). */
export const SYNC_FRESHNESS_MS = 5 * 60_000;

export interface Gate {
  code: string;
  message: string;
  /** The next instant at which it may pass by itself; null where somebody has to do something. */
  next_at: number | null;
}

export interface Situation {
  ledger: Ledger;
  reading: Reading;
  now: number;
  inbox: InboxRow;
  campaign: CampaignRow;
  /** The lead's zone as resolved at enrolling. */
  zone: string;
  follow_up: boolean;
}

/** What keeps this inbox from sending anything now: its state, a server's refusal, the pace. */
export function inboxGates(inbox: InboxRow, now: number): Gate[] {
  const gates: Gate[] = [];
  if (inbox.state !== "active") {
    gates.push({
      code: `inbox_${inbox.state}`,
      message: `${inbox.email}: ${inbox.state_reason ?? inbox.state}`,
      next_at: null,
    });
  }
  if (inbox.retry_at !== null && inbox.retry_at > now) {
    gates.push({
      code: "inbox_waits",
      message: `${inbox.email} waits after the server's answer: ${inbox.state_reason ?? "connection lost"}`,
      next_at: inbox.retry_at,
    });
  }
  if (inbox.next_slot_at > now) {
    gates.push({
      code: "pace",
      message: `${inbox.email} sends one mail per ${inbox.min_gap_seconds} s`,
      next_at: inbox.next_slot_at,
    });
  }
  return gates;
}

/** What keeps this campaign's mails of this zone from leaving through this inbox now. */
export function campaignGates(situation: Situation): Gate[] {
  const { campaign, inbox, zone, now, follow_up } = situation;
  const gates: Gate[] = [];
  if (campaign.state !== "active") {
    gates.push({
      code: `campaign_${campaign.state}`,
      message: `the campaign is ${campaign.state}`,
      next_at: null,
    });
  }
  if (closesAt(campaign.send_window, zone, now) === null) {
    const next_at = nextOpening(campaign.send_window, zone, now);
    gates.push({
      code: "outside_window",
      message:
        next_at === null
          ? "the send window does not open within 400 days"
          : `the send window is closed in ${zone}`,
      next_at,
    });
  }
  // A reading that lies ahead proves nothing: the clock was set back since.
  if (follow_up && (inbox.read_at === null || Math.abs(now - inbox.read_at) > SYNC_FRESHNESS_MS)) {
    gates.push({
      code: "inbox_unread",
      message:
        inbox.read_at === null
          ? `${inbox.email} has not been read yet, follow-ups wait`
          : `${inbox.email} was last read ${Math.round((now - inbox.read_at) / 60_000)} min ago, follow-ups wait`,
      next_at: null,
    });
  }
  return [...gates, ...budgetGates(situation, null)];
}

/** What keeps this one lead from being mailed by this campaign now. */
export function leadGates(situation: Situation, lead: LeadRow): Gate[] {
  const { reading, campaign, now, zone } = situation;
  const gates: Gate[] = [];
  const other = findLastMailOfOtherCampaign(reading, lead.id, campaign.id);
  if (other !== null) {
    const free_at = addDuration(other, readDuration(campaign.lead_cooldown), zone);
    if (free_at > now) {
      gates.push({
        code: "lead_cooldown",
        message: "another campaign mailed this lead a short while ago",
        next_at: free_at,
      });
    }
  }
  const company = companyQuota(situation.ledger, campaign.id, lead.email);
  if (company !== null && campaign.max_per_company_per_day !== null) {
    gates.push(...budgetGates(situation, company).filter(({ code }) => code === "company_day"));
  }
  return gates;
}

function budgetGates(
  { ledger, reading, now, inbox, campaign, follow_up }: Situation,
  company: string | null,
): Gate[] {
  const { zone } = ledger.workspace();
  const day = localDay(now, zone);
  const hour = slotsSince(reading, inbox.id, rollingHourStart(now));
  const state: BudgetState = {
    now,
    zone,
    oldest_slot_at: hour.oldest,
    used: {
      inbox_day: usedOn(reading, day, "inbox", inbox.id),
      inbox_hour: hour.used,
      campaign_day: usedOn(reading, day, "campaign", campaign.id),
      campaign_new_day: usedOn(reading, day, "campaign_new", campaign.id),
      company_day: company === null ? 0 : usedOn(reading, day, "company", company),
    },
    limits: {
      inbox_day: inbox.daily_limit,
      inbox_hour: inbox.hourly_limit,
      campaign_day: campaign.daily_limit,
      campaign_new_day: follow_up ? null : campaign.daily_new_leads,
      company_day: company === null ? null : campaign.max_per_company_per_day,
    },
  };
  return usedUpBudgets(state).map(({ budget, used, limit, next_at }) => ({
    code: budget,
    message: `${used} of ${limit} used up`,
    next_at,
  }));
}
