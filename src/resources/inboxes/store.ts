// SQL of inboxes: the only writer of the table.
import type { MailAccount, MailServer } from "../../core/mail-port.ts";
import type { InboxState } from "../../core/states.ts";
import { bindOnce } from "../../ledger/bind-once.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import { readJson } from "../../ledger/row.ts";

/** One server of an inbox without its password. */
export type StoredServer = Omit<MailServer, "password" | "tokens">;

export interface InboxRow {
  id: number;
  email: string;
  name: string;
  provider: MailAccount["provider"];
  /** How both servers are logged into; what `oauth` was granted stands in sign_ins. */
  auth: "password" | "oauth";
  /** Null in a sandbox. */
  smtp: StoredServer | null;
  imap: StoredServer | null;
  /** Sealed; null in a sandbox and with `oauth`. */
  smtp_password: Uint8Array | null;
  imap_password: Uint8Array | null;
  daily_limit: number;
  hourly_limit: number;
  min_gap_seconds: number;
  signature: string;
  reply_to: string | null;
  save_sent: "auto" | "always" | "never";
  /** Does the provider file a copy in Sent by itself? Null: not known yet. */
  files_sent: boolean | null;
  /** Does the provider put its own Message-ID in place of ours? Null: not known yet. */
  rewrites_ids: boolean | null;
  ids_checked_at: number | null;
  state: InboxState;
  state_reason: string | null;
  state_since: number;
  failures: number;
  failing_since: number | null;
  retry_at: number | null;
  next_slot_at: number;
  read_at: number | null;
  read_failures: number;
  read_failing_since: number | null;
  read_fault: string | null;
  created_at: number;
  updated_at: number;
}

type Stored = Omit<InboxRow, "smtp" | "imap" | "files_sent" | "rewrites_ids"> & {
  smtp: string;
  imap: string;
  files_sent: number | null;
  rewrites_ids: number | null;
};

const COLUMNS = `id, email, name, provider, auth, smtp, imap, smtp_password, imap_password, daily_limit, hourly_limit,
  min_gap_seconds, signature, reply_to, save_sent, files_sent, rewrites_ids, ids_checked_at, state, state_reason, state_since, failures, failing_since,
  retry_at, next_slot_at, read_at, read_failures, read_failing_since, read_fault, created_at, updated_at`;

const SENDING = `SELECT ${COLUMNS} FROM inboxes WHERE state = 'active' AND deleted_at IS NULL`;

const LONGEST_RESTED = `${SENDING} ORDER BY next_slot_at, id`;
const LONGEST_RESTED_OF = bindOnce(
  `${SENDING} AND id IN (SELECT value FROM json_each(?)) ORDER BY next_slot_at, id`,
);

function fromRow(row: Stored): InboxRow {
  return {
    ...row,
    smtp: readJson<StoredServer | null>(row.smtp),
    imap: readJson<StoredServer | null>(row.imap),
    ...knownOf(row),
  };
}

const BY_ID = `SELECT ${COLUMNS} FROM inboxes WHERE id = ? AND deleted_at IS NULL`;

export function findInbox({ db }: Reading, id: number): InboxRow | null {
  const row = db.query<Stored, [number]>(BY_ID).get(id);
  return row ? fromRow(row) : null;
}

/** How an inbox sends, and how its two halves are: what settling a mail asks for. */
export type InboxHealth = Pick<
  InboxRow,
  | "provider"
  | "save_sent"
  | "files_sent"
  | "rewrites_ids"
  | "ids_checked_at"
  | "state"
  | "failures"
  | "read_failures"
>;

export function findHealth({ db }: Reading, id: number): InboxHealth | null {
  const row = db
    .query<
      Omit<InboxHealth, "files_sent" | "rewrites_ids"> & {
        files_sent: number | null;
        rewrites_ids: number | null;
      },
      [number]
    >(
      `SELECT provider, save_sent, files_sent, rewrites_ids, ids_checked_at, state, failures, read_failures
       FROM inboxes
       WHERE id = ? AND deleted_at IS NULL`,
    )
    .get(id);
  return row && { ...row, ...knownOf(row) };
}

