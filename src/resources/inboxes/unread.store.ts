// SQL of inbound mails that could not be read: how often each was tried, and which are in quarantine.
import type { Reading, Tx } from "../../ledger/database.ts";

/** One mail in one folder (RFC 9051 2.3.1.1). */
export interface MailPlace {
  inbox_id: number;
  path: string;
  uidvalidity: number;
  uid: number;
}

export interface Trouble {
  reason: string;
  /** Of the mail's bytes, where they came. */
  sha256: Uint8Array | null;
}

/** Notes one more failed attempt; how many there were by now. */
export function addAttempt(tx: Tx, place: MailPlace, { reason, sha256 }: Trouble): number {
  const row = tx.db
    .query<
      { attempts: number },
      {
        inbox_id: number;
        path: string;
        uidvalidity: number;
        uid: number;
        reason: string;
        sha256: Uint8Array | null;
      }
    >(
      `INSERT INTO unread_mails (inbox_id, path, uidvalidity, uid, attempts, reason, sha256)
       VALUES ($inbox_id, $path, $uidvalidity, $uid, 1, $reason, $sha256)
       ON CONFLICT DO UPDATE SET attempts = attempts + 1, reason = excluded.reason,
         sha256 = coalesce(excluded.sha256, sha256)
       RETURNING attempts`,
    )
    .get({ ...place, reason, sha256 });
  return row?.attempts ?? 1;
}

/** A mail that was fetched together with one that failed: from now on it is fetched alone. */
export function suspectMail(tx: Tx, place: MailPlace, reason: string): void {
  tx.db
    .query(
      `INSERT INTO unread_mails (inbox_id, path, uidvalidity, uid, attempts, reason)
       VALUES ($inbox_id, $path, $uidvalidity, $uid, 0, $reason)
       ON CONFLICT DO NOTHING`,
    )
    .run({ ...place, reason });
}

/** Reading goes on without it. */
export function quarantineMail(tx: Tx, place: MailPlace): void {
  tx.db
    .query(
      `UPDATE unread_mails
       SET quarantined_at = $now
       WHERE inbox_id = $inbox_id AND path = $path AND uidvalidity = $uidvalidity AND uid = $uid AND quarantined_at IS NULL`,
    )
    .run({ ...place, now: tx.now });
}

/** Up to this UID mails are fetched one by one, or null. */
export function lastSuspect({ db }: Reading, place: Omit<MailPlace, "uid">): number | null {
  return (
    db
      .query<{ uid: number | null }, [number, string, number]>(
        `SELECT max(uid) AS uid
         FROM unread_mails
         WHERE inbox_id = ? AND path = ? AND uidvalidity = ? AND quarantined_at IS NULL`,
      )
      .get(place.inbox_id, place.path, place.uidvalidity)?.uid ?? null
  );
}

/** What lies below `next_uid` was read, or is in quarantine; and no UID of another UIDVALIDITY means anything any more. */
export function clearSuspects(
  tx: Tx,
  { inbox_id, path, uidvalidity }: Omit<MailPlace, "uid">,
  next_uid: number,
): void {
  tx.db
    .query(
      `DELETE FROM unread_mails
       WHERE inbox_id = ? AND path = ? AND quarantined_at IS NULL AND (uidvalidity <> ? OR uid < ?)`,
    )
    .run(inbox_id, path, uidvalidity, next_uid);
}

/** How many mails of this inbox are in quarantine. */
export function countQuarantined({ db }: Reading, inbox_id: number): number {
  return (
    db
      .query<{ n: number }, [number]>(
        "SELECT count(*) AS n FROM unread_mails WHERE inbox_id = ? AND quarantined_at IS NOT NULL",
      )
      .get(inbox_id)?.n ?? 0
  );
}
