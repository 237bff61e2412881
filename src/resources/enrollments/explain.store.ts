// SQL that counts what waits in a campaign and for what, for `explain`: each count is read out of one index alone, so a
// million leads cost tenths of a second. It changes nothing.

import type { EnrollmentState } from "../../core/states.ts";
import type { Reading } from "../../ledger/database.ts";

/** What the partial indexes of the round hold, word for word. */
const WAITS = "state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL";

/** Those of one zone that wait, of one class and for one inbox. */
export interface ZoneCount {
  zone: string;
  waiting: number;
  due: number;
  /** The one that is due first. */
  first_due_at: number;
}

const COUNTS = "zone, count(*) AS waiting, sum(due_at <= ?1) AS due, min(due_at) AS first_due_at";

/** First steps that wait, by zone. */
export function countFirstSteps({ db }: Reading, campaign_id: number, now: number): ZoneCount[] {
  return db
    .query<ZoneCount, [number, number]>(
      `SELECT ${COUNTS} FROM enrollments WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ?2 GROUP BY zone`,
    )
    .all(now, campaign_id);
}

/** Follow-ups that wait for one inbox, by zone. */
export function countFollowUps(
  { db }: Reading,
  place: { campaign_id: number; inbox_id: number },
  now: number,
): ZoneCount[] {
  return db
    .query<ZoneCount, [number, number, number]>(
      `SELECT ${COUNTS} FROM enrollments WHERE ${WAITS} AND inbox_id = ?2 AND campaign_id = ?3 GROUP BY zone`,
    )
    .all(now, place.inbox_id, place.campaign_id);
}

/** The inboxes that follow-ups of this campaign wait for, also those that it does not send from any more. */
export function listFollowUpInboxIds({ db }: Reading, campaign_id: number): number[] {
  return db
    .query<{ id: number }, [number]>(
      `SELECT id
       FROM inboxes
       WHERE EXISTS (SELECT 1 FROM enrollments e
                     WHERE e.state = 'waiting' AND e.in_flight IS NULL AND e.blocked_until IS NULL
                       AND e.inbox_id = inboxes.id AND e.campaign_id = ?)
       ORDER BY id`,
    )
    .all(campaign_id)
    .map(({ id }) => id);
}

/** Those that are held, paused or blocked. */
export interface KeptBack {
  state: Extract<EnrollmentState, "held" | "paused" | "waiting">;
  /** What blocks them, with its details. */
  blocked_by: string | null;
  leads: number;
  /** When the first of them is let go, ms UTC; null where none ever is. */
  free_at: number | null;
}

export function countKeptBack({ db }: Reading, campaign_id: number): KeptBack[] {
  return db
    .query<KeptBack, [number]>(
      // Grouped by the index's own order: nothing is sorted.
      `SELECT state, blocked_by, count(*) AS leads,
              min(CASE WHEN state <> 'paused' THEN max(coalesce(held_until, 0), coalesce(blocked_until, 0)) END) AS free_at
       FROM enrollments
       WHERE campaign_id = ?
         AND (state IN ('held', 'paused') OR (state = 'waiting' AND blocked_until IS NOT NULL))
       GROUP BY state, blocked_by`,
    )
    .all(campaign_id);
}

/** All that were ever enrolled in a campaign. */
export function countEnrolled({ db }: Reading, campaign_id: number): number {
  return (
    db
      .query<{ n: number }, [number]>("SELECT count(*) AS n FROM enrollments WHERE campaign_id = ?")
      .get(campaign_id)?.n ?? 0
  );
}

export interface InFlight {
  /** Claimed or committed. */
  under_way: number;
  uncertain: number;
  /** When the oldest of the uncertain was committed, ms UTC. */
  oldest_at: number | null;
}

const HOLDS =
  "EXISTS (SELECT 1 FROM enrollments e WHERE e.in_flight = messages.id AND e.id = messages.enrollment_id AND e.state = 'waiting')";

/** Those whose mail is on its way, or may have gone out. */
export function countInFlight({ db }: Reading, campaign_id: number): InFlight {
  const none = { under_way: 0, uncertain: 0, oldest_at: null };
  return (
    db
      .query<InFlight, [number]>(
        `SELECT (SELECT count(*) FROM messages
                 WHERE state IN ('claimed', 'committed') AND campaign_id = ?1 AND ${HOLDS}) AS under_way,
                (SELECT count(*) FROM messages
                 WHERE state = 'uncertain' AND campaign_id = ?1 AND ${HOLDS}) AS uncertain,
                (SELECT min(committed_at) FROM messages
                 WHERE state = 'uncertain' AND campaign_id = ?1 AND ${HOLDS}) AS oldest_at`,
      )
      .get(campaign_id) ?? none
  );
}

/** How many first steps of a zone are due before this instant; at most `most` are counted. */
export function countFirstStepsBefore(
  { db }: Reading,
  place: { campaign_id: number; zone: string; due_at: number; most: number },
): number {
  return (
    db
      .query<{ n: number }, [number, string, number, number]>(
        `SELECT count(*) AS n FROM (
           SELECT 1 FROM enrollments
           WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ? AND zone = ? AND due_at < ?
           LIMIT ?)`,
      )
      .get(place.campaign_id, place.zone, place.due_at, place.most)?.n ?? 0
  );
}

/** The same for the follow-ups of one inbox. */
export function countFollowUpsBefore(
  { db }: Reading,
  place: { inbox_id: number; campaign_id: number; zone: string; due_at: number; most: number },
): number {
  return (
    db
      .query<{ n: number }, [number, number, string, number, number]>(
        `SELECT count(*) AS n FROM (
           SELECT 1 FROM enrollments
           WHERE ${WAITS} AND inbox_id = ? AND campaign_id = ? AND zone = ? AND due_at < ?
           LIMIT ?)`,
      )
      .get(place.inbox_id, place.campaign_id, place.zone, place.due_at, place.most)?.n ?? 0
  );
}
