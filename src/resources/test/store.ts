// SQL of the mailbox inside the program: what test mode sent into it, and what comes back from it.
import type { Reading, Tx } from "../../ledger/database.ts";

export type SandboxFolder = "outbox" | "INBOX" | "Junk" | "Sent";

export interface SandboxMail {
  id: number;
  inbox_id: number;
  folder: SandboxFolder;
  uid: number;
  sender: string;
  recipient: string;
  bytes: Uint8Array;
  /** ms UTC on the test clock. */
  arrives_at: number;
}

const COLUMNS = "id, inbox_id, folder, uid, sender, recipient, bytes, arrives_at";

/** Puts a mail into a folder, where it is at once. Its UID: those that have yet to arrive have none. */
export function insertSandboxMail(tx: Tx, mail: Omit<SandboxMail, "id" | "uid">): number {
  const uid = lastUid(tx, mail.inbox_id, mail.folder) + 1;
  tx.db
    .query(
      `INSERT INTO sandbox_mails (id, inbox_id, folder, uid, sender, recipient, bytes, arrives_at)
       VALUES ($id, $inbox_id, $folder, $uid, $sender, $recipient, $bytes, $arrives_at)`,
    )
    .run({ ...mail, id: tx.id(), uid });
  return uid;
}

/** A folder's mails that have arrived, with a UID of `from_uid` or more. */
export function listArrived(
  { db }: Reading,
  place: { inbox_id: number; folder: SandboxFolder; from_uid: number; now: number; limit: number },
): SandboxMail[] {
  return db
    .query<SandboxMail, [number, string, number, number, number]>(
      `SELECT ${COLUMNS}
       FROM sandbox_mails
       WHERE inbox_id = ? AND folder = ? AND uid >= ? AND arrives_at <= ?
       ORDER BY uid
       LIMIT ?`,
    )
    .all(place.inbox_id, place.folder, place.from_uid, place.now, place.limit);
}

/** Gives arriving mails the next UIDs: a mailbox numbers in the order of arrival, not of writing. */
export function numberArrivals(tx: Tx, inbox_id: number): void {
  const late = tx.db
    .query<{ id: number; folder: string }, [number, number]>(
      "SELECT id, folder FROM sandbox_mails WHERE inbox_id = ? AND uid < 0 AND arrives_at <= ? ORDER BY arrives_at, id",
    )
    .all(inbox_id, tx.now);
  for (const { id, folder } of late) {
    tx.db
      .query(
        `UPDATE sandbox_mails
         SET uid = (SELECT max(0, coalesce(max(uid), 0)) + 1 FROM sandbox_mails WHERE inbox_id = ?1 AND folder = ?2)
         WHERE id = ?3`,
      )
      .run(inbox_id, folder, id);
  }
}

/** A mail that comes later: it gets its UID when it arrives. */
export function insertComingMail(tx: Tx, mail: Omit<SandboxMail, "id" | "uid">): void {
  const id = tx.id();
  tx.db
    .query(
      `INSERT INTO sandbox_mails (id, inbox_id, folder, uid, sender, recipient, bytes, arrives_at)
       VALUES ($id, $inbox_id, $folder, -$id, $sender, $recipient, $bytes, $arrives_at)`,
    )
    .run({ ...mail, id });
}

/** The next instant after `now` at which a mail arrives, or null. */
export function nextArrivalAt({ db }: Reading, now: number): number | null {
  return (
    db
      .query<{ at: number | null }, [number]>(
        "SELECT min(arrives_at) AS at FROM sandbox_mails WHERE uid < 0 AND arrives_at > ?",
      )
      .get(now)?.at ?? null
  );
}

/** Has anything arrived that has no UID yet? */
export function hasArrivals({ db }: Reading, inbox_id: number, now: number): boolean {
  return (
    db
      .query<{ one: number }, [number, number]>(
        "SELECT 1 AS one FROM sandbox_mails WHERE inbox_id = ? AND uid < 0 AND arrives_at <= ? LIMIT 1",
      )
      .get(inbox_id, now) !== null
  );
}

/** The highest UID that a folder has given. */
export function lastUid({ db }: Reading, inbox_id: number, folder: SandboxFolder): number {
  return (
    db
      .query<{ uid: number | null }, [number, string]>(
        "SELECT max(uid) AS uid FROM sandbox_mails WHERE inbox_id = ? AND folder = ? AND uid > 0",
      )
      .get(inbox_id, folder)?.uid ?? 0
  );
}

/** Mails that were sent in test mode, newest first. */
export function listSandboxMails(
  { db }: Reading,
  filter: { to: string | null; limit: number; before: number; offset: number },
): SandboxMail[] {
  return db
    .query<SandboxMail, [string | null, number, number, number]>(
      `SELECT ${COLUMNS}
       FROM sandbox_mails
       WHERE folder = 'outbox' AND (?1 IS NULL OR recipient = ?1) AND id < ?2
       ORDER BY id DESC
       LIMIT ?3 OFFSET ?4`,
    )
    .all(filter.to, filter.before, filter.limit, filter.offset);
}

/** How many went out, to this address or (null) to any. */
export function countSandboxMails({ db }: Reading, to: string | null): number {
  return (
    db
      .query<{ n: number }, [string | null]>(
        "SELECT count(*) AS n FROM sandbox_mails WHERE folder = 'outbox' AND (?1 IS NULL OR recipient = ?1)",
      )
      .get(to)?.n ?? 0
  );
}

/** One mail that was sent in test mode, by its own id or by the mark of the message that it is. */
export function findSandboxMail({ db }: Reading, id: number, mark: string): SandboxMail | null {
  return db
    .query<SandboxMail, [number, string]>(
      `SELECT ${COLUMNS}
       FROM sandbox_mails
       WHERE folder = 'outbox' AND (id = ?1 OR instr(bytes, CAST(?2 AS BLOB)) > 0)
       LIMIT 1`,
    )
    .get(id, mark);
}

/** The highest id of all sandbox mails, 0 when there is none. */
export function lastSandboxMailId({ db }: Reading): number {
  return (
    db.query<{ id: number | null }, []>("SELECT max(id) AS id FROM sandbox_mails").get()?.id ?? 0
  );
}

/** How many mails were sent after this id; with a name only those to that magic address. */
export function countSentAfter({ db }: Reading, after: number, name: string | null): number {
  return (
    db
      .query<{ n: number }, [number, string | null]>(
        `SELECT count(*) AS n
         FROM sandbox_mails
         WHERE folder = 'outbox' AND id > ?1
           AND (?2 IS NULL OR recipient GLOB ?2 || '@*.test' OR recipient GLOB ?2 || '+*@*.test')`,
      )
      .get(after, name)?.n ?? 0
  );
}

/** How many mails came in after `from` and until `now`. */
export function countArrivals({ db }: Reading, from: number, now: number): number {
  return (
    db
      .query<{ n: number }, [number, number]>(
        `SELECT count(*) AS n
         FROM sandbox_mails
         WHERE folder IN ('INBOX', 'Junk') AND arrives_at > ? AND arrives_at <= ?`,
      )
      .get(from, now)?.n ?? 0
  );
}

/** Everything that went to or came from an erased person (Invariant 8). */
export function eraseSandboxMails(tx: Tx, email: string): void {
  // What went to nobody of the leads is a test of a step, and may be written as to that person.
  tx.db
    .query(
      `DELETE FROM sandbox_mails
       WHERE recipient = ?1 OR sender = ?1
         OR (folder = 'outbox' AND recipient NOT IN (SELECT email FROM leads))`,
    )
    .run(email);
}
