// SQL that asks which enrollments wait, for the round: each question is one look into a partial index of what waits,
// so that a round costs O(open zones), never O(leads). It changes nothing.

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

/** The fronts of the follow-ups that wait for this inbox: a skip scan, two looks a front, campaigns and zones in order. */
export function listFollowUpFronts({ db }: Reading, inbox_id: number): Front[] {
  return db
    .query<Front, [number]>(
      `WITH RECURSIVE fronts (id) AS (
         SELECT (SELECT id FROM enrollments WHERE ${WAITS} AND inbox_id = ?1
                 ORDER BY campaign_id, zone, due_at LIMIT 1)
         UNION ALL
         SELECT (SELECT e.id FROM enrollments e
                 WHERE e.state = 'waiting' AND e.in_flight IS NULL AND e.blocked_until IS NULL AND e.inbox_id = ?1
                   AND (e.campaign_id, e.zone) > (seen.campaign_id, seen.zone)
                 ORDER BY e.campaign_id, e.zone, e.due_at LIMIT 1)
         FROM fronts JOIN enrollments seen ON seen.id = fronts.id
       )
       SELECT e.campaign_id, e.zone, e.id, e.due_at FROM fronts JOIN enrollments e ON e.id = fronts.id`,
    )
    .all(inbox_id);
}

/** The zones in which first steps of this campaign wait, for any inbox. */
export function listFirstZones({ db }: Reading, campaign_id: number): string[] {
  return db
    .query<{ zone: string }, [number]>(
      `WITH RECURSIVE zones (zone) AS (
         SELECT (SELECT min(zone) FROM enrollments WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ?1)
         UNION ALL
         SELECT (SELECT min(e.zone) FROM enrollments e
                 WHERE e.state = 'waiting' AND e.in_flight IS NULL AND e.blocked_until IS NULL
                   AND e.inbox_id IS NULL AND e.campaign_id = ?1 AND e.zone > zones.zone)
         FROM zones WHERE zones.zone IS NOT NULL
       )
       SELECT zone FROM zones WHERE zone IS NOT NULL`,
    )
    .all(campaign_id)
    .map(({ zone }) => zone);
}

export interface Waiting {
  id: number;
  due_at: number;
}

/** The first steps that have waited longest, or are due next: so many of them. */
export function listFirstSteps(
  { db }: Reading,
  place: { campaign_id: number; zone: string; limit: number },
): Waiting[] {
  return db
    .query<Waiting, [number, string, number]>(
      `SELECT id, due_at
       FROM enrollments
       WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ? AND zone = ?
       ORDER BY due_at
       LIMIT ?`,
    )
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
