// Every gate that a mail has to pass, as data: what fails and when it may pass. The round and the claim decide by these
// functions and nothing else, and `explain` puts words to what they answer: the reason is that of the deciding code.
// Codes and numbers only: a round asks thousands of times and nobody reads it.
import { addDuration, readDuration } from "../../core/duration.ts";
import {
  type Budget,
  type BudgetState,
  rollingHourStart,
  usedUpBudgets,
} from "../../core/quota.ts";
import { isReasonCode, type ReasonCode, REASONS } from "../../core/reasons.ts";
import { closesAt, nextOpening } from "../../core/window.ts";
import { localDay } from "../../core/zones.ts";
import type { Reading } from "../../ledger/database.ts";
import type { DiskLevel } from "../../ledger/disk.ts";
import { readFreeze } from "../../ledger/freeze.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { CampaignRow } from "../../resources/campaigns/store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import type { LeadRow } from "../../resources/leads/store.ts";
import { companyQuota } from "../../resources/messages/actions.ts";
import { findMailsOfOtherCampaigns, slotsSince } from "../../resources/messages/due.store.ts";
import { usedOn } from "../../resources/messages/quotas.store.ts";

/** Follow-ups go out only when their inbox was read up to date within this time (domain.md "Never follow up blind"). */
export const SYNC_FRESHNESS_MS = 5 * 60_000;

/** What became of a mail is known by then: an answer to the final dot may take 10 minutes (RFC 5321 4.5.3.2.6). */
const KNOWN_WITHIN_MS = 11 * 60_000;

export interface Gate {
  code: ReasonCode;
  /** The next instant at which it may pass by itself; null where none can be told. */
  next_at: number | null;
  /** Since when it fails, where a row says so. */
  since: number | null;
  /** Of a budget: how much of how much is used up. */
  used: number | null;
  limit: number | null;
}

/** A gate that fails. */
export function shut(code: ReasonCode, next_at: number | null, since: number | null = null): Gate {
  return { code, next_at, since, used: null, limit: null };
}

/** What the engine knows of a ledger beside its rows. */
export interface LedgerSigns {
  /** Null where no disk is watched. */
  disk_level: DiskLevel | null;
  /** An outcome is kept that could not be written yet. */
  is_stuck: boolean;
}

/** On a full disk nothing new is claimed: an outcome could not be written. */
export const hasRoom = (level: DiskLevel | null) => level !== "stop" && level !== "critical";

/** What stops everything of a ledger. Whatever else comes to stop a whole ledger is told here. */
export function ledgerGates(ledger: Pick<Ledger, "mode" | "db">, signs: LedgerSigns): Gate[] {
  const gates: Gate[] = [];
  const freeze = readFreeze(ledger);
  if (freeze) gates.push(shut("clock_behind", freeze.believed_at, freeze.since));
  if (!hasRoom(signs.disk_level)) gates.push(shut("disk_full", null));
  if (signs.is_stuck) gates.push(shut("outcome_unwritten", null));
  if (ledger.mode === "test") gates.push(shut("test_clock_still", null));
  return gates;
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
  if (inbox.state !== "active") gates.push(shut(`inbox_${inbox.state}`, null, inbox.state_since));
  if (inbox.retry_at !== null && inbox.retry_at > now)
    gates.push(shut("inbox_waits", inbox.retry_at, inbox.failing_since));
  if (inbox.next_slot_at > now) gates.push(shut("pace", inbox.next_slot_at));
  return gates;
}

/** What keeps this campaign's mails of this zone from leaving through this inbox now. */
export function campaignGates(situation: Situation): Gate[] {
  const { campaign, zone, now } = situation;
  const day = today(situation);
  return [
    ...stateGates(campaign),
    ...windowGates(campaign, zone, now),
    ...readingGates(situation),
    ...inboxBudgetGates(situation, day),
    ...campaignBudgetGates(situation, day),
  ];
}

/** Does the campaign run? */
export function stateGates(campaign: CampaignRow): Gate[] {
  if (campaign.state === "active") return [];
  return [shut(`campaign_${campaign.state}`, null, campaign.state_since)];
}

/** Is its send window open for leads of this zone? */
export function windowGates({ send_window }: CampaignRow, zone: string, now: number): Gate[] {
  if (closesAt(send_window, zone, now) !== null) return [];
  return [shut("outside_window", nextOpening(send_window, zone, now))];
}

/** Was the inbox read up to date, where a follow-up is to go? A reading that lies ahead proves nothing: the clock was set back since. */
export function readingGates({
  inbox,
  now,
  follow_up,
}: Pick<Situation, "inbox" | "now" | "follow_up">): Gate[] {
  if (!follow_up) return [];
  const { read_at } = inbox;
  if (read_at !== null && Math.abs(now - read_at) <= SYNC_FRESHNESS_MS) return [];
  const stale_at = read_at === null ? null : read_at + SYNC_FRESHNESS_MS;
  return [shut("inbox_unread", null, stale_at !== null && stale_at <= now ? stale_at : null)];
}

