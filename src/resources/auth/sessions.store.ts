// The only writer of sessions. What the cookie holds is kept as SHA-256 only, and a session that is over is a row that
// is gone: nothing has to be remembered to refuse it.
import type { Reading, Tx } from "../../ledger/database.ts";

export interface SessionRow {
  id: number;
  user_id: number;
  email: string;
  /** 1 when it was opened over https. */
  secure: number;
  created_at: number;
  last_seen_at: number;
  renewed_at: number;
}

/** The session with this hash, or null. Whether it is too old is the caller's question. */
export function findSession({ db }: Reading, hash: Uint8Array): SessionRow | null {
  return db
    .query<SessionRow, [Uint8Array]>(
      `SELECT s.id, s.user_id, u.email, s.secure, s.created_at, s.last_seen_at, s.renewed_at
       FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE s.hash = ?`,
    )
    .get(hash);
}

export function insertSession(
  tx: Tx,
  session: { hash: Uint8Array; user_id: number; secure: boolean },
): number {
  const id = tx.id();
  tx.db
    .query(
      `INSERT INTO sessions (id, hash, user_id, secure, created_at, last_seen_at, renewed_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)`,
    )
    .run(id, session.hash, session.user_id, Number(session.secure), tx.now);
  return id;
}

export function setSeen({ db, now }: Tx, id: number): void {
  db.query("UPDATE sessions SET last_seen_at = ? WHERE id = ?").run(now, id);
}

/** `at`: when the new token says that it was made. */
export function setRenewed({ db }: Tx, id: number, at: number): void {
  db.query("UPDATE sessions SET last_seen_at = ?1, renewed_at = ?1 WHERE id = ?2").run(at, id);
}

export function deleteSession({ db }: Tx, id: number): void {
  db.query("DELETE FROM sessions WHERE id = ?").run(id);
}

export function deleteSessionsOf({ db }: Tx, user_id: number): void {
  db.query("DELETE FROM sessions WHERE user_id = ?").run(user_id);
}

/** Clears away what was last seen or opened before these instants, and of each user all but the newest `keep`. */
export function deleteStaleSessions(
  { db }: Tx,
  stale: { seen_before: number; opened_before: number; keep: number },
): void {
  db.query("DELETE FROM sessions WHERE last_seen_at <= ? OR created_at <= ?").run(
    stale.seen_before,
    stale.opened_before,
  );
  db.query(
    `DELETE FROM sessions
     WHERE id IN (
       SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY id DESC) AS place FROM sessions)
       WHERE place > ?
     )`,
  ).run(stale.keep);
}
