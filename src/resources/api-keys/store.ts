// The only writer of api_keys. Of a secret only its SHA-256 is kept: it has 256 random bits, so no slow hash is needed.
import type { Mode } from "../../core/states.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Tier } from "../../ledger/ledger.ts";
import { readJson } from "../../ledger/row.ts";

export interface KeyRow {
  id: number;
  /** What stands before the dot: `imk_live_…`. Public. */
  public_id: string;
  workspace_id: number;
  mode: Mode;
  name: string;
  scopes: string[];
  created_at: number;
  last_used_at: number | null;
  expires_at: number | null;
  revoked_at: number | null;
}

type StoredKey = Omit<KeyRow, "scopes"> & { scopes: string };

const COLUMNS =
  "id, public_id, workspace_id, mode, name, scopes, created_at, last_used_at, expires_at, revoked_at" as const;

const fromRow = (row: StoredKey): KeyRow => ({ ...row, scopes: readJson<string[]>(row.scopes) });

/** The key with this public id, the hash of its secret and the tier of its workspace, or null. */
export function findKeyWithHash(
  { db }: Reading,
  public_id: string,
): { key: KeyRow; secret_hash: Uint8Array; tier: Tier } | null {
  const row = db
    .query<StoredKey & { secret_hash: Uint8Array; tier: Tier }, [string]>(
      `SELECT ${COLUMNS}, secret_hash,
         (SELECT w.tier FROM workspaces w WHERE w.id = api_keys.workspace_id) AS tier
       FROM api_keys
       WHERE public_id = ?`,
    )
    .get(public_id);
  if (!row) return null;
  const { secret_hash, tier, ...rest } = row;
  return { key: fromRow(rest), secret_hash, tier };
}

/** The key with this id, or null. */
export function findKey({ db }: Reading, id: number): KeyRow | null {
  const row = db.query<StoredKey, [number]>(`SELECT ${COLUMNS} FROM api_keys WHERE id = ?`).get(id);
  return row ? fromRow(row) : null;
}

/** All keys of this installation, newest first. */
export function listKeyRows({ db }: Reading): KeyRow[] {
  return db
    .query<StoredKey, []>(`SELECT ${COLUMNS} FROM api_keys ORDER BY id DESC`)
    .all()
    .map(fromRow);
}

interface KeyFilter {
  workspace_id: number;
  mode: Mode;
  status: KeyStatus;
}

interface Part {
  /** Older than this id. */
  before: number;
  offset: number;
  limit: number;
}

export const KEY_STATUSES = ["active", "expired", "revoked"] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

const IS: Record<KeyStatus, string> = {
  active: "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3)",
  expired: "revoked_at IS NULL AND expires_at <= ?3",
  revoked: "revoked_at IS NOT NULL AND ?3 > 0",
};
const fits = (status: KeyStatus) => `workspace_id = ?1 AND mode = ?2 AND ${IS[status]}`;

/** The keys of one workspace and mode in one state at `now` (ms UTC), newest first. */
export function listKeysOf(
  { db }: Reading,
  { workspace_id, mode, status }: KeyFilter,
  now: number,
  { before, limit, offset }: Part,
): KeyRow[] {
  return db
    .query<StoredKey, [number, string, number, number, number, number]>(
      `SELECT ${COLUMNS}
       FROM api_keys
       WHERE ${fits(status)} AND id < ?4
       ORDER BY id DESC
       LIMIT ?5 OFFSET ?6`,
    )
    .all(workspace_id, mode, now, before, limit, offset)
    .map(fromRow);
}

/** How many there are of them. */
export function countKeysOf(
  { db }: Reading,
  { workspace_id, mode, status }: KeyFilter,
  now: number,
): number {
  const row = db
    .query<{ n: number }, [number, string, number]>(
      `SELECT count(*) AS n FROM api_keys WHERE ${fits(status)}`,
    )
    .get(workspace_id, mode, now);
  return row?.n ?? 0;
}

type NewKey = Pick<
  KeyRow,
  "public_id" | "workspace_id" | "mode" | "name" | "scopes" | "expires_at"
> & {
  secret_hash: Uint8Array;
};

export function insertKey(tx: Tx, key: NewKey): number {
  const id = tx.id();
  tx.db
    .query(
      `INSERT INTO api_keys (id, public_id, secret_hash, workspace_id, mode, name, scopes, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      id,
      key.public_id,
      key.secret_hash,
      key.workspace_id,
      key.mode,
      key.name,
      JSON.stringify(key.scopes),
      tx.now,
      key.expires_at,
    );
  return id;
}

export function updateKey(
  { db }: Tx,
  { id, name, scopes, expires_at }: Pick<KeyRow, "id" | "name" | "scopes" | "expires_at">,
): void {
  db.query("UPDATE api_keys SET name = ?, scopes = ?, expires_at = ? WHERE id = ?").run(
    name,
    JSON.stringify(scopes),
    expires_at,
    id,
  );
}

/** Another secret for the same key: the one before is good no more. */
export function setSecret({ db }: Tx, id: number, secret_hash: Uint8Array): void {
  db.query("UPDATE api_keys SET secret_hash = ? WHERE id = ?").run(secret_hash, id);
}

/** A key that is revoked stays revoked at its first instant. */
export function setRevoked({ db, now }: Tx, id: number): void {
  db.query("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL").run(now, id);
}

export function setLastUsed({ db, now }: Tx, id: number): void {
  db.query("UPDATE api_keys SET last_used_at = ? WHERE id = ?").run(now, id);
}
