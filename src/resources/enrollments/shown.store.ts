// SQL of the enrollments that a list of leads shows: one query for a whole page, with what the wire needs and no more.

import type { Reading } from "../../ledger/database.ts";
import type { EnrollmentRow } from "./store.ts";

export type ShownEnrollment = Pick<
  EnrollmentRow,
  | "id"
  | "campaign_id"
  | "lead_id"
  | "state"
  | "ended_by"
  | "zone"
  | "zone_basis"
  | "step_id"
  | "due_at"
  | "held_until"
  | "blocked_until"
  | "blocked_by"
>;

const COLUMNS = `e.id, e.campaign_id, e.lead_id, e.state, e.ended_by, e.zone, e.zone_basis, e.step_id, e.due_at, e.held_until, e.blocked_until,
  e.blocked_by`;

/** The enrollments of these leads: each lead's stand together, oldest first. */
export function listEnrollmentsOfLeads(
  { db }: Reading,
  lead_ids: readonly number[],
): ShownEnrollment[] {
  return db
    .query<ShownEnrollment, [string]>(
      // The sort is on the index's own order: an index entry ends in the id of its row.
      `SELECT ${COLUMNS}
       FROM json_each(?) page
       CROSS JOIN enrollments e ON e.lead_id = page.value
       ORDER BY page.key, e.id`,
    )
    .all(JSON.stringify(lead_ids));
}

/** The same of all leads from the id `from` up to `to`: one run through the index, where nobody between them is left out. */
export function listEnrollmentsBetween(
  { db }: Reading,
  from: number,
  to: number,
): ShownEnrollment[] {
  return db
    .query<ShownEnrollment, [number, number]>(
      `SELECT ${COLUMNS}
       FROM enrollments e
       WHERE e.lead_id BETWEEN ? AND ?
       ORDER BY e.lead_id, e.id`,
    )
    .all(from, to);
}
