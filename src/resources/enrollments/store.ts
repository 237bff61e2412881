// SQL of enrollments: the only writer of their state. What the round asks of those that wait stands in
// waiting.store.ts.
// oxlint-disable max-lines -- each table has one writer, and this one has many moves; what only reads stands elsewhere

import type { ZoneBasis } from "../../core/lead-zone.ts";
import type { EnrollmentEnd, EnrollmentState } from "../../core/states.ts";
import type { Reading, Tx } from "../../ledger/database.ts";

export interface EnrollmentRow {
  id: number;
  campaign_id: number;
  lead_id: number;
  state: EnrollmentState;
  ended_by: EnrollmentEnd | null;
  paused_by: string | null;
  inbox_id: number | null;
  step_id: number | null;
  due_at: number | null;
  zone: string;
  zone_basis: ZoneBasis;
  in_flight: number | null;
  held_until: number | null;
  blocked_until: number | null;
  blocked_by: string | null;
  last_sent_at: number | null;
  last_step_id: number | null;
  sent_count: number;
  /** When its state, or what blocks it, last changed; null where that was before it was kept. */
  state_since: number | null;
  created_at: number;
  updated_at: number;
}

/** What an EnrollmentRow is read from. */
export const ENROLLMENT_COLUMNS = `id, campaign_id, lead_id, state, ended_by, paused_by, inbox_id, step_id, due_at, zone, zone_basis, in_flight,
  held_until, blocked_until, blocked_by, last_sent_at, last_step_id, sent_count, state_since, created_at, updated_at`;

export interface NewEnrollment {
  campaign_id: number;
  lead_id: number;
  step_id: number;
  due_at: number;
  zone: string;
  zone_basis: ZoneBasis;
}

/** Adds a lead to a campaign. Null when it is there already, for life. */
export function insertEnrollment(tx: Tx, row: NewEnrollment): number | null {
  const id = tx.id();
  const { changes } = tx.db
    .query(
      `INSERT INTO enrollments (id, campaign_id, lead_id, state, step_id, due_at, zone, zone_basis, state_since, created_at,
         updated_at)
       VALUES (?1, ?2, ?3, 'waiting', ?4, ?5, ?6, ?7, ?8, ?8, ?8)
       ON CONFLICT (campaign_id, lead_id) DO NOTHING`,
    )
    .run(
      id,
      row.campaign_id,
      row.lead_id,
      row.step_id,
      row.due_at,
      row.zone,
      row.zone_basis,
      tx.now,
    );
  return changes > 0 ? id : null;
}

/** So many rows a statement: more gain nothing, and each number of rows is a statement that is compiled and kept. */
const ROWS_AT_ONCE = 50;

/** Adds leads to one campaign, many at a time. How many: those that are there already stay as they are. */
export function insertEnrollments(
  tx: Tx,
  campaign_id: number,
  rows: readonly Omit<NewEnrollment, "campaign_id">[],
): number {
  let added = 0;
  const full = insertOf(ROWS_AT_ONCE);
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const some = rows.slice(from, from + ROWS_AT_ONCE);
    const values: (string | number)[] = [campaign_id, tx.now];
    for (const { lead_id, step_id, due_at, zone, zone_basis } of some) {
      values.push(tx.id(), lead_id, step_id, due_at, zone, zone_basis);
    }
    added += tx.db
      .query(some.length === ROWS_AT_ONCE ? full : insertOf(some.length))
      .run(...values).changes;
  }
  return added;
}

/** ?1 is the campaign, ?2 the instant, and six more stand for each row. */
function insertOf(count: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const [id, lead_id, step_id, due_at, zone, basis] = [3, 4, 5, 6, 7, 8].map((n) => n + i * 6);
    return `(?${id}, ?1, ?${lead_id}, 'waiting', ?${step_id}, ?${due_at}, ?${zone}, ?${basis}, ?2, ?2)`;
  });
  return `INSERT INTO enrollments (id, campaign_id, lead_id, state, step_id, due_at, zone, zone_basis, created_at, updated_at)
    VALUES ${rows.join(", ")}
    ON CONFLICT (campaign_id, lead_id) DO NOTHING`;
}

const BY_ID = `SELECT ${ENROLLMENT_COLUMNS} FROM enrollments WHERE id = ?`;

export function findEnrollment({ db }: Reading, id: number): EnrollmentRow | null {
  return db.query<EnrollmentRow, [number]>(BY_ID).get(id);
}

export function findEnrollmentOf(
  { db }: Reading,
  campaign_id: number,
  lead_id: number,
): EnrollmentRow | null {
  return db
    .query<EnrollmentRow, [number, number]>(
      `SELECT ${ENROLLMENT_COLUMNS} FROM enrollments WHERE campaign_id = ? AND lead_id = ?`,
    )
    .get(campaign_id, lead_id);
}