/** What a probe has told of the provider; null where it is not known yet. */
function knownOf(row: { files_sent: number | null; rewrites_ids: number | null }) {
  return {
    files_sent: row.files_sent === null ? null : row.files_sent === 1,
    rewrites_ids: row.rewrites_ids === null ? null : row.rewrites_ids === 1,
  };
}

export function findInboxByEmail({ db }: Reading, email: string): InboxRow | null {
  const row = db
    .query<Stored, [string]>(
      `SELECT ${COLUMNS} FROM inboxes WHERE email = ? AND deleted_at IS NULL`,
    )
    .get(email);
  return row ? fromRow(row) : null;
}

/** The inboxes below the id `before`, newest first. */
export function listInboxes(
  { db }: Reading,
  place: { before: number; limit: number; offset: number },
): InboxRow[] {
  return db
    .query<Stored, [number, number, number]>(
      `SELECT ${COLUMNS}
       FROM inboxes
       WHERE id < ? AND deleted_at IS NULL
       ORDER BY id DESC
       LIMIT ? OFFSET ?`,
    )
    .all(place.before, place.limit, place.offset)
    .map(fromRow);
}

export function countInboxes({ db }: Reading): number {
  return (
    db.query<{ n: number }, []>("SELECT count(*) AS n FROM inboxes WHERE deleted_at IS NULL").get()
      ?.n ?? 0
  );
}

export type NewInbox = Pick<
  InboxRow,
  | "id"
  | "email"
  | "name"
  | "provider"
  | "smtp"
  | "imap"
  | "smtp_password"
  | "imap_password"
  | "daily_limit"
  | "hourly_limit"
  | "min_gap_seconds"
  | "signature"
  | "reply_to"
  | "save_sent"
>;

/** Adds an inbox: `active` where its logins work, `pending_auth` where its owner must sign in first. */
export function insertInbox(
  tx: Tx,
  inbox: NewInbox & { state?: "active" | "pending_auth"; auth?: InboxRow["auth"] },
): void {
  tx.db
    .query(
      `INSERT INTO inboxes (id, email, name, provider, auth, smtp, imap, smtp_password, imap_password, daily_limit, hourly_limit,
         min_gap_seconds, signature, reply_to, save_sent, state, state_since, created_at, updated_at)
       VALUES ($id, $email, $name, $provider, $auth, $smtp, $imap, $smtp_password, $imap_password, $daily_limit, $hourly_limit,
         $min_gap_seconds, $signature, $reply_to, $save_sent, $state, $now, $now, $now)`,
    )
    .run({
      state: "active",
      auth: "password",
      ...inbox,
      smtp: JSON.stringify(inbox.smtp),
      imap: JSON.stringify(inbox.imap),
      now: tx.now,
    });
}

/**
 * The inboxes that may send, or those of them that are named; the one first that has rested longest, so that new leads are
 * spread evenly over them.
 */
export function listSendingInboxes(
  { db }: Reading,
  among: ReadonlySet<number> | null = null,
): InboxRow[] {
  const rows = among
    ? db.query<Stored, [string]>(LONGEST_RESTED_OF).all(JSON.stringify([...among]))
    : db.query<Stored, []>(LONGEST_RESTED).all();
  return rows.map(fromRow);
}

/** The inboxes that are read: a paused one too, for opt-outs and replies still come in. */
export function listReadInboxes({ db }: Reading): InboxRow[] {
  return db
    .query<Stored, []>(
      `SELECT ${COLUMNS} FROM inboxes WHERE state <> 'pending_auth' AND deleted_at IS NULL ORDER BY id`,
    )
    .all()
    .map(fromRow);
}

/** Pace: no mail of this inbox before `next_slot_at`. */
export function takeSlot(tx: Tx, id: number, next_slot_at: number): void {
  tx.db.query("UPDATE inboxes SET next_slot_at = ? WHERE id = ?").run(next_slot_at, id);
}

/** The dot of the mail that took the slot came `ms` after the claim: the next slot is as much later. */
export function delaySlot(tx: Tx, id: number, ms: number): void {
  tx.db.query("UPDATE inboxes SET next_slot_at = next_slot_at + ? WHERE id = ?").run(ms, id);
}

/** A server's refusal puts an inbox off for a day at most. */
const PUT_OFF_MOST_MS = 24 * 3_600_000;

