// SQL that asks which enrollments wait, for the round: each question is one look into a partial index of what waits,
// so that a round costs O(open zones), never O(leads). It changes nothing.

import type { Reading } from "../../ledger/database.ts";

/** What the partial indexes hold: what waits and is not under way. */
const WAITS = "state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL";

/** The zones in which follow-ups of this inbox and campaign wait: a skip scan, one step a zone. */
export function listFollowUpZones(
  { db }: Reading,
  inbox_id: number,
  campaign_id: number,
): string[] {
  return db
    .query<{ zone: string }, [number, number]>(
      `WITH RECURSIVE zones (zone) AS (
         SELECT (SELECT min(zone) FROM enrollments WHERE ${WAITS} AND inbox_id = ?1 AND campaign_id = ?2)
         UNION ALL
         SELECT (SELECT min(e.zone) FROM enrollments e
                 WHERE e.state = 'waiting' AND e.in_flight IS NULL AND e.blocked_until IS NULL
                   AND e.inbox_id = ?1 AND e.campaign_id = ?2 AND e.zone > zones.zone)
         FROM zones WHERE zones.zone IS NOT NULL
       )
       SELECT zone FROM zones WHERE zone IS NOT NULL`,
    )
    .all(inbox_id, campaign_id)
    .map(({ zone }) => zone);
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

/** The follow-up that has waited longest, or the one that is due next. */
export function firstFollowUp(
  { db }: Reading,
  place: { inbox_id: number; campaign_id: number; zone: string },
): Waiting | null {
  return db
    .query<Waiting, [number, number, string]>(
      `SELECT id, due_at
       FROM enrollments
       WHERE ${WAITS} AND inbox_id = ? AND campaign_id = ? AND zone = ?
       ORDER BY due_at
       LIMIT 1`,
    )
    .get(place.inbox_id, place.campaign_id, place.zone);
}

/** The first step that has waited longest, or the one that is due next. */
export function firstFirstStep(
  { db }: Reading,
  place: { campaign_id: number; zone: string },
): Waiting | null {
  return db
    .query<Waiting, [number, string]>(
      `SELECT id, due_at
       FROM enrollments
       WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ? AND zone = ?
       ORDER BY due_at
       LIMIT 1`,
    )
    .get(place.campaign_id, place.zone);
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

/** The enrollments of a campaign that have not ended, in slices. */
export function listUnfinishedOfCampaign(
  { db }: Reading,
  campaign_id: number,
  limit: number,
): { id: number }[] {
  return db
    .query<{ id: number }, [number, number]>(
      `SELECT id
       FROM enrollments
       WHERE campaign_id = ? AND state NOT IN ('stopped', 'completed')
       LIMIT ?`,
    )
    .all(campaign_id, limit);
}

/** The zones of those who wait at this step of the campaign, paused and held ones too. */
export function listZonesAtStep({ db }: Reading, campaign_id: number, step_id: number): string[] {
  return db
    .query<{ zone: string }, [number, number]>(
      `SELECT DISTINCT zone
       FROM enrollments
       WHERE campaign_id = ? AND step_id = ? AND in_flight IS NULL AND state NOT IN ('stopped', 'completed')`,
    )
    .all(campaign_id, step_id)
    .map(({ zone }) => zone);
}