/** The lead that was made first of those who are in the campaign, or null. */
export function findFirstLeadId({ db }: Reading, campaign_id: number): number | null {
  return (
    db
      .query<{ lead_id: number }, [number]>(
        "SELECT lead_id FROM enrollments WHERE campaign_id = ? ORDER BY lead_id LIMIT 1",
      )
      .get(campaign_id)?.lead_id ?? null
  );
}

export function listEnrollmentsOfLead({ db }: Reading, lead_id: number): EnrollmentRow[] {
  return db
    .query<EnrollmentRow, [number]>(
      `SELECT ${ENROLLMENT_COLUMNS} FROM enrollments WHERE lead_id = ? ORDER BY id`,
    )
    .all(lead_id);
}

/** Puts back into the due indexes what was blocked or held until now. How many there were. */
export function releaseDue(tx: Tx): number {
  // What was held may have been blocked meanwhile: it is unblocked after it is let go.
  const unheld = tx.db
    .query(
      `UPDATE enrollments
       SET state = 'waiting', held_until = NULL, due_at = max(coalesce(due_at, ?1), held_until), state_since = ?1,
         updated_at = ?1
       WHERE id IN (SELECT id FROM enrollments WHERE state = 'held' AND held_until <= ?1 ORDER BY held_until LIMIT 500)`,
    )
    .run(tx.now).changes;
  const unblocked = tx.db
    .query(
      `UPDATE enrollments
       SET blocked_until = NULL, blocked_by = NULL, state_since = ?1, updated_at = ?1
       WHERE id IN (SELECT id FROM enrollments WHERE state = 'waiting' AND blocked_until IS NOT NULL AND blocked_until <= ?1
                    ORDER BY blocked_until LIMIT 500)`,
    )
    .run(tx.now).changes;
  return unblocked + unheld;
}

/** Its mail is under way: out of the due indexes until it is settled. */
export function takeOff(
  tx: Tx,
  id: number,
  flight: { message_id: number; inbox_id: number; step_id: number },
): void {
  tx.db
    .query(
      "UPDATE enrollments SET in_flight = ?, inbox_id = ?, step_id = ?, updated_at = ? WHERE id = ?",
    )
    .run(flight.message_id, flight.inbox_id, flight.step_id, tx.now, id);
}

/** Waits for another step, or for a later instant; also where it had had the last step, and one was added since. */
export function putOff(tx: Tx, id: number, next: { step_id: number; due_at: number }): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET state = 'waiting', ended_by = NULL, step_id = ?1, due_at = ?2, updated_at = ?3,
         state_since = CASE WHEN state = 'waiting' THEN state_since ELSE ?3 END
       WHERE id = ?4 AND state IN ('waiting', 'completed')`,
    )
    .run(next.step_id, next.due_at, tx.now, id);
}

/** Nothing went out: back to where it waited. A first step gives its inbox back too. */
export function land(tx: Tx, id: number, message_id: number): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET in_flight = NULL, updated_at = ?,
         inbox_id = CASE
           WHEN sent_count > 0 THEN inbox_id
           -- What is sent again goes from the inbox that its Message-ID names.
           ELSE (SELECT m.inbox_id FROM messages m WHERE m.id = enrollments.in_flight AND m.resent_at IS NOT NULL)
         END
       WHERE id = ? AND in_flight = ?`,
    )
    .run(tx.now, id, message_id);
}

/** The step went out (or is given up): on to the next one. An inbox is kept only once it has sent. */
export function advanceTo(
  tx: Tx,
  id: number,
  next: {
    message_id: number;
    sent_at: number;
    sent_step_id: number;
    step_id: number;
    due_at: number;
    counted: boolean;
  },
): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET in_flight = NULL, last_sent_at = CASE WHEN ?7 THEN ?1 ELSE last_sent_at END,
         last_step_id = CASE WHEN ?7 THEN ?2 ELSE last_step_id END,
         sent_count = sent_count + ?7, step_id = ?3, due_at = ?4, updated_at = ?5,
         inbox_id = CASE WHEN sent_count + ?7 = 0 THEN NULL ELSE inbox_id END
       WHERE id = ?6 AND in_flight = ?8`,
    )
    .run(
      next.sent_at,
      next.sent_step_id,
      next.step_id,
      next.due_at,
      tx.now,
      id,
      Number(next.counted),
      next.message_id,
    );
}

/** The last step went out: completed, unless it was stopped meanwhile. */
export function complete(
  tx: Tx,
  id: number,
  last: {
    message_id: number | null;
    sent_at: number;
    sent_step_id: number;
    counted: boolean;
    ended_by: EnrollmentEnd;
  },
): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET in_flight = NULL, last_sent_at = CASE WHEN ?6 THEN ?1 ELSE last_sent_at END,
         last_step_id = CASE WHEN ?6 THEN ?2 ELSE last_step_id END, sent_count = sent_count + ?6, updated_at = ?3,
         state = CASE WHEN state = 'stopped' THEN state ELSE 'completed' END,
         ended_by = CASE WHEN state = 'stopped' THEN ended_by ELSE ?7 END,
         held_until = NULL, paused_by = NULL, blocked_until = NULL, blocked_by = NULL,
         state_since = CASE WHEN state = 'stopped' THEN state_since ELSE ?3 END
       WHERE id = ?4 AND in_flight IS ?5`,
    )
    .run(
      last.sent_at,
      last.sent_step_id,
      tx.now,
      id,
      last.message_id,
      Number(last.counted),
      last.ended_by,
    );
}

