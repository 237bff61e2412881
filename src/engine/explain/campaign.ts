// Why a campaign sends nothing now: its own gates, those of its inboxes, where windows are closed, and how many leads
// wait for what. Costs a look over the indexes of what waits, never over the leads. Nothing is changed.

import type {
  CampaignExplanation,
  CampaignVerdict,
  InboxExplanation,
  ZoneExplanation,
} from "../../core/explanation.ts";
import { wallDay } from "../../core/wall-time.ts";
import { closesAt, nextOpening } from "../../core/window.ts";
import { type CampaignRow, findCampaign } from "../../resources/campaigns/store.ts";
import { campaignBudgetGates, shut, stateGates } from "../send/gates.ts";
import { type Crowd, readCrowd } from "./crowd.ts";
import { decider, passesAlone, whenPassed } from "./expect.ts";
import { type Group, groupsOf, waitingFor } from "./groups.ts";
import { type Found, found, ledgerFinds, type Scene } from "./scene.ts";
import { NOBODY, tell } from "./tell.ts";

/** So many zones are listed, those with the most leads first. */
const ZONES_MOST = 100;

/** The campaign as a whole; null where there is no such one. */
export function explainCampaign(scene: Scene, campaign_id: number): CampaignExplanation | null {
  const { ledger, now } = scene;
  const campaign = findCampaign(ledger, campaign_id);
  if (!campaign) return null;
  const crowd = readCrowd(scene, campaign);
  const zones = zonesOf(scene, campaign, crowd);
  const common = commonFinds(scene, campaign, crowd);
  const groups = groupsOf(scene, { campaign, crowd, common });
  const waiting_for = waitingFor(crowd, groups);
  const next = soonest(groups, crowd.free_at, common.every(passesAlone));
  const finds = [...common, ...windowFinds(zones)];
  const subject = {
    ...NOBODY,
    campaign,
    zone: firstToOpen(zones)?.zone ?? ledger.workspace().zone,
  };
  const gates = tell(scene, finds, { ...subject, next_at: next.at });
  const unfinished = Object.values(waiting_for).reduce((sum, count) => sum + count, 0);
  const verdict = verdictOf({ campaign, unfinished, common, next });
  const decides = next.group === null ? decider(finds) : next.group.decides;
  const told = decides
    ? tell(scene, [decides], { ...subject, zone: next.group?.zone ?? subject.zone })
    : [];
  const ended = crowd.enrolled - unfinished;
  return {
    campaign_id,
    state: campaign.state,
    now,
    verdict,
    summary: summaryOf(scene, {
      verdict,
      next_at: next.at,
      why: told[0]?.message ?? null,
      unfinished,
      ended,
    }),
    gates,
    next_at: next.at,
    inboxes: crowd.inboxes.map((one) => inboxOf(scene, campaign, one)),
    zones: zones.slice(0, ZONES_MOST),
    zones_left_off: Math.max(0, zones.length - ZONES_MOST),
    enrolled: crowd.enrolled,
    ended,
    waiting_for,
  };
}

/** What fails for all of the campaign, whatever the lead. */
function commonFinds(scene: Scene, campaign: CampaignRow, { inboxes }: Crowd): Found[] {
  const { ledger, now } = scene;
  const budget = { ledger, reading: ledger, now, campaign, follow_up: false };
  const own = inboxes.filter(({ is_listed }) => is_listed);
  const none = own.length > 0 && own.every(({ finds }) => !finds.every(passesAlone));
  return [
    ...ledgerFinds(scene),
    ...found(stateGates(campaign)),
    ...found(own.length === 0 ? [shut("no_inbox", null)] : []),
    ...found(none ? [shut("no_inbox_can_send", null)] : []),
    ...found(campaignBudgetGates(budget)),
  ];
}

