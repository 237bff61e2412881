// Who waits in a campaign, counted: by zone, by the inbox that their follow-ups wait for, and by what keeps them back.

import { isReasonCode, REASONS } from "../../core/reasons.ts";
import { type CampaignRow, listInboxIds } from "../../resources/campaigns/store.ts";
import {
  countEnrolled,
  countFirstSteps,
  countFollowUps,
  countInFlight,
  countKeptBack,
  type InFlight,
  type KeptBack,
  listFollowUpInboxIds,
  type ZoneCount,
} from "../../resources/enrollments/explain.store.ts";
import { findInbox, type InboxRow } from "../../resources/inboxes/store.ts";
import { UNCERTAIN_HOLDS_MS } from "../send/round.ts";
import { type Found, inboxFinds, type Scene } from "./scene.ts";

/** An inbox of the campaign, or one that its follow-ups wait for. */
export interface CrowdInbox {
  inbox: InboxRow;
  /** Does the campaign name it? Else it only ends what it began. */
  is_listed: boolean;
  /** What keeps it from sending first steps. */
  firsts: Found[];
  /** What keeps it from sending what waits for it. */
  finds: Found[];
  follow_ups: number;
  zones: ZoneCount[];
}

export interface Crowd {
  enrolled: number;
  firsts: ZoneCount[];
  inboxes: CrowdInbox[];
  kept_back: KeptBack[];
  in_flight: InFlight;
  zones: Map<string, { waiting: number; due: number }>;
  /** When the first of those that are kept back is let go by itself; null where none is. */
  free_at: number | null;
}

/** Reads all the counts. */
export function readCrowd(scene: Scene, campaign: CampaignRow): Crowd {
  const { ledger, now } = scene;
  const listed = new Set(listInboxIds(ledger, campaign.id));
  const ids = [...new Set([...listed, ...listFollowUpInboxIds(ledger, campaign.id)])];
  const inboxes = ids.flatMap((id): CrowdInbox[] => {
    const inbox = findInbox(ledger, id);
    if (!inbox) return [];
    const zones = countFollowUps(ledger, { campaign_id: campaign.id, inbox_id: id }, now);
    const follow_ups = zones.reduce((sum, { waiting }) => sum + waiting, 0);
    const firsts = inboxFinds(scene, inbox, false);
    const finds = follow_ups === 0 ? firsts : inboxFinds(scene, inbox, true);
    return [{ inbox, is_listed: listed.has(id), firsts, finds, follow_ups, zones }];
  });
  const firsts = countFirstSteps(ledger, campaign.id, now);
  const kept_back = countKeptBack(ledger, campaign.id);
  const in_flight = countInFlight(ledger, campaign.id);
  return {
    enrolled: countEnrolled(ledger, campaign.id),
    firsts,
    inboxes,
    kept_back,
    in_flight,
    zones: sumZones([firsts, ...inboxes.map(({ zones }) => zones)]),
    free_at: freeAt(kept_back, in_flight, now),
  };
}

function sumZones(lists: readonly ZoneCount[][]): Crowd["zones"] {
  const sums: Crowd["zones"] = new Map();
  for (const { zone, waiting, due } of lists.flat()) {
    const before = sums.get(zone) ?? { waiting: 0, due: 0 };
    sums.set(zone, { waiting: before.waiting + waiting, due: before.due + due });
  }
  return sums;
}

/** Who lacks something is let go after a year, to be kept back again: that is no instant to wait for. */
function freeAt(kept_back: readonly KeptBack[], in_flight: InFlight, now: number): number | null {
  const instants = kept_back.flatMap(({ blocked_by, free_at }) =>
    free_at === null || waitsForPerson(blocked_by) ? [] : [free_at],
  );
  if (in_flight.under_way > 0) instants.push(now);
  if (in_flight.oldest_at !== null) instants.push(in_flight.oldest_at + UNCERTAIN_HOLDS_MS);
  return instants.length === 0 ? null : Math.max(now, Math.min(...instants));
}

function waitsForPerson(blocked_by: string | null): boolean {
  const [word = ""] = (blocked_by ?? "").split(/[: ]/);
  return isReasonCode(word) && REASONS[word].waits_for === "person";
}