/** Back to a step whose mail a person has sent again; an enrollment that was through goes on. */
export function rewind(
  tx: Tx,
  id: number,
  back: {
    inbox_id: number;
    step_id: number;
    due_at: number;
    /** The mail was counted among those that were sent. */
    counted: boolean;
    last_sent_at: number | null;
    last_step_id: number | null;
  },
): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET in_flight = NULL, inbox_id = ?, step_id = ?, due_at = ?, sent_count = max(0, sent_count - ?),
         last_sent_at = ?, last_step_id = ?, blocked_until = NULL, blocked_by = NULL, updated_at = ?,
         ended_by = CASE WHEN state = 'completed' THEN NULL ELSE ended_by END,
         state = CASE WHEN state = 'completed' THEN 'waiting' ELSE state END
       WHERE id = ?`,
    )
    .run(
      back.inbox_id,
      back.step_id,
      back.due_at,
      Number(back.counted),
      back.last_sent_at,
      back.last_step_id,
      tx.now,
      id,
    );
}

/** Ends it for good. Its mail under way is the caller's to cancel. False when it had ended before. */
export function stop(tx: Tx, id: number, ended_by: EnrollmentEnd): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE enrollments
       SET state = 'stopped', ended_by = ?1, held_until = NULL, paused_by = NULL, blocked_until = NULL, blocked_by = NULL,
         in_flight = (SELECT m.id FROM messages m WHERE m.id = enrollments.in_flight AND m.state IN ('committed', 'uncertain')),
         state_since = ?2, updated_at = ?2
       WHERE id = ?3 AND state NOT IN ('stopped', 'completed')`,
    )
    .run(ended_by, tx.now, id);
  return changes > 0;
}

/** Waits for the person who is away. An enrollment that has ended or is paused stays as it is. */
export function hold(tx: Tx, id: number, until: number): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE enrollments
       SET state = 'held', held_until = max(?1, coalesce(held_until, 0)), updated_at = ?2,
         state_since = CASE WHEN state = 'held' THEN state_since ELSE ?2 END
       WHERE id = ?3 AND state IN ('waiting', 'held')`,
    )
    .run(until, tx.now, id);
  return changes > 0;
}

export function pause(tx: Tx, id: number, paused_by: string): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE enrollments
       SET state = 'paused', paused_by = ?1, state_since = ?2, updated_at = ?2,
         -- Who is away is away after a resume too.
         due_at = CASE WHEN held_until IS NULL THEN due_at ELSE max(coalesce(due_at, held_until), held_until) END,
         held_until = NULL
       WHERE id = ?3 AND state IN ('waiting', 'held')`,
    )
    .run(paused_by, tx.now, id);
  return changes > 0;
}

/** Goes on where it stood, from a pause or a stop. A mail that is still under way is settled first. False when it is neither. */
export function resume(tx: Tx, id: number): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE enrollments
       SET state = 'waiting', ended_by = NULL, paused_by = NULL, blocked_until = NULL, blocked_by = NULL,
         due_at = coalesce(due_at, ?1), state_since = ?1, updated_at = ?1
       WHERE id = ?2 AND state IN ('paused', 'stopped')`,
    )
    .run(tx.now, id);
  return changes > 0;
}

/** Moves the clock of those who wait at this step in this zone. */
export function restartAtStep(
  tx: Tx,
  place: { campaign_id: number; step_id: number; zone: string; due_at: number },
): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET due_at = ?, updated_at = ?
       WHERE campaign_id = ? AND step_id = ? AND zone = ? AND in_flight IS NULL AND state NOT IN ('stopped', 'completed')`,
    )
    .run(place.due_at, tx.now, place.campaign_id, place.step_id, place.zone);
}

