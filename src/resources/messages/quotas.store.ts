// SQL of what a day has used up. Reserved at the claim, given back when nothing was accepted: only accepted mails count.
import type { Reading, Tx } from "../../ledger/database.ts";

export type QuotaSubject = "inbox" | "campaign" | "campaign_new" | "company";

/** How many of this subject's mails hold a place on that day. */
export function usedOn(
  { db }: Reading,
  day: string,
  subject: QuotaSubject,
  id: number | string,
): number {
  return (
    db
      .query<{ used: number }, [string, string, string]>(
        "SELECT used FROM quotas WHERE day = ? AND subject = ? AND id = ?",
      )
      .get(day, subject, String(id))?.used ?? 0
  );
}

/** Places that are held on days that have not come are held today: the clock was ahead when they were taken. */
export function foldQuotas(tx: Tx, today: string): void {
  tx.db
    .query(
      `INSERT INTO quotas (day, subject, id, used)
       SELECT ?1, subject, id, sum(used) FROM quotas WHERE day > ?1 GROUP BY subject, id
       ON CONFLICT DO UPDATE SET used = used + excluded.used`,
    )
    .run(today);
  tx.db.query("DELETE FROM quotas WHERE day > ?").run(today);
}

/** Takes (1) or gives back (-1) one place of each of these on that day. */
export function moveQuotas(
  tx: Tx,
  day: string,
  places: readonly { subject: QuotaSubject; id: number | string }[],
  by: 1 | -1,
): void {
  const rows = places.map((_, i) => `(?1, ?${2 * i + 3}, ?${2 * i + 4}, max(0, ?2))`).join(", ");
  tx.db
    .query(
      `INSERT INTO quotas (day, subject, id, used) VALUES ${rows}
       ON CONFLICT DO UPDATE SET used = max(0, used + ?2)`,
    )
    .run(day, by, ...places.flatMap(({ subject, id }) => [subject, String(id)]));
}
