// SQL of meetings with leads: the only writer of their state. Each is known by its UID, once for a lead.
import type { Reading, Tx } from "../../ledger/database.ts";

export type MeetingState = "booked" | "cancelled" | "no_show";
export type MeetingSource = "calendar" | "booking";

export interface MeetingRow {
  id: number;
  lead_id: number;
  uid: string;
  source: MeetingSource;
  state: MeetingState;
  /** ms UTC; null where it is not known. */
  starts_at: number | null;
  /** When it was told as booked; null where its cancellation came first. */
  told_at: number | null;
}

const COLUMNS = "id, lead_id, uid, source, state, starts_at, told_at";

export function findMeeting({ db }: Reading, lead_id: number, uid: string): MeetingRow | null {
  return db
    .query<MeetingRow, [number, string]>(
      `SELECT ${COLUMNS} FROM meetings WHERE lead_id = ? AND uid = ?`,
    )
    .get(lead_id, uid);
}

/** A lead's meetings, oldest first. */
export function listMeetings({ db }: Reading, lead_id: number): MeetingRow[] {
  return db
    .query<MeetingRow, [number]>(`SELECT ${COLUMNS} FROM meetings WHERE lead_id = ? ORDER BY id`)
    .all(lead_id);
}

export function insertMeeting(tx: Tx, meeting: Omit<MeetingRow, "id">): number {
  const id = tx.id();
  tx.db
    .query(
      `INSERT INTO meetings (id, lead_id, uid, source, state, starts_at, told_at, created_at, updated_at)
       VALUES ($id, $lead_id, $uid, $source, $state, $starts_at, $told_at, $now, $now)`,
    )
    .run({ ...meeting, id, now: tx.now });
  return id;
}

export function setMeeting(
  tx: Tx,
  id: number,
  change: Pick<MeetingRow, "uid" | "state" | "starts_at" | "told_at">,
): void {
  tx.db
    .query(
      `UPDATE meetings
       SET uid = $uid, state = $state, starts_at = $starts_at, told_at = $told_at, updated_at = $now
       WHERE id = $id`,
    )
    .run({ ...change, id, now: tx.now });
}

/** Takes a person's meetings away: when somebody met whom is personal (Invariant 8). */
export function eraseMeetingsOfLead(tx: Tx, lead_id: number): void {
  tx.db.query("DELETE FROM meetings WHERE lead_id = ?").run(lead_id);
}