/** A gate of this lead alone keeps it out of the due indexes until then. */
export function block(tx: Tx, id: number, gate: { until: number; by: string }): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET blocked_until = ?1, blocked_by = ?2, state_since = ?3, updated_at = ?3
       WHERE id = ?4 AND state = 'waiting'`,
    )
    .run(gate.until, gate.by, tx.now, id);
}

/** What blocked the lead may have passed (its fields or a step were edited): look again. */
export function unblockLead(tx: Tx, lead_id: number): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET blocked_until = NULL, blocked_by = NULL, state_since = ?1, updated_at = ?1
       WHERE lead_id = ?2 AND blocked_by LIKE 'missing_%'`,
    )
    .run(tx.now, lead_id);
  tx.nudge("send");
}

export function unblockCampaign(tx: Tx, campaign_id: number): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET blocked_until = NULL, blocked_by = NULL, state_since = ?1, updated_at = ?1
       WHERE campaign_id = ?2 AND blocked_by LIKE 'missing_%'`,
    )
    .run(tx.now, campaign_id);
  tx.nudge("send");
}

/** Its last mail counts as of now, and what waits behind it is due as much earlier. */
export function pullBackDue(tx: Tx, id: number): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET due_at = due_at - (last_sent_at - ?1), last_sent_at = ?1, updated_at = ?1
       WHERE id = ?2 AND last_sent_at > ?1`,
    )
    .run(tx.now, id);
}

/** The same for who was enrolled ahead of now and not mailed yet. `above`: no id below it was given at such an instant. */
export function pullBackEnrolled(tx: Tx, above: number): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET due_at = due_at - (created_at - ?1), created_at = ?1, updated_at = ?1
       WHERE id > ?2 AND created_at > ?1 AND sent_count = 0`,
    )
    .run(tx.now, above);
}

/** Whoever is kept back beyond `until` by a limit is looked at again; what a lead lacks, and our own faults, stay. */
export function releaseBlocked(tx: Tx, until: number): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET blocked_until = NULL, blocked_by = NULL, state_since = ?1, updated_at = ?1
       WHERE state = 'waiting' AND blocked_until IS NOT NULL AND blocked_until > ?2
         AND blocked_by NOT LIKE 'missing_%' AND blocked_by <> 'internal_error'`,
    )
    .run(tx.now, until);
}

/** The lead's zone changed: what waits is read in the new one. */
export function setZone(tx: Tx, lead_id: number, zone: string, zone_basis: ZoneBasis): void {
  tx.db
    .query("UPDATE enrollments SET zone = ?, zone_basis = ?, updated_at = ? WHERE lead_id = ?")
    .run(zone, zone_basis, tx.now, lead_id);
}

/** Up to 5,000 enrollments above this id take the workspace's zone, where theirs is it; the last id seen, or null at the end. */
export function setWorkspaceZone(tx: Tx, zone: string, above: number): number | null {
  const last =
    tx.db
      .query<{ id: number | null }, [number]>(
        "SELECT max(id) AS id FROM (SELECT id FROM enrollments WHERE id > ? ORDER BY id LIMIT 5000)",
      )
      .get(above)?.id ?? null;
  if (last === null) return null;
  tx.db
    .query(
      `UPDATE enrollments
       SET zone = ?1, updated_at = ?2
       WHERE id > ?3 AND id <= ?4 AND zone_basis = 'workspace' AND zone <> ?1 AND state <> 'completed'`,
    )
    .run(zone, tx.now, above, last);
  return last;
}

/** A step was taken out of its campaign: whoever waits at it, or may be resumed at it, goes on to another one, due when it was. */
export function moveToStep(
  tx: Tx,
  move: { campaign_id: number; from_step_id: number; to_step_id: number },
): void {
  tx.db
    .query(
      `UPDATE enrollments
       SET step_id = ?, updated_at = ?
       WHERE campaign_id = ? AND step_id = ? AND state <> 'completed'`,
    )
    .run(move.to_step_id, tx.now, move.campaign_id, move.from_step_id);
}

/**
 * Whoever waits for one inbox, or may be resumed at it, goes on with another (null: with any of its campaign): one slice
 * of the table, from the id behind `after`. The last id that was looked at, or null when there is no more.
 */
export function moveToInbox(
  tx: Tx,
  move: { from_inbox_id: number; to_inbox_id: number | null; after: number; limit: number },
): number | null {
  const last = tx.db
    .query<{ id: number | null }, [number, number]>(
      "SELECT max(id) AS id FROM (SELECT id FROM enrollments WHERE id > ? ORDER BY id LIMIT ?)",
    )
    .get(move.after, move.limit)?.id;
  if (last === null || last === undefined) return null;
  tx.db
    .query(
      `UPDATE enrollments
       SET inbox_id = ?, updated_at = ?
       WHERE id > ? AND id <= ? AND inbox_id = ? AND state <> 'completed'`,
    )
    .run(move.to_inbox_id, tx.now, move.after, last, move.from_inbox_id);
  return last;
}
