// SQL of replies, and of the digests of what was judged: each inbound mail has its effect once (Invariant 7).
import type { Reading, Tx } from "../../ledger/database.ts";

export interface ReplyRow {
  id: number;
  kind:
    "reply" | "auto_reply" | "hard_bounce" | "soft_bounce" | "complaint" | "unsubscribe" | "ignore";
  category: string | null;
  confidence: number | null;
  source: string | null;
  evidence: string | null;
  matched_by: string;
  inbox_id: number;
  lead_id: number | null;
  campaign_id: number | null;
  message_id: number | null;
  sender: string;
  subject: string;
  text: string;
  header_id: string | null;
  return_date: string | null;
  enhanced_status: string | null;
  fault: "mailbox" | "sender" | "transient" | null;
  received_at: number;
}

export function insertReply(tx: Tx, reply: Omit<ReplyRow, "id">): number {
  const id = tx.id();
  tx.db
    .query(
      `INSERT INTO replies (id, kind, category, confidence, source, evidence, matched_by, inbox_id, lead_id, campaign_id,
         message_id, sender, subject, text, header_id, return_date, enhanced_status, fault, received_at)
       VALUES ($id, $kind, $category, $confidence, $source, $evidence, $matched_by, $inbox_id, $lead_id, $campaign_id,
         $message_id, $sender, $subject, $text, $header_id, $return_date, $enhanced_status, $fault, $received_at)`,
    )
    .run({ ...reply, id });
  return id;
}

/** What a person's reply means, as it is judged now. */
export interface ReplyMeaning {
  category: string;
  confidence: number;
  unsure: boolean;
  source: string;
  evidence: string | null;
  evidence_start: number | null;
  evidence_end: number | null;
}

/** Writes down what a reply means. */
export function setMeaning(tx: Tx, id: number, meaning: ReplyMeaning): void {
  tx.db
    .query(
      `UPDATE replies
       SET category = $category, confidence = $confidence, unsure = $unsure, source = $source, evidence = $evidence,
         evidence_start = $evidence_start, evidence_end = $evidence_end
       WHERE id = $id`,
    )
    .run({ ...meaning, unsure: meaning.unsure ? 1 : 0, id });
}

export interface UnsureReply {
  id: number;
  text: string;
  source: string | null;
  lead_id: number | null;
  campaign_id: number | null;
  message_id: number | null;
  inbox_id: number;
}

const UNSURE = "id, text, source, lead_id, campaign_id, message_id, inbox_id";

/** The newest unsure reply since then that the classifier of the settings was not asked about, or null. */
export function findUnsure({ db }: Reading, since: number): UnsureReply | null {
  return db
    .query<UnsureReply, [number]>(
      `SELECT ${UNSURE} FROM replies
       WHERE unsure = 1 AND asked_at IS NULL AND received_at >= ? ORDER BY received_at DESC LIMIT 1`,
    )
    .get(since);
}

/** The reply while it is still unsure, or null. */
export function findStillUnsure({ db }: Reading, id: number): UnsureReply | null {
  return db
    .query<UnsureReply, [number]>(`SELECT ${UNSURE} FROM replies WHERE id = ? AND unsure = 1`)
    .get(id);
}

export function markAsked(tx: Tx, id: number): void {
  tx.db.query("UPDATE replies SET asked_at = ? WHERE id = ?").run(tx.now, id);
}

/** Remembers a mail that has its effect now. False when it had it before: another folder, a reset, a crash. */
export function insertDigest(tx: Tx, inbox_id: number, digest: Uint8Array): boolean {
  const { changes } = tx.db
    .query(
      "INSERT INTO judged_mails (inbox_id, digest, judged_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .run(inbox_id, digest, tx.now);
  return changes > 0;
}

/** Forgets digests that are older than any mail that is still looked at. */
export function pruneDigests(tx: Tx, before: number): number {
  return tx.db
    .query(
      `DELETE FROM judged_mails
       WHERE (inbox_id, digest) IN (SELECT inbox_id, digest FROM judged_mails WHERE judged_at < ? LIMIT 1000)`,
    )
    .run(before).changes;
}

/** Takes the person out of a lead's replies; kinds and instants stay (Invariant 8). */
export function eraseRepliesOfLead(tx: Tx, lead_id: number): void {
  tx.db
    .query(
      `UPDATE replies
       SET lead_id = NULL, sender = '', subject = '', text = '', header_id = NULL, evidence = NULL,
         evidence_start = NULL, evidence_end = NULL
       WHERE lead_id = ?`,
    )
    .run(lead_id);
}
