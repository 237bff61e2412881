// SQL of what a day has used up. Reserved at the claim, given back when nothing was accepted: only accepted mails count.
import type { Reading, Tx } from "../../ledger/database.ts";
import { openTxMemo } from "../../ledger/tx-memo.ts";

export type QuotaSubject = "inbox" | "campaign" | "campaign_new" | "company";

const memo = openTxMemo<number>();
const keyOf = (day: string, subject: QuotaSubject, id: number | string) =>
  `${day} ${subject} ${id}`;

/** How many of this subject's mails hold a place on that day. */
export function usedOn(
  reading: Reading,
  day: string,
  subject: QuotaSubject,
  id: number | string,
): number {
  return memo.of(reading, keyOf(day, subject, id), () => {
    const row = reading.db
      .query<{ used: number }, [string, string, string]>(
        "SELECT used FROM quotas WHERE day = ? AND subject = ? AND id = ?",
      )
      .get(day, subject, String(id));
    return row?.used ?? 0;
  });
}

/** Places that are held on days that have not come are held today: the clock was ahead when they were taken. */
export function foldQuotas(tx: Tx, today: string): void {
  memo.clear(tx);
  tx.db
    .query(
      `INSERT INTO quotas (day, subject, id, used)
       SELECT ?1, subject, id, sum(used) FROM quotas WHERE day > ?1 GROUP BY subject, id
       ON CONFLICT DO UPDATE SET used = used + excluded.used`,
    )
    .run(today);
  tx.db.query("DELETE FROM quotas WHERE day > ?").run(today);
}

// By the number of places: as few texts as there are kinds of mails, each made once.
const moves = new Map<number, string>();

function moveOf(count: number): string {
  const known = moves.get(count);
  if (known !== undefined) return known;
  const rows = Array.from(
    { length: count },
    (_, i) => `(?1, ?${2 * i + 3}, ?${2 * i + 4}, max(0, ?2))`,
  );
  const sql = `INSERT INTO quotas (day, subject, id, used) VALUES ${rows.join(", ")}
    ON CONFLICT DO UPDATE SET used = max(0, used + ?2)`;
  moves.set(count, sql);
  return sql;
}

/** Takes (1) or gives back (-1) one place of each of these on that day. */
export function moveQuotas(
  tx: Tx,
  day: string,
  places: readonly { subject: QuotaSubject; id: number | string }[],
  by: 1 | -1,
): void {
  const values: string[] = [];
  for (const { subject, id } of places) {
    memo.forget(tx, keyOf(day, subject, id));
    values.push(subject, String(id));
  }
  tx.db.query(moveOf(places.length)).run(day, by, ...values);
}