/** No inbox waits longer than its pace and a server's word allow from now on: what lies further ahead a wrong clock has set. */
export function pullBackInboxes(tx: Tx): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET next_slot_at = min(next_slot_at, ?1 + min_gap_seconds * 1250), retry_at = min(retry_at, ?1 + ?2),
         failing_since = min(failing_since, ?1), read_failing_since = min(read_failing_since, ?1),
         read_at = CASE WHEN read_at <= ?1 THEN read_at END
       WHERE deleted_at IS NULL`,
    )
    .run(tx.now, PUT_OFF_MOST_MS);
}

/** The clock jumped ahead from `jumped_from`: what an inbox had still to wait then, it waits from now on. */
export function keepPace(tx: Tx, jumped_from: number): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET next_slot_at = ?1 + min(next_slot_at - ?2, min_gap_seconds * 1250)
       WHERE next_slot_at > ?2 AND deleted_at IS NULL`,
    )
    .run(tx.now, jumped_from);
}

/** Not before `until`: a server's limit, in its own words. */
export function putOffInbox(
  tx: Tx,
  id: number,
  { until, reason }: { until: number; reason: string },
): void {
  tx.db
    .query(
      "UPDATE inboxes SET retry_at = max(?, coalesce(retry_at, 0)), state_reason = ?, updated_at = ? WHERE id = ?",
    )
    .run(until, reason, tx.now, id);
}

/** Paused until somebody resumes it. */
export function pauseInbox(
  tx: Tx,
  id: number,
  { by, reason }: { by: string; reason: string },
): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET state = 'paused', state_reason = ?1, state_since = ?2, updated_at = ?2
       WHERE id = ?3 AND state = 'active'`,
    )
    .run(`${by}: ${reason}`, tx.now, id);
}

/** One failure to send more, and no sending again before `retry_at`. */
export function addSendFailure(
  tx: Tx,
  id: number,
  { reason, retry_at }: { reason: string; retry_at: number },
): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET failures = failures + 1, failing_since = coalesce(failing_since, ?1), retry_at = ?2, state_reason = ?3, updated_at = ?1
       WHERE id = ?4`,
    )
    .run(tx.now, retry_at, reason, id);
}

/** One failure to read more. */
export function addReadFailure(tx: Tx, id: number, reason: string): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET read_failures = read_failures + 1, read_failing_since = coalesce(read_failing_since, ?1), read_fault = ?2, updated_at = ?1
       WHERE id = ?3`,
    )
    .run(tx.now, reason, id);
}

/** Cannot be used: lost, or its login is refused. */
export function disconnectInbox(
  tx: Tx,
  id: number,
  { state, reason }: { state: "disconnected" | "needs_login"; reason: string },
): void {
  tx.db
    .query(
      "UPDATE inboxes SET state = ?1, state_reason = ?2, state_since = ?3, updated_at = ?3 WHERE id = ?4",
    )
    .run(state, reason, tx.now, id);
}

/** Sending works: its failures are forgotten. */
export function clearSendFailures(tx: Tx, id: number): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET failures = 0, failing_since = NULL, retry_at = NULL, updated_at = ?,
         state_reason = CASE WHEN state = 'active' THEN NULL ELSE state_reason END
       WHERE id = ?`,
    )
    .run(tx.now, id);
}

/** Reading works: its failures are forgotten. */
export function clearReadFailures(tx: Tx, id: number): void {
  tx.db
    .query(
      "UPDATE inboxes SET read_failures = 0, read_failing_since = NULL, read_fault = NULL, updated_at = ? WHERE id = ?",
    )
    .run(tx.now, id);
}

/** What was lost works again. */
export function reconnectInbox(tx: Tx, id: number): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET state = 'active', state_reason = NULL, state_since = ?1, updated_at = ?1
       WHERE id = ?2 AND state IN ('disconnected', 'needs_login')`,
    )
    .run(tx.now, id);
}

export type InboxSettings = Pick<
  InboxRow,
  | "name"
  | "daily_limit"
  | "hourly_limit"
  | "min_gap_seconds"
  | "signature"
  | "reply_to"
  | "save_sent"
>;

export function updateInbox(tx: Tx, id: number, settings: InboxSettings): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET name = $name, daily_limit = $daily_limit, hourly_limit = $hourly_limit, min_gap_seconds = $min_gap_seconds,
         signature = $signature, reply_to = $reply_to, save_sent = $save_sent, updated_at = $now
       WHERE id = $id`,
    )
    .run({ ...settings, id, now: tx.now });
}

