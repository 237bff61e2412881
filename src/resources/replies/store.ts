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

/** Where an untracked mail lies: folder and UID under a UIDVALIDITY (RFC 9051 2.3.1.1). */
export interface MailPlace {
  folder: string;
  uidvalidity: number;
  uid: number;
}

/** A reply with its place, which only an untracked one has. */
export type PlacedReply = ReplyRow & { [name in keyof MailPlace]: MailPlace[name] | null };

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

export function findReply({ db }: Reading, id: number): PlacedReply | null {
  return db
    .query<PlacedReply, [number]>(
      `SELECT id, kind, category, confidence, source, evidence, matched_by, inbox_id, lead_id, campaign_id, message_id, sender,
         subject, text, header_id, return_date, enhanced_status, fault, received_at, folder, uidvalidity, uid
       FROM replies WHERE id = ?`,
    )
    .get(id);
}

/** A person has said whose answer it is: from now on it is one, with what was read of it. */
export function attach(
  tx: Tx,
  id: number,
  whose: Pick<
    ReplyRow,
    "kind" | "category" | "evidence" | "text" | "lead_id" | "campaign_id" | "message_id"
  >,
): void {
  tx.db
    .query(
      `UPDATE replies
       SET matched_by = 'by_hand', kind = $kind, category = $category, evidence = $evidence, text = $text,
         lead_id = $lead_id, campaign_id = $campaign_id, message_id = $message_id, attached_at = $now
       WHERE id = $id`,
    )
    .run({ ...whose, id, now: tx.now });
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
       SET lead_id = NULL, sender = '', subject = '', text = '', header_id = NULL, evidence = NULL
       WHERE lead_id = ?`,
    )
    .run(lead_id);
}

/** Takes the envelopes of an erased person's untracked mails away. */
export function eraseUntrackedFrom(tx: Tx, sender: string): void {
  tx.db.query("DELETE FROM replies WHERE matched_by = 'untracked' AND sender = ?").run(sender);
}
