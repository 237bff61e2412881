// SQL of messages: the only writer of their states. Every move names the states that it may come from, so an
// illegal move changes no row (domain.md "A message").
// oxlint-disable max-lines -- each table has one writer, and this one has many moves; what only reads stands elsewhere
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
  /** When its dot was let go; of a mail that a person has sent again, until then when it was let go first. */
  committed_at: number | null;
  sent_at: number | null;
  retry_at: number | null;
  response: string | null;
}

/** What a MessageRow is read from. */
export const MESSAGE_COLUMNS = `id, kind, state, campaign_id, lead_id, enrollment_id, step_id, variant_id, inbox_id, recipient, subject,
  boot_id, attempts, slot_at, quota_day, first_of_lead, follow_up, queued_at, deferred_since, claimed_at,
  coalesce(committed_at, CASE WHEN resent_at IS NOT NULL THEN released_at END) AS committed_at, sent_at, retry_at, response`;

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
  /** JSON of links.store.ts, or null. */
  links: string | null;
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
         recipient, subject, text, html, bytes, links, first_of_lead, follow_up, queued_at, claimed_at, slot_at, attempts,
         boot_id, quota_day, window_until)
       VALUES (?1, ?2, 'claimed', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?17, ?17, 1, ?18, ?19, ?20)`,
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
      message.links,
      Number(message.first_of_lead),
      Number(message.follow_up),
      tx.now,
      claim.boot_id,
      claim.quota_day,
      claim.window_until,
    );
}

/** What an answer has beside a mail of a campaign; in the transaction of its claim. */
export function noteAnswer(
  tx: Tx,
  id: number,
  facts: { reply_id: number; sent_by: string; overrules: boolean },
): void {
  tx.db
    .query("UPDATE messages SET reply_id = ?, sent_by = ?, overrules = ? WHERE id = ?")
    .run(facts.reply_id, facts.sent_by, Number(facts.overrules), id);
}

/** What a mail answers and who wrote it, or null of one that is no answer. */
export function findAnswerOf(
  { db }: Reading,
  id: number,
): { reply_id: number; sent_by: string } | null {
  return db
    .query<{ reply_id: number; sent_by: string }, [number]>(
      "SELECT reply_id, sent_by FROM messages WHERE id = ? AND reply_id IS NOT NULL",
    )
    .get(id);
}

/** A mail that waits in the queue: of one that is taken over and not claimed. */
export function insertMessage(tx: Tx, message: NewMessage): void {
  tx.db
    .query(
      `INSERT INTO messages (id, kind, state, campaign_id, lead_id, enrollment_id, step_id, variant_id, inbox_id,
         recipient, subject, text, html, bytes, links, first_of_lead, follow_up, queued_at)
       VALUES (?1, ?2, 'queued', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`,
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
      message.links,
      Number(message.first_of_lead),
      Number(message.follow_up),
      tx.now,
    );
}

/** Makes a queued message anew (its step was edited, or its inbox changed): same row, same id, other bytes. */
export function refreezeMessage(tx: Tx, message: NewMessage): void {
  tx.db
    .query(
      `UPDATE messages
       SET variant_id = ?, inbox_id = ?, recipient = ?, subject = ?, text = ?, html = ?, bytes = ?, links = ?
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
      message.links,
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

/** Until when a claimed mail may be let go: its window is another one than at the claim. */
export function setWindowUntil(tx: Tx, id: number, window_until: number): void {
  tx.db
    .query("UPDATE messages SET window_until = ? WHERE id = ? AND state = 'claimed'")
    .run(window_until, id);
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
       SET state = 'committed', committed_at = ?1, released_at = max(coalesce(released_at, 0), ?1),
         slot_at = CASE WHEN kind = 'test' THEN NULL ELSE ?1 END
       WHERE id = ?2 AND state = 'claimed' AND boot_id = ?3
         AND (window_until IS NULL OR ?1 < window_until)
         AND recipient <> '' -- an erased person has none any more
         AND (overrules = 1 OR (NOT EXISTS (SELECT 1 FROM suppressions WHERE key = ?5)
           AND NOT EXISTS (SELECT 1 FROM suppressions WHERE key = ?6)))
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

const MARK_SENT = `UPDATE messages
  SET state = 'sent', sent_at = ?1, finished_at = ?2, response = ?3, copy_retry_at = NULL,
    -- A mail that only the journal knew has no bytes to file.
    copy = CASE WHEN bytes IS NULL THEN NULL ELSE ?4 END,
    bytes = CASE WHEN ?4 IS NULL THEN NULL ELSE bytes END,
    wire_id = ?6, look_at = NULL, looks = 0, delivery = CASE WHEN kind = 'step' THEN 'due' END
  WHERE id = ?5 AND state IN (${before("sent")})`;

/** `-> sent`. The bytes stay while a copy is due for the Sent folder. `wire_id`: the provider may have given it another id. */
export function markSent(
  tx: Tx,
  id: number,
  facts: { response: string; sent_at: number; copy: "due" | null; wire_id: "due" | null },
): boolean {
  const { changes } = tx.db
    .query(MARK_SENT)
    .run(facts.sent_at, tx.now, facts.response, facts.copy, id, facts.wire_id);
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

/** A server's longest wait (backoff.ts): a retry that lies further ahead was set by a wrong clock. */
const RETRY_MOST_MS = 72 * 60_000;
/** Whatever day it is in the workspace's zone, a slot of that day is not older than this. */
const DAY_MOST_MS = 26 * 3_600_000;

/** Mails that a clock ahead of now has stamped count as of now: in the rolling hour, the day's limits and the cool-down. */
export function pullBackMessages(tx: Tx, today: string): void {
  tx.db
    .query(
      `UPDATE messages
       SET slot_at = min(slot_at, ?1), queued_at = min(queued_at, ?1), claimed_at = min(claimed_at, ?1),
         committed_at = min(committed_at, ?1), released_at = min(released_at, ?1), sent_at = min(sent_at, ?1), finished_at = min(finished_at, ?1),
         quota_day = min(quota_day, ?2)
       WHERE inbox_id IN (SELECT id FROM inboxes) AND slot_at > ?1 - ?3 AND (slot_at > ?1 OR quota_day > ?2)`,
    )
    .run(tx.now, today, DAY_MOST_MS);
  tx.db
    .query(
      `UPDATE messages
       SET retry_at = min(retry_at, ?1 + ?2), deferred_since = min(deferred_since, ?1)
       WHERE state = 'deferred' AND (retry_at > ?1 + ?2 OR deferred_since > ?1)`,
    )
    .run(tx.now, RETRY_MOST_MS);
  tx.db
    .query(
      "UPDATE messages SET look_at = NULL, looks = 0 WHERE state = 'uncertain' AND looked_up_at > ?",
    )
    .run(tx.now);
  tx.db
    .query("UPDATE messages SET copy_retry_at = NULL WHERE copy = 'due' AND copy_retry_at > ?")
    .run(tx.now);
}

const BY_ID = `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE id = ?`;
const OF_STEP = `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE enrollment_id = ? AND step_id = ?`;

export function findMessage({ db }: Reading, id: number): MessageRow | null {
  return db.query<MessageRow, [number]>(BY_ID).get(id);
}

export function findMessageOfStep(
  { db }: Reading,
  enrollment_id: number,
  step_id: number,
): MessageRow | null {
  return db.query<MessageRow, [number, number]>(OF_STEP).get(enrollment_id, step_id);
}

/**
 * `uncertain -> queued`, when a person has it sent again: its slot and its quota are given back. When its dot was first
 * let go is kept: whoever answers that mail is still known to have it.
 */
export function requeueDoubt(tx: Tx, id: number, response: string): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'queued', response = ?, slot_at = NULL, quota_day = NULL, committed_at = NULL, passed_at = NULL,
         look_at = NULL, looks = 0, resent_at = ?
       WHERE id = ? AND state = 'uncertain'`,
    )
    .run(response, tx.now, id);
  return changes > 0;
}

/** `uncertain -> failed`, when a person knows that it never went out: its slot and its quota are given back. */
export function markNeverSent(tx: Tx, id: number, response: string): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'failed', finished_at = ?, response = ?, bytes = NULL, slot_at = NULL, quota_day = NULL
       WHERE id = ? AND state = 'uncertain'`,
    )
    .run(tx.now, response, id);
  return changes > 0;
}

/** The doubt holds its enrollment no more; it stays a doubt. */
export function markPassed(tx: Tx, id: number): void {
  tx.db
    .query("UPDATE messages SET passed_at = ? WHERE id = ? AND state = 'uncertain'")
    .run(tx.now, id);
}

/** Is this commit, of which a line of the journal tells, known here? */
export function knowsCommit({ db }: Reading, line: { message_id: number; at: number }): boolean {
  return (
    db
      .query<{ one: number }, [number, number]>(
        "SELECT 1 AS one FROM messages WHERE id = ? AND released_at >= ?",
      )
      .get(line.message_id, line.at) !== null
  );
}

/**
 * `-> uncertain` for a mail that only the sent journal knows to have gone out. Its enrollment goes on at once: the hour
 * in which evidence is waited for was over before.
 */
export function markJournaled(
  tx: Tx,
  id: number,
  facts: { at: number; quota_day: string; response: string },
): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE messages
       SET state = 'uncertain', claimed_at = ?1, committed_at = ?1, released_at = ?1, slot_at = ?1, quota_day = ?2,
         response = ?3, passed_at = ?4, bytes = NULL, retry_at = NULL, look_at = NULL, looks = 0
       WHERE id = ?5 AND state IN ('queued', 'claimed', 'committed', 'deferred')`,
    )
    .run(facts.at, facts.quota_day, facts.response, tx.now, id);
  return changes > 0;
}

/** Nothing more can be learnt of this commit: it is known from now on. */
export function noteCommit(tx: Tx, id: number, at: number): void {
  tx.db
    .query("UPDATE messages SET released_at = max(coalesce(released_at, 0), ?) WHERE id = ?")
    .run(at, id);
}

/**
 * `claimed -> uncertain` in a copy: whether the original let the dot go after the copy was made, nobody here can know.
 * How many.
 */
export function doubtClaims(tx: Tx, boot_id: number, response: string): number {
  return tx.db
    .query(
      `UPDATE messages
       SET state = 'uncertain', committed_at = claimed_at, released_at = claimed_at, response = ?
       WHERE state IN ('claimed', 'committed') AND state = 'claimed' AND boot_id <> ?`,
    )
    .run(response, boot_id).changes;
}

/** Nothing was found in the Sent folder: not before `look_at` again. */
export function putOffLook(tx: Tx, id: number, look_at: number): void {
  tx.db
    .query(
      "UPDATE messages SET looked_up_at = ?, look_at = ?, looks = looks + 1 WHERE id = ? AND (state = 'uncertain' OR wire_id = 'due')",
    )
    .run(tx.now, look_at, id);
}

/** The mailbox can be read again: every doubt of it is looked up at once, and the pauses begin anew. */
export function lookAtOnce(tx: Tx, inbox_id: number): void {
  tx.db
    .query(
      "UPDATE messages SET look_at = NULL, looks = 0 WHERE state = 'uncertain' AND inbox_id = ?",
    )
    .run(inbox_id);
}

/** Its Message-ID is known, or will not be. */
export function settleWireId(tx: Tx, id: number): void {
  tx.db.query("UPDATE messages SET wire_id = NULL WHERE id = ?").run(id);
}

/** The inbox's provider keeps our ids: nothing is to be learnt of its mails. */
export function dropWireIds(tx: Tx, inbox_id: number): void {
  tx.db
    .query("UPDATE messages SET wire_id = NULL WHERE wire_id = 'due' AND inbox_id = ?")
    .run(inbox_id);
}

/** Whether it arrived is known from now on, or never will be. False when that was settled before. */
export function settleDelivery(tx: Tx, id: number): boolean {
  return (
    tx.db.query("UPDATE messages SET delivery = NULL WHERE id = ? AND delivery = 'due'").run(id)
      .changes > 0
  );
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
       SET recipient = '', subject = '', text = NULL, html = NULL, links = NULL, response = NULL,
         bytes = CASE WHEN state IN ('claimed', 'committed') THEN bytes END, copy = NULL, wire_id = NULL,
         delivery = NULL
       WHERE lead_id = ?`,
    )
    .run(lead_id);
}