/** What of an enrollment itself keeps its next mail from being claimed now. */
export function enrollmentGates(enrollment: EnrollmentRow, now: number): Gate[] {
  const { state, state_since, in_flight, held_until, blocked_until, due_at } = enrollment;
  const gates: Gate[] = [];
  if (state === "held") gates.push(shut("held", held_until, state_since));
  else if (state !== "waiting") gates.push(shut(state, null, state_since));
  if (in_flight !== null) gates.push(shut("under_way", null));
  if (blocked_until !== null) gates.push(...blockGates(enrollment, blocked_until));
  if (due_at === null || due_at > now)
    gates.push(shut("not_due", due_at, enrollment.last_sent_at ?? enrollment.created_at));
  return gates;
}

/** What a claim wrote down when it let the lead step aside: one word for each gate, or a word with its details. */
function blockGates({ blocked_by, state_since }: EnrollmentRow, until: number): Gate[] {
  const [words = ""] = (blocked_by ?? "").split(":");
  return words.split(" ").map((word) => {
    const code = isReasonCode(word) ? word : "kept_back";
    return shut(code, REASONS[code].waits_for === "person" ? null : until, state_since);
  });
}

/** What keeps this one lead from being mailed by this campaign now. */
export function leadGates(situation: Omit<Situation, "inbox">, lead: LeadRow): Gate[] {
  const { ledger, reading, campaign, now, zone } = situation;
  const gates: Gate[] = [];
  const { sent_at, claimed_at } = findMailsOfOtherCampaigns(reading, lead.id, campaign.id);
  const freeAfter = (at: number) => addDuration(at, readDuration(campaign.lead_cooldown), zone);
  // One that is on its way goes now or never, whenever it was claimed: what it did is known soon. Also where this campaign
  // has no cool-down: the other one may have, and which of the two dots comes first is not known.
  if (claimed_at !== null) gates.push(shut("lead_cooldown", now + KNOWN_WITHIN_MS, claimed_at));
  else if (sent_at !== null && freeAfter(sent_at) > now)
    gates.push(shut("lead_cooldown", freeAfter(sent_at), sent_at));
  const company = companyQuota(ledger, campaign.id, lead.email);
  if (company !== null && campaign.max_per_company_per_day !== null) {
    const company_day = usedOn(reading, today(situation), "company", company);
    const used = { ...NONE_USED, company_day };
    const limits = { ...UNLIMITED, company_day: campaign.max_per_company_per_day };
    const state = { now, zone: ledger.workspace().zone, oldest_slot_at: null, used, limits };
    gates.push(...gatesOfBudgets(state));
  }
  return gates;
}

const NONE_USED: BudgetState["used"] = {
  inbox_day: 0,
  inbox_hour: 0,
  campaign_day: 0,
  campaign_new_day: 0,
  company_day: 0,
};
const UNLIMITED: BudgetState["limits"] = {
  inbox_day: null,
  inbox_hour: null,
  campaign_day: null,
  campaign_new_day: null,
  company_day: null,
};
const CODES: Record<Budget, ReasonCode> = {
  inbox_day: "daily_limit",
  inbox_hour: "hourly_limit",
  campaign_day: "campaign_daily_limit",
  campaign_new_day: "daily_new_leads",
  company_day: "company_limit",
};

function gatesOfBudgets(state: BudgetState): Gate[] {
  return usedUpBudgets(state).map(({ budget, used, limit, next_at }) => ({
    code: CODES[budget],
    next_at,
    since: null,
    used,
    limit,
  }));
}

type Asked = Pick<Situation, "ledger" | "reading" | "now">;

const today = ({ ledger, now }: Asked) => localDay(now, ledger.workspace().zone);

/** What is used up of the inbox's own budgets, whatever the campaign. */
export function inboxBudgetGates(
  situation: Asked & Pick<Situation, "inbox">,
  day = today(situation),
): Gate[] {
  const { ledger, reading, now, inbox } = situation;
  const hour = slotsSince(reading, inbox.id, rollingHourStart(now));
  const inbox_day = usedOn(reading, day, "inbox", inbox.id);
  return gatesOfBudgets({
    now,
    zone: ledger.workspace().zone,
    oldest_slot_at: hour.oldest,
    used: { ...NONE_USED, inbox_day, inbox_hour: hour.used },
    limits: { ...UNLIMITED, inbox_day: inbox.daily_limit, inbox_hour: inbox.hourly_limit },
  });
}

/** What is used up of the campaign's own budgets, whatever the inbox. */
export function campaignBudgetGates(
  situation: Asked & Pick<Situation, "campaign" | "follow_up">,
  day = today(situation),
): Gate[] {
  const { ledger, reading, now, campaign, follow_up } = situation;
  const campaign_day = usedOn(reading, day, "campaign", campaign.id);
  const campaign_new_day = usedOn(reading, day, "campaign_new", campaign.id);
  return gatesOfBudgets({
    now,
    zone: ledger.workspace().zone,
    oldest_slot_at: null,
    used: { ...NONE_USED, campaign_day, campaign_new_day },
    limits: {
      ...UNLIMITED,
      campaign_day: campaign.daily_limit,
      campaign_new_day: follow_up ? null : campaign.daily_new_leads,
    },
  });
}