/** Other servers or logins. Whether the new provider files copies in Sent is not known yet. */
export function updateLogins(
  tx: Tx,
  id: number,
  logins: Pick<InboxRow, "smtp" | "imap" | "smtp_password" | "imap_password">,
): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET smtp = ?1, imap = ?2, smtp_password = ?3, imap_password = ?4, updated_at = ?5,
         files_sent = CASE WHEN smtp ->> 'host' = ?1 ->> 'host' AND imap ->> 'host' = ?2 ->> 'host' THEN files_sent END
       WHERE id = ?6`,
    )
    .run(
      JSON.stringify(logins.smtp),
      JSON.stringify(logins.imap),
      logins.smtp_password,
      logins.imap_password,
      tx.now,
      id,
    );
}

/** Its owner has signed in: from now on tokens log in, at these servers, and no password is kept. */
export function setOAuth(tx: Tx, id: number, servers: Record<"smtp" | "imap", StoredServer>): void {
  updateLogins(tx, id, { ...servers, smtp_password: null, imap_password: null });
  tx.db.query("UPDATE inboxes SET auth = 'oauth' WHERE id = ?").run(id);
}

/** From now on passwords log in. */
export function setPasswordAuth(tx: Tx, id: number): void {
  tx.db.query("UPDATE inboxes SET auth = 'password' WHERE id = ?").run(id);
}

/** The first login worked. */
export function activateInbox(tx: Tx, id: number): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET state = 'active', state_reason = NULL, state_since = ?1, updated_at = ?1
       WHERE id = ?2 AND state = 'pending_auth'`,
    )
    .run(tx.now, id);
}

/** Why the sign-in that an inbox waits for was not kept. */
export function noteSignInFailure(tx: Tx, id: number, reason: string): void {
  tx.db
    .query(
      `UPDATE inboxes SET state_reason = ?, updated_at = ?
       WHERE id = ? AND state IN ('pending_auth', 'needs_login')`,
    )
    .run(reason, tx.now, id);
}

/** Paused by a person, whatever else is the matter with it. */
export function pauseInboxByHand(tx: Tx, id: number, reason: string): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET state = 'paused', state_reason = ?1, state_since = ?2, updated_at = ?2
       WHERE id = ?3 AND state IN ('active', 'disconnected', 'needs_login')`,
    )
    .run(reason, tx.now, id);
}

/** What was paused may send again. */
export function resumeInbox(tx: Tx, id: number): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET state = 'active', state_reason = NULL, state_since = ?1, updated_at = ?1
       WHERE id = ?2 AND state = 'paused'`,
    )
    .run(tx.now, id);
}

/** Gone for the API and the engine; the row stays for its finished mails, without its logins. */
export function deleteInbox(tx: Tx, id: number): void {
  tx.db
    .query(
      `UPDATE inboxes
       SET deleted_at = ?1, updated_at = ?1, smtp_password = NULL, imap_password = NULL
       WHERE id = ?2`,
    )
    .run(tx.now, id);
}

/** All folders were read up to date at `read_at`. */
export function markRead(tx: Tx, id: number, read_at: number): void {
  tx.db.query("UPDATE inboxes SET read_at = ? WHERE id = ?").run(read_at, id);
}

/** What a look into the Sent folder showed: whether the provider files copies by itself. */
export function setFilesSent(tx: Tx, id: number, files_sent: boolean): void {
  tx.db.query("UPDATE inboxes SET files_sent = ? WHERE id = ?").run(Number(files_sent), id);
}

/** What was found out about the provider's Message-IDs. */
export function setRewritesIds(tx: Tx, id: number, rewrites_ids: boolean): void {
  tx.db
    .query("UPDATE inboxes SET rewrites_ids = ?, ids_checked_at = ? WHERE id = ?")
    .run(Number(rewrites_ids), tx.now, id);
}
