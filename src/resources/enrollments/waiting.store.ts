// SQL that asks which enrollments wait, for the round: each question is one look into a partial index of what waits,
// so that a round costs O(open zones), never O(leads). It changes nothing.

import { bindOnce } from "../../ledger/bind-once.ts";
import type { Reading } from "../../ledger/database.ts";

/** What the partial indexes hold: what waits and is not under way. */
const WAITS = "state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL";

/** The enrollment that has waited longest, or is due next, of one campaign and zone. */
export interface Front {
  campaign_id: number;
  zone: string;
  id: number;
  due_at: number;
}

const FOLLOW_UPS = `SELECT campaign_id, zone, id, due_at FROM enrollments WHERE ${WAITS} AND inbox_id = ?1`;
const FIRST_FRONT = bindOnce(`${FOLLOW_UPS} ORDER BY campaign_id, zone, due_at LIMIT 1`);
const NEXT_ZONE = bindOnce(
  `${FOLLOW_UPS} AND campaign_id = ?2 AND zone > ?3 ORDER BY zone, due_at LIMIT 1`,
);
const NEXT_CAMPAIGN = bindOnce(
  `${FOLLOW_UPS} AND campaign_id > ?2 ORDER BY campaign_id, zone, due_at LIMIT 1`,
);

/**
 * The fronts of the follow-ups that wait for this inbox, campaigns and zones in order: a skip scan, two looks a front. As
 * single looks, for a recursive query costs thirty times as much as the one look of an inbox for which nothing waits.
 */
export function listFollowUpFronts({ db }: Reading, inbox_id: number): Front[] {
  const fronts: Front[] = [];
  let front = db.query<Front, [number]>(FIRST_FRONT).get(inbox_id);
  while (front) {
    fronts.push(front);
    const { campaign_id, zone } = front;
    front =
      db.query<Front, [number, number, string]>(NEXT_ZONE).get(inbox_id, campaign_id, zone) ??
      db.query<Front, [number, number]>(NEXT_CAMPAIGN).get(inbox_id, campaign_id);
  }
  return fronts;
}

/** The zones in which follow-ups of this inbox and campaign wait. */
export function listFollowUpZones(
  reading: Reading,
  inbox_id: number,
  campaign_id: number,
): string[] {
  return listFollowUpFronts(reading, inbox_id)
    .filter((front) => front.campaign_id === campaign_id)
    .map(({ zone }) => zone);
}

const NEXT_FIRST_ZONE = bindOnce(
  `SELECT min(zone) AS zone FROM enrollments WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ? AND zone > ?`,
);

/** The zones in which first steps of this campaign wait, for any inbox: one look a zone. */
export function listFirstZones({ db }: Reading, campaign_id: number): string[] {
  const next = db.query<{ zone: string | null }, [number, string]>(NEXT_FIRST_ZONE);
  const zones: string[] = [];
  for (let zone = next.get(campaign_id, "")?.zone; zone; zone = next.get(campaign_id, zone)?.zone)
    zones.push(zone);
  return zones;
}

export interface Waiting {
  id: number;
  due_at: number;
}

const FIRST_STEPS = bindOnce(
  `SELECT id, due_at
   FROM enrollments
   WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ? AND zone = ?
   ORDER BY due_at
   LIMIT ?`,
);

/** The first steps that have waited longest, or are due next: so many of them. */
export function listFirstSteps(
  { db }: Reading,
  place: { campaign_id: number; zone: string; limit: number },
): Waiting[] {
  return db
    .query<Waiting, [number, string, number]>(FIRST_STEPS)
    .all(place.campaign_id, place.zone, place.limit);
}

/** Is there anything for releaseDue to do? Asked before a transaction is opened for it. */
export function hasReleasable({ db }: Reading, now: number): boolean {
  const next = nextRelease({ db });
  return next !== null && next <= now;
}

/** The next instant at which something blocked or held becomes free. */
export function nextRelease({ db }: Reading): number | null {
  const row = db
    .query<{ blocked: number | null; held: number | null }, []>(
      `SELECT (SELECT min(blocked_until) FROM enrollments WHERE state = 'waiting' AND blocked_until IS NOT NULL) AS blocked,
              (SELECT min(held_until) FROM enrollments WHERE state = 'held') AS held`,
    )
    .get();
  const instants = [row?.blocked ?? null, row?.held ?? null].filter((at) => at !== null);
  return instants.length > 0 ? Math.min(...instants) : null;
}

/** The enrollments of a campaign that have not ended, of the other people at one company. */
export function listColleagues(
  { db }: Reading,
  place: { campaign_id: number; company_domain: string; lead_id: number },
): number[] {
  return db
    .query<{ id: number }, [number, string, number]>(
      `SELECT e.id
       FROM leads l
       CROSS JOIN enrollments e ON e.campaign_id = ? AND e.lead_id = l.id
       WHERE l.company_domain = ? AND l.id <> ? AND e.state NOT IN ('stopped', 'completed')
       ORDER BY e.id`,
    )
    .all(place.campaign_id, place.company_domain, place.lead_id)
    .map(({ id }) => id);
}

/** Leads that were mailed at an instant that lies ahead: the clock was. Found by their mails' slots. */
export function listMailedAhead({ db }: Reading, now: number): number[] {
  return db
    .query<{ id: number }, [number]>(
      `SELECT DISTINCT e.id
       FROM messages m
       JOIN enrollments e ON e.id = m.enrollment_id
       WHERE m.inbox_id IN (SELECT id FROM inboxes) AND m.slot_at > ?1 AND e.last_sent_at > ?1`,
    )
    .all(now)
    .map(({ id }) => id);
}
