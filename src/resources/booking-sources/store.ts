// SQL of booking sources: the calendars that may tell of meetings. A token is kept as its hash, a secret sealed.

import type { Reading, Tx } from "../../ledger/database.ts";

export interface BookingSourceRow {
  id: number;
  name: string;
  /** Sealed: bound to this row and the column `secret`. */
  secret: Uint8Array;
  /** When it last told of anything, ms UTC. */
  used_at: number | null;
  created_at: number;
}

const COLUMNS = "id, name, secret, used_at, created_at";

export function insertBookingSource(
  tx: Tx,
  source: { id: number; name: string; token_hash: Uint8Array; secret: Uint8Array },
): void {
  tx.db
    .query(
      `INSERT INTO booking_sources (id, name, token_hash, secret, created_at)
       VALUES (?, ?, ?, ?, ?)`,
    )
    .run(source.id, source.name, source.token_hash, source.secret, tx.now);
}

export function findBookingSource({ db }: Reading, id: number): BookingSourceRow | null {
  return db
    .query<BookingSourceRow, [number]>(`SELECT ${COLUMNS} FROM booking_sources WHERE id = ?`)
    .get(id);
}

export function findBookingSourceByToken(
  { db }: Reading,
  token_hash: Uint8Array,
): BookingSourceRow | null {
  return db
    .query<BookingSourceRow, [Uint8Array]>(
      `SELECT ${COLUMNS} FROM booking_sources WHERE token_hash = ?`,
    )
    .get(token_hash);
}

/** Newest first. */
export function listBookingSources(
  { db }: Reading,
  { before, limit, offset }: { before: number; limit: number; offset: number },
): BookingSourceRow[] {
  return db
    .query<BookingSourceRow, [number, number, number]>(
      `SELECT ${COLUMNS} FROM booking_sources WHERE id < ? ORDER BY id DESC LIMIT ? OFFSET ?`,
    )
    .all(before, limit, offset);
}

export function countBookingSources({ db }: Reading): number {
  return db.query<{ n: number }, []>("SELECT count(*) AS n FROM booking_sources").get()?.n ?? 0;
}

export function noteUse(tx: Tx, id: number): void {
  tx.db.query("UPDATE booking_sources SET used_at = ? WHERE id = ?").run(tx.now, id);
}

/** Its token opens nothing from now on; the meetings that it told of stay. */
export function deleteBookingSource(tx: Tx, id: number): boolean {
  return tx.db.query("DELETE FROM booking_sources WHERE id = ?").run(id).changes > 0;
}
