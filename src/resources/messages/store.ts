// SQL of messages: the only writer of their states. Every move names the states that it may come from, so an
// illegal move changes no row (domain.md "A message").
import { type MessageKind, type MessageState, statesBefore } from "../../core/states.ts";
import type { Reading, Tx } from "../../ledger/database.ts";

export interface MessageRow {
  id: number;
  kind: MessageKind;
  state: MessageState;
  campaign_id: number | null;
  lead_id: number | null;
  enrollment_id: number | null;
  step_id: number | null;
  variant_id: string | null;
  inbox_id: number;
  recipient: string;
  subject: string;
  boot_id: number | null;
  attempts: number;
  slot_at: number | null;
  quota_day: string | null;
  first_of_lead: number;
  follow_up: number;
  queued_at: number;
  deferred_since: number | null;
  claimed_at: number | null;
  committed_at: number | null;
  sent_at: number | null;
  retry_at: number | null;
  response: string | null;
}

/** What a MessageRow is read from. */
export const MESSAGE_COLUMNS = `id, kind, state, campaign_id, lead_id, enrollment_id, step_id, variant_id, inbox_id, recipient, subject,
  boot_id, attempts, slot_at, quota_day, first_of_lead, follow_up, queued_at, deferred_since, claimed_at, committed_at, sent_at, retry_at, response`;

const before = (state: MessageState) =>
  statesBefore(state)
    .map((from) => `'${from}'`)
    .join(", ");

/** What the claim freezes. */
export interface NewMessage {
  id: number;
  kind: MessageKind;
  campaign_id: number | null;
  lead_id: number | null;
  enrollment_id: number | null;
  step_id: number | null;
  variant_id: string | null;
  inbox_id: number;
  recipient: string;
  subject: string;
  text: string | null;
  html: string | null;
  bytes: Uint8Array;
  first_of_lead: boolean;
  follow_up: boolean;
}

/** What a claim adds to a message, new or queued. */
export interface Claim {
  boot_id: number;
  /** Null for what counts nowhere. */
  quota_day: string | null;
  window_until: number | null;
}

/** A row that is `claimed` from the start, with its bytes frozen: the claim makes it. */
export function insertClaimed(tx: Tx, message: NewMessage, claim: Claim): void {
  tx.db
    .query(
      `INSERT INTO messages (id, kind, state, campaign_id, lead_id, enrollment_id, step_id, variant_id, inbox_id,
         recipient, subject, text, html, bytes, first_of_lead, follow_up, queued_at, claimed_at, slot_at, attempts,
         boot_id, quota_day, window_until)
       VALUES (?1, ?2, 'claimed', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16, ?16, 1, ?17, ?18, ?19)`,
    )
    .run(
      message.id,
      message.kind,
      message.campaign_id,
      message.lead_id,
      message.enrollment_id,
      message.step_id,
      message.variant_id,
      message.inbox_id,
      message.recipient,
      message.subject,
      message.text,
      message.html,
      message.bytes,
      Number(message.first_of_lead),
      Number(message.follow_up),
      tx.now,
      claim.boot_id,
      claim.quota_day,
      claim.window_until,
    );
}

/** Makes a queued message anew (its step was edited, or its inbox changed): same row, same id, other bytes. */
export function refreezeMessage(tx: Tx, message: NewMessage): void {
  tx.db
    .query(
      `UPDATE messages
       SET variant_id = ?, inbox_id = ?, recipient = ?, subject = ?, text = ?, html = ?, bytes = ?
       WHERE id = ? AND state = 'queued'`,
    )
    .run(
      message.variant_id,
      message.inbox_id,
      message.recipient,
      message.subject,
      message.text,
      message.html,
      message.bytes,
      message.id,
    );
}