function zonesOf({ now }: Scene, campaign: CampaignRow, { zones }: Crowd): ZoneExplanation[] {
  return [...zones]
    .map(([zone, { waiting, due }]): ZoneExplanation => {
      const closes_at = closesAt(campaign.send_window, zone, now);
      const opens_at = closes_at === null ? nextOpening(campaign.send_window, zone, now) : now;
      const window = closes_at === null ? "closed" : "open";
      return { zone, waiting, due, window, opens_at, closes_at };
    })
    .toSorted((one, other) => other.waiting - one.waiting || (one.zone < other.zone ? -1 : 1));
}

/** The zone whose window opens first. */
const firstToOpen = (zones: readonly ZoneExplanation[]) =>
  zones.toSorted((one, other) => (one.opens_at ?? Infinity) - (other.opens_at ?? Infinity))[0];

/** It is closed for the campaign where it is closed for everybody who waits. */
function windowFinds(zones: readonly ZoneExplanation[]): Found[] {
  if (zones.length === 0 || zones.some(({ window }) => window === "open")) return [];
  return found([shut("outside_window", firstToOpen(zones)?.opens_at ?? null)]);
}

function inboxOf(
  scene: Scene,
  campaign: CampaignRow,
  one: Crowd["inboxes"][number],
): InboxExplanation {
  const { inbox, finds, follow_ups } = one;
  const next_at = whenPassed(finds, scene.now);
  return {
    inbox_id: inbox.id,
    email: inbox.email,
    state: inbox.state,
    verdict: finds.length === 0 ? "ready" : finds.every(passesAlone) ? "waiting" : "blocked",
    follow_ups,
    gates: tell(scene, finds, { ...NOBODY, campaign, zone: scene.ledger.workspace().zone }),
    next_at,
  };
}

interface Soonest {
  at: number | null;
  /** Whose turn that is; null where it is somebody's who is kept back now. */
  group: Group | null;
}

/** The first of all that wait, and of those that are let go by themselves. */
function soonest(groups: readonly Group[], free_at: number | null, may_go: boolean): Soonest {
  let best: Soonest = { at: null, group: null };
  for (const group of groups) {
    if (group.at !== null && (best.at === null || group.at < best.at))
      best = { at: group.at, group };
  }
  if (may_go && free_at !== null && (best.at === null || free_at < best.at))
    return { at: free_at, group: null };
  return best;
}

interface Judged {
  campaign: CampaignRow;
  unfinished: number;
  common: readonly Found[];
  next: Soonest;
}

function verdictOf({ campaign, unfinished, common, next }: Judged): CampaignVerdict {
  if (campaign.state === "archived") return "ended";
  if (unfinished === 0) return common.every(passesAlone) ? "idle" : "blocked";
  if (next.at === null) return "blocked";
  return next.group !== null && next.group.decides === null ? "sending" : "waiting";
}

interface Summed {
  verdict: CampaignVerdict;
  next_at: number | null;
  why: string | null;
  unfinished: number;
  ended: number;
}

const waits = (count: number) => (count === 1 ? "1 lead waits" : `${count} leads wait`);

function summaryOf(
  { ledger, now }: Scene,
  { verdict, next_at, why, unfinished, ended }: Summed,
): string {
  const because = why === null ? "" : `: ${why}`;
  const still =
    ledger.mode === "test"
      ? " The test clock stands still: nothing happens until it is moved."
      : "";
  const { zone } = ledger.workspace();
  const when =
    next_at === null || next_at <= now ? "any moment" : `${wallDay(next_at, zone, now)} (${zone})`;
  const all = ended === 1 ? "Its one lead has" : `All ${ended} leads have`;
  const sentences: Record<CampaignVerdict, string> = {
    ended: "The campaign is archived and sends nothing any more.",
    idle:
      ended === 0
        ? "Nobody is in this campaign yet: add leads."
        : `${all} come to the end: add leads and it goes on.`,
    blocked: `Nothing is sent${because}. ${waits(unfinished)}.`,
    waiting: `Nothing goes out now${because}. The next mail may go ${when}; ${waits(unfinished)}.${still}`,
    sending: `The next mail may go now; ${waits(unfinished)}.${still}`,
  };
  return sentences[verdict];
}
