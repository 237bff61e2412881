// SQL of suppressions: addresses and domains that are never mailed again.
import type { Reading, Tx } from "../../ledger/database.ts";

export type SuppressionReason = "unsubscribed" | "bounced" | "complained" | "erased" | "manual";

export interface SuppressionRow {
  id: number;
  kind: "address" | "domain";
  value: string | null;
  reason: SuppressionReason;
  source: string;
  evidence: string | null;
  created_at: number;
}

/** Adds one; an address that is there already keeps its first reason. True when it is new. */
export function insertSuppression(
  tx: Tx,
  row: Omit<SuppressionRow, "id" | "created_at"> & { key: Uint8Array },
): boolean {
  const { changes } = tx.db
    .query(
      `INSERT INTO suppressions (id, kind, value, key, reason, source, evidence, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO NOTHING`,
    )
    .run(tx.id(), row.kind, row.value, row.key, row.reason, row.source, row.evidence, tx.now);
  return changes > 0;
}

/** The suppression that covers an address: its own or its domain's. */
export function findSuppressionByKeys(
  { db }: Reading,
  address_key: Uint8Array,
  domain_key: Uint8Array,
): SuppressionRow | null {
  return db
    .query<SuppressionRow, [Uint8Array, Uint8Array]>(
      `SELECT id, kind, value, reason, source, evidence, created_at
       FROM suppressions
       WHERE key IN (?, ?)
       ORDER BY kind
       LIMIT 1`,
    )
    .get(address_key, domain_key);
}

/** Forgets the plain value of an erased person; the keyed hash stays. */
export function eraseSuppressionValue(tx: Tx, key: Uint8Array): void {
  tx.db
    .query("UPDATE suppressions SET value = NULL, evidence = NULL, reason = 'erased' WHERE key = ?")
    .run(key);
}
