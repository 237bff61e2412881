// SQL of mails that the sent journal knows and this database does not: whoever has that address is not sent that step again.

import type { Reading, Tx } from "../../ledger/database.ts";

export interface JournaledMail {
  campaign_id: number;
  step_id: number;
  /** Keyed hash of the address. */
  key: Uint8Array;
  message_id: number;
  sent_at: number;
}

/** Is there any? Mostly not, and then nobody's address needs to be hashed. */
export function hasJournaledMails({ db }: Reading): boolean {
  return db.query("SELECT 1 AS one FROM journaled_mails LIMIT 1").get() !== null;
}

export function insertJournaledMail(tx: Tx, mail: JournaledMail): void {
  tx.db
    .query(
      `INSERT INTO journaled_mails (campaign_id, step_id, key, message_id, sent_at)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    )
    .run(mail.campaign_id, mail.step_id, mail.key, mail.message_id, mail.sent_at);
}

export function findJournaledMail(
  { db }: Reading,
  place: Pick<JournaledMail, "campaign_id" | "step_id" | "key">,
): JournaledMail | null {
  return db
    .query<JournaledMail, [number, number, Uint8Array]>(
      `SELECT campaign_id, step_id, key, message_id, sent_at
       FROM journaled_mails
       WHERE campaign_id = ? AND step_id = ? AND key = ?`,
    )
    .get(place.campaign_id, place.step_id, place.key);
}