/** `queued -> claimed`. False when it is not queued any more. */
export function claimMessage(tx: Tx, id: number, claim: Claim): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'claimed', boot_id = ?, quota_day = ?, window_until = ?, claimed_at = ?4,
         slot_at = CASE WHEN kind = 'test' THEN NULL ELSE ?4 END,
         attempts = attempts + 1
       WHERE id = ?5 AND state IN (${before("claimed")})`,
    )
    .run(claim.boot_id, claim.quota_day, claim.window_until, tx.now, id);
  return changes > 0;
}

export interface CommitGuard {
  id: number;
  boot_id: number;
  /** The inbox must have been read since then, for follow-ups. */
  fresh_since: number;
  address_key: Uint8Array;
  domain_key: Uint8Array;
}

/**
 * `claimed -> committed`, if every gate is still open: the last look before the dot (Invariant 2). Whatever can stop
 * a mail is a row in this file, so this one statement decides and there is no second place.
 */
export function commitMessage(tx: Tx, guard: CommitGuard): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'committed', committed_at = ?1, slot_at = CASE WHEN kind = 'test' THEN NULL ELSE ?1 END
       WHERE id = ?2 AND state = 'claimed' AND boot_id = ?3
         AND (window_until IS NULL OR ?1 < window_until)
         AND NOT EXISTS (SELECT 1 FROM suppressions WHERE key IN (?5, ?6))
         AND EXISTS (
           SELECT 1 FROM inboxes i
           WHERE i.id = messages.inbox_id AND i.state = 'active' AND i.deleted_at IS NULL
             AND (messages.follow_up = 0 OR i.read_at BETWEEN ?4 AND ?1 + (?1 - ?4)))
         AND (kind <> 'step' OR EXISTS (
           SELECT 1
           FROM enrollments e
           JOIN campaigns c ON c.id = e.campaign_id
           JOIN leads l ON l.id = e.lead_id
           WHERE e.id = messages.enrollment_id AND e.state = 'waiting' AND e.in_flight = messages.id
             AND c.state = 'active' AND l.email = messages.recipient))`,
    )
    .run(tx.now, guard.id, guard.boot_id, guard.fresh_since, guard.address_key, guard.domain_key);
  return changes > 0;
}

/** `committed -> claimed`, only before the dot was let go: its settling finds it as if it had never been committed. */
export function takeBackCommit(tx: Tx, id: number): void {
  tx.db
    .query(
      "UPDATE messages SET state = 'claimed', committed_at = NULL WHERE id = ? AND state = 'committed'",
    )
    .run(id);
}

/** `-> sent`. The bytes stay while a copy is due for the Sent folder. */
export function markSent(
  tx: Tx,
  id: number,
  facts: { response: string; sent_at: number; copy: "due" | null },
): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'sent', sent_at = ?1, finished_at = ?2, response = ?3, copy = ?4, copy_retry_at = NULL,
         bytes = CASE WHEN ?4 IS NULL THEN NULL ELSE bytes END
       WHERE id = ?5 AND state IN (${before("sent")})`,
    )
    .run(facts.sent_at, tx.now, facts.response, facts.copy, id);
  return changes > 0;
}

/**
 * `-> deferred` until `retry_at`; its slot and its quota are given back. `since` starts the 24 h after which it is
 * given up, at its first deferral; null for a fault that is not the message's.
 */
export function markDeferred(
  tx: Tx,
  id: number,
  facts: { response: string; retry_at: number; since: number | null },
): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'deferred', retry_at = ?, response = ?, slot_at = NULL, quota_day = NULL,
         deferred_since = coalesce(deferred_since, ?)
       WHERE id = ? AND state IN (${before("deferred")})`,
    )
    .run(facts.retry_at, facts.response, facts.since, id);
  return changes > 0;
}

