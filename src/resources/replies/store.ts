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

/** A stored reply, with what people have done to it. */
export interface KeptReply extends ReplyRow {
  /** What a person says it means; `category` is the machine's. */
  person_category: string | null;
  corrected_by: string | null;
  attached_by: string | null;
  read_at: number | null;
  /** 1: the machine's category is only the best of several. */
  unsure: number | null;
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

/** Where an untracked mail lies: folder and UID under a UIDVALIDITY (RFC 9051 2.3.1.1). */
export interface MailPlace {
  folder: string;
  uidvalidity: number;
  uid: number;
}

/** Lists a mail that may be an answer: its envelope, and where its body can be fetched. */
export function insertUntracked(
  tx: Tx,
  reply: Omit<ReplyRow, "id" | "matched_by" | "text" | "evidence">,
  place: MailPlace,
): number {
  const id = insertReply(tx, { ...reply, matched_by: "untracked", text: "", evidence: null });
  setPlace(tx, id, place);
  return id;
}

function setPlace(tx: Tx, id: number, place: MailPlace): void {
  tx.db
    .query("UPDATE replies SET folder = ?, uidvalidity = ?, uid = ? WHERE id = ?")
    .run(place.folder, place.uidvalidity, place.uid, id);
}

/** An untracked mail was seen again at another place: a copy, or new numbers of the server. The newest can be fetched. */
export function moveUntracked(
  tx: Tx,
  mail: { inbox_id: number; header_id: string },
  place: MailPlace,
): void {
  const found = tx.db
    .query<{ id: number }, [number, string]>(
      "SELECT id FROM replies WHERE matched_by = 'untracked' AND inbox_id = ? AND header_id = ?",
    )
    .all(mail.inbox_id, mail.header_id);
  for (const { id } of found) setPlace(tx, id, place);
}

/** How many automatic mails of this address are kept that came between the two instants (ms UTC). */
export function countAutomatic(
  { db }: Reading,
  sender: string,
  { from, to }: { from: number; to: number },
): number {
  return (
    db
      .query<{ n: number }, [string, number, number]>(
        "SELECT count(*) AS n FROM replies WHERE kind = 'auto_reply' AND sender = ? AND received_at > ? AND received_at <= ?",
      )
      .get(sender, from, to)?.n ?? 0
  );
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

/** What a KeptReply is read from. */
export const REPLY_COLUMNS = `id, kind, category, confidence, source, evidence, matched_by, inbox_id, lead_id, campaign_id, message_id, sender,
  subject, text, header_id, return_date, enhanced_status, fault, received_at, person_category, corrected_by, attached_by, read_at, unsure`;

/** A reply of a lead or an untracked one; what is left of an erased person's is not found. */
export function findKept({ db }: Reading, id: number): KeptReply | null {
  return db
    .query<KeptReply, [number]>(
      `SELECT ${REPLY_COLUMNS} FROM replies WHERE id = ? AND (lead_id IS NOT NULL OR matched_by = 'untracked')`,
    )
    .get(id);
}

/** A reply with the place where its body lies, which only an untracked one has. */
export type PlacedReply = KeptReply & {
  folder: string | null;
  uidvalidity: number | null;
  uid: number | null;
};

/** An untracked reply, with its place. */
export function findPlaced({ db }: Reading, id: number): PlacedReply | null {
  return db
    .query<PlacedReply, [number]>(
      `SELECT ${REPLY_COLUMNS}, folder, uidvalidity, uid FROM replies WHERE id = ? AND matched_by = 'untracked'`,
    )
    .get(id);
}

/** The newest of the lead's answers that says what it means, or null. */
export function findLastMeaning({ db }: Reading, lead_id: number): string | null {
  return (
    db
      .query<{ category: string | null }, [number]>(
        `SELECT coalesce(person_category, category) AS category
         FROM replies
         WHERE lead_id = ? AND kind = 'reply' AND coalesce(person_category, category) IS NOT NULL
         ORDER BY received_at DESC, id DESC
         LIMIT 1`,
      )
      .get(lead_id)?.category ?? null
  );
}

export function setRead(tx: Tx, id: number, read: boolean): void {
  tx.db
    .query("UPDATE replies SET read_at = CASE WHEN ?1 THEN coalesce(read_at, ?2) END WHERE id = ?3")
    .run(Number(read), tx.now, id);
}

/** A person's word, beside the machine's; what the mail is follows it. */
export function setCategory(
  tx: Tx,
  id: number,
  { kind, category, by }: { kind: ReplyRow["kind"]; category: string; by: string },
): void {
  tx.db
    .query("UPDATE replies SET kind = ?, person_category = ?, corrected_by = ? WHERE id = ?")
    .run(kind, category, by, id);
}

/** A mail that matched nobody for sure turns out to be a lead's: its words are kept. False when it is somebody's already. */
export function attachToLead(
  tx: Tx,
  id: number,
  to: {
    lead_id: number;
    campaign_id: number | null;
    message_id: number | null;
    by: string;
    /** What was read of it; null where it could not be. */
    text: string | null;
  },
): boolean {
  const { changes } = tx.db
    .query(
      `UPDATE replies
       SET lead_id = $lead_id, campaign_id = $campaign_id, message_id = $message_id, attached_by = $by,
         matched_by = 'by_hand', text = coalesce($text, text),
         folder = NULL, uidvalidity = NULL, uid = NULL
       WHERE id = $id AND matched_by IN ('untracked', 'possible', 'related')`,
    )
    .run({ ...to, id });
  return changes > 0;
}

/** Takes the person out of a lead's replies; kinds and instants stay (Invariant 8). */
export function eraseRepliesOfLead(tx: Tx, lead_id: number): void {
  tx.db
    .query(
      `UPDATE replies
       SET lead_id = NULL, sender = '', subject = '', text = '', header_id = NULL, evidence = NULL,
         evidence_start = NULL, evidence_end = NULL, return_date = NULL
       WHERE lead_id = ?`,
    )
    .run(lead_id);
}

/** Envelopes of mails that this person wrote and that were attached to nobody (Invariant 8). */
export function eraseUntrackedFrom(tx: Tx, email: string): void {
  tx.db
    .query(
      "DELETE FROM replies WHERE lead_id IS NULL AND matched_by = 'untracked' AND sender = ? COLLATE NOCASE",
    )
    .run(email);
}
