// SQL that asks about the enrollments of one campaign. It changes nothing; their one writer is store.ts.

import type { Reading } from "../../ledger/database.ts";
import { ENROLLMENT_COLUMNS, type EnrollmentRow } from "./store.ts";

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

/** The enrollments of a campaign that have not ended, in slices. */
export function listUnfinishedOfCampaign(
  { db }: Reading,
  campaign_id: number,
  limit: number,
): EnrollmentRow[] {
  return db
    .query<EnrollmentRow, [number, number]>(
      `SELECT ${ENROLLMENT_COLUMNS}
       FROM enrollments
       WHERE campaign_id = ? AND state NOT IN ('stopped', 'completed')
       LIMIT ?`,
    )
    .all(campaign_id, limit);
}
