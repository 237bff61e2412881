// SQL that asks when an inbox last took a slot. It changes nothing.

import type { Reading } from "../../ledger/database.ts";

/** When this inbox last sent, or began to, ms UTC; null where it never did. */
export function lastSlotAt({ db }: Reading, inbox_id: number): number | null {
  return (
    db
      .query<{ at: number | null }, [number]>(
        "SELECT max(slot_at) AS at FROM messages WHERE inbox_id = ? AND slot_at IS NOT NULL",
      )
      .get(inbox_id)?.at ?? null
  );
}
