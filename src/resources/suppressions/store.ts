// SQL of suppressions: addresses and domains that are never mailed again, and those that were taken back.

import type { Reading, Tx } from "../../ledger/database.ts";

export const SUPPRESSION_REASONS = [
  "unsubscribed",
  "bounced",
  "complained",
  "erased",
  "manual",
] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

export type SuppressionKind = "address" | "domain";

export interface SuppressionRow {
  id: number;
  kind: SuppressionKind;
  value: string | null;
  reason: SuppressionReason;
  source: string;
  evidence: string | null;
  created_at: number;
}

const COLUMNS = "id, kind, value, reason, source, evidence, created_at";

/** What an addition did: a new row, a stronger reason for one that was there, or nothing. */
export type Added = "added" | "raised" | "kept";

/**
 * Adds one; what is there already keeps its first reason, unless a person's own wish comes to what was only somebody
 * else's: a manual entry may be taken back, an opt-out may not.
 */
export function insertSuppression(
  tx: Tx,
  row: Omit<SuppressionRow, "id" | "created_at"> & { key: Uint8Array },
): Added {
  const added = tx.db
    .query(
      `INSERT INTO suppressions (id, kind, value, key, reason, source, evidence, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO NOTHING`,
    )
    .run(tx.id(), row.kind, row.value, row.key, row.reason, row.source, row.evidence, tx.now);
  if (added.changes > 0) return "added";
  const raised = tx.db
    .query(
      `UPDATE suppressions
       SET reason = ?1, source = ?2, evidence = ?3
       WHERE key = ?4 AND reason IN ('manual', 'bounced') AND ?1 IN ('unsubscribed', 'complained')`,
    )
    .run(row.reason, row.source, row.evidence, row.key);
  return raised.changes > 0 ? "raised" : "kept";
}

export function findSuppressionById({ db }: Reading, id: number): SuppressionRow | null {
  return db
    .query<SuppressionRow, [number]>(`SELECT ${COLUMNS} FROM suppressions WHERE id = ?`)
    .get(id);
}

/** The suppression that covers an address: its own or its domain's. */
/** Is anybody on the list? */
export function hasSuppressions({ db }: Reading): boolean {
  return db.query("SELECT 1 AS one FROM suppressions LIMIT 1").get() !== null;
}

/** Those of these keys (hex) that are on the list. */
export function listKnownKeys({ db }: Reading, keys: readonly string[]): Set<string> {
  const rows = db
    .query<{ key: string }, [string]>(
      `SELECT lower(hex(s.key)) AS key
       FROM json_each(?) asked
       CROSS JOIN suppressions s ON s.key = unhex(asked.value)`,
    )
    .all(JSON.stringify(keys));
  return new Set(rows.map(({ key }) => key));
}

const BY_KEY = `SELECT ${COLUMNS} FROM suppressions WHERE key = ?`;

export function findSuppressionByKeys(
  { db }: Reading,
  address_key: Uint8Array,
  domain_key: Uint8Array,
): SuppressionRow | null {
  const by_key = db.query<SuppressionRow, [Uint8Array]>(BY_KEY);
  return by_key.get(address_key) ?? by_key.get(domain_key);
}

export interface SuppressionFilter {
  kind: SuppressionKind | null;
  reason: SuppressionReason | null;
  /** A part of the address or domain. */
  q: string | null;
  /** Only those with one of these keys, or null. */
  keys: { address: Uint8Array; domain: Uint8Array } | null;
}

const MATCHES = `($kind IS NULL OR kind = $kind)
  AND ($reason IS NULL OR reason = $reason)
  AND ($q IS NULL OR instr(value, lower($q)) > 0)
  AND ($address IS NULL OR key IN ($address, $domain))`;

type Binding = string | number | Uint8Array | null;

const bindings = ({ kind, reason, q, keys }: SuppressionFilter) => ({
  kind,
  reason,
  q,
  address: keys?.address ?? null,
  domain: keys?.domain ?? null,
});

/** Those below the id `before`, newest first. */
export function listSuppressions(
  { db }: Reading,
  filter: SuppressionFilter,
  place: { before: number; limit: number; offset: number },
): SuppressionRow[] {
  return db
    .query<SuppressionRow, Record<string, Binding>>(
      `SELECT ${COLUMNS}
       FROM suppressions
       WHERE id < $before AND ${MATCHES}
       ORDER BY id DESC
       LIMIT $limit OFFSET $offset`,
    )
    .all({ ...bindings(filter), ...place });
}

/** How many the filter lets through. */
export function countSuppressions({ db }: Reading, filter: SuppressionFilter): number {
  return (
    db
      .query<{ n: number }, Record<string, Binding>>(
        `SELECT count(*) AS n FROM suppressions WHERE ${MATCHES}`,
      )
      .get(bindings(filter))?.n ?? 0
  );
}

/** Takes one off the list; what it was is kept, with the proof of consent. */
export function liftSuppression(tx: Tx, id: number, consent: string | null): void {
  tx.db
    .query(
      `INSERT INTO lifted_suppressions (id, kind, key, reason, source, evidence, consent, created_at, lifted_at)
       SELECT id, kind, key, reason, source, evidence, ?, created_at, ?
       FROM suppressions
       WHERE id = ?`,
    )
    .run(consent, tx.now, id);
  tx.db.query("DELETE FROM suppressions WHERE id = ?").run(id);
}

/** Forgets the plain value of an erased person; the keyed hash stays. */
export function eraseSuppressionValue(tx: Tx, key: Uint8Array): void {
  tx.db
    .query(
      "UPDATE suppressions SET value = NULL, evidence = NULL, reason = 'erased', erased_at = ? WHERE key = ?",
    )
    .run(tx.now, key);
  tx.db
    .query("UPDATE lifted_suppressions SET evidence = NULL, consent = NULL WHERE key = ?")
    .run(key);
}

/** Is this key that of an erased person? */
export function isErased({ db }: Reading, key: Uint8Array): boolean {
  return (
    db
      .query<{ one: number }, [Uint8Array]>(
        "SELECT 1 AS one FROM suppressions WHERE key = ? AND reason = 'erased'",
      )
      .get(key) !== null
  );
}

/** When a person was last erased, ms UTC, or null. */
export function lastErasureAt({ db }: Reading): number | null {
  return (
    db
      .query<{ at: number | null }, []>(
        "SELECT max(erased_at) AS at FROM suppressions WHERE erased_at IS NOT NULL",
      )
      .get()?.at ?? null
  );
}

/** A slice of all leads: those of this domain among the next `limit` behind the id `after`. */
export interface CoveredSlice {
  lead_ids: number[];
  /** The last id that was looked at, or null when there is no more. */
  last_id: number | null;
}

export function listCovered(
  { db }: Reading,
  { domain, after, limit }: { domain: string; after: number; limit: number },
): CoveredSlice {
  const last_id =
    db
      .query<{ id: number | null }, [number, number]>(
        "SELECT max(id) AS id FROM (SELECT id FROM leads WHERE id > ? ORDER BY id LIMIT ?)",
      )
      .get(after, limit)?.id ?? null;
  if (last_id === null) return { lead_ids: [], last_id };
  const rows = db
    .query<{ id: number }, [number, number, string]>(
      "SELECT id FROM leads WHERE id > ? AND id <= ? AND substr(email, instr(email, '@') + 1) = ? ORDER BY id",
    )
    .all(after, last_id, domain);
  return { lead_ids: rows.map(({ id }) => id), last_id };
}
