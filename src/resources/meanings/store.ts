// The only writer of corrections of what replies mean.

import type { Reading, Tx } from "../../ledger/database.ts";

export interface CorrectionRow {
  reply_id: number;
  said: string;
  category: string;
  rule: string | null;
  version: number;
  features: Uint8Array;
}

/** Keeps a correction in place of the reply's earlier one. */
export function keepCorrection(tx: Tx, row: CorrectionRow): void {
  tx.db
    .query(
      `INSERT INTO meaning_corrections (reply_id, said, category, rule, version, features, corrected_at)
       VALUES ($reply_id, $said, $category, $rule, $version, $features, $now)
       ON CONFLICT (reply_id) DO UPDATE
       SET category = $category, rule = $rule, version = $version, features = $features, corrected_at = $now`,
    )
    .run({ ...row, now: tx.now });
}

/** Drops the oldest corrections above this many. */
export function pruneCorrections(tx: Tx, most: number): void {
  tx.db
    .query(
      `DELETE FROM meaning_corrections
       WHERE reply_id IN (SELECT reply_id FROM meaning_corrections ORDER BY corrected_at DESC, reply_id DESC LIMIT -1 OFFSET ?)`,
    )
    .run(most);
}

export function dropCorrection(tx: Tx, reply_id: number): void {
  tx.db.query("DELETE FROM meaning_corrections WHERE reply_id = ?").run(reply_id);
}

export function dropCorrectionsOfLead(tx: Tx, lead_id: number): void {
  tx.db
    .query(
      "DELETE FROM meaning_corrections WHERE reply_id IN (SELECT id FROM replies WHERE lead_id = ?)",
    )
    .run(lead_id);
}

/** All corrections of this version of the features, oldest first. */
export function listCorrections({ db }: Reading, version: number): CorrectionRow[] {
  return db
    .query<CorrectionRow, [number]>(
      `SELECT reply_id, said, category, rule, version, features FROM meaning_corrections
       WHERE version = ? ORDER BY corrected_at, reply_id`,
    )
    .all(version);
}

/** What imail had said of the correction's reply, or null where there is none. */
export function findSaid({ db }: Reading, reply_id: number): string | null {
  const row = db
    .query<{ said: string }, [number]>("SELECT said FROM meaning_corrections WHERE reply_id = ?")
    .get(reply_id);
  return row?.said ?? null;
}

/** What imail said of a reply, or null where there is no such reply. */
export function findCategory({ db }: Reading, reply_id: number): string | null {
  const row = db
    .query<{ category: string | null }, [number]>("SELECT category FROM replies WHERE id = ?")
    .get(reply_id);
  return row?.category ?? null;
}

/** How many of people's replies have a category. */
export function countJudged({ db }: Reading): number {
  const row = db
    .query<{ n: number }, []>(
      "SELECT count(*) AS n FROM replies WHERE kind = 'reply' AND category IS NOT NULL",
    )
    .get();
  return row?.n ?? 0;
}

/** Corrections by what imail had said, and how many of them said otherwise. */
export function countCorrections({ db }: Reading): { said: string; n: number; wrong: number }[] {
  return db
    .query<{ said: string; n: number; wrong: number }, []>(
      `SELECT said, count(*) AS n, sum(category <> said) AS wrong FROM meaning_corrections
       GROUP BY said ORDER BY said`,
    )
    .all();
}