/** `-> failed`, final. A mail that was in doubt was taken by the submission server: it keeps its slot and its quota. */
export function markFailed(tx: Tx, id: number, response: string): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'failed', finished_at = ?, response = ?, bytes = NULL, retry_at = NULL,
         slot_at = CASE WHEN state = 'uncertain' THEN slot_at END,
         quota_day = CASE WHEN state = 'uncertain' THEN quota_day END
       WHERE id = ? AND state IN (${before("failed")})`,
    )
    .run(tx.now, response, id);
  return changes > 0;
}

/** `committed -> uncertain`: the dot was written and nothing is known. It keeps its slot and its quota; a test is never sent again. */
export function markUncertain(tx: Tx, id: number, response: string): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'uncertain', response = ?, bytes = CASE WHEN kind = 'test' THEN NULL ELSE bytes END
       WHERE id = ? AND state IN (${before("uncertain")})`,
    )
    .run(response, id);
  return changes > 0;
}

/** `claimed | committed -> queued`, only where no dot was written: its slot and its quota are given back. */
export function returnToQueue(tx: Tx, id: number, response: string | null): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'queued', response = coalesce(?, response), slot_at = NULL, quota_day = NULL, committed_at = NULL,
         retry_at = NULL
       WHERE id = ? AND state IN ('claimed', 'committed', 'deferred')`,
    )
    .run(response, id);
  return changes > 0;
}

/** `queued | claimed | deferred -> cancelled`, final: stop beats send. The messages it ended. */
export function cancelUnfinished(tx: Tx, enrollment_id: number): MessageRow[] {
  const rows = tx.db
    .query<MessageRow, [number]>(
      `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE enrollment_id = ? AND state IN (${before("cancelled")})`,
    )
    .all(enrollment_id);
  tx.db
    .query(
      `UPDATE messages
       SET state = 'cancelled', finished_at = ?, bytes = NULL, slot_at = NULL, quota_day = NULL, retry_at = NULL
       WHERE enrollment_id = ? AND state IN (${before("cancelled")})`,
    )
    .run(tx.now, enrollment_id);
  return rows;
}

export function findMessage({ db }: Reading, id: number): MessageRow | null {
  return db
    .query<MessageRow, [number]>(`SELECT ${MESSAGE_COLUMNS} FROM messages WHERE id = ?`)
    .get(id);
}

export function findMessageOfStep(
  { db }: Reading,
  enrollment_id: number,
  step_id: number,
): MessageRow | null {
  return db
    .query<MessageRow, [number, number]>(
      `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE enrollment_id = ? AND step_id = ?`,
    )
    .get(enrollment_id, step_id);
}

export function findAlias({ db }: Reading, alias: string): number | null {
  return (
    db
      .query<{ message_id: number }, [string]>(
        "SELECT message_id FROM message_aliases WHERE alias = ?",
      )
      .get(alias)?.message_id ?? null
  );
}

/** The Message-ID under which the provider really sent a mail of ours, where it rewrote it. */
export function findAliasOf({ db }: Reading, message_id: number): string | null {
  return (
    db
      .query<{ alias: string }, [number]>(
        "SELECT alias FROM message_aliases WHERE message_id = ? LIMIT 1",
      )
      .get(message_id)?.alias ?? null
  );
}

export function markLookedUp(tx: Tx, id: number): void {
  tx.db.query("UPDATE messages SET looked_up_at = ? WHERE id = ?").run(tx.now, id);
}

/** The copy stands in the Sent folder: the bytes may go. */
export function markCopyFiled(tx: Tx, id: number): void {
  tx.db
    .query("UPDATE messages SET copy = 'filed', copy_retry_at = NULL, bytes = NULL WHERE id = ?")
    .run(id);
}

export function putOffCopy(tx: Tx, id: number, until: number): void {
  tx.db.query("UPDATE messages SET copy_retry_at = ? WHERE id = ?").run(until, id);
}

/** Takes the person out of a lead's messages; states and instants stay (Invariant 8). */
export function eraseMessagesOfLead(tx: Tx, lead_id: number): void {
  tx.db
    .query(
      `UPDATE messages
       SET recipient = '', subject = '', text = NULL, html = NULL, response = NULL,
         bytes = CASE WHEN state IN ('claimed', 'committed') THEN bytes END, copy = NULL
       WHERE lead_id = ?`,
    )
    .run(lead_id);
}
