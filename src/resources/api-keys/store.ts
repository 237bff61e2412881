// The only writer of api_keys. Of a secret only its SHA-256 is kept: it has 256 random bits, so no slow hash is needed.
import type { Mode } from "../../core/states.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
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

/** The key with this public id and the hash of its secret, or null. */
export function findKeyWithHash(
  { db }: Reading,
  public_id: string,
): { key: KeyRow; secret_hash: Uint8Array } | null {
  const row = db
    .query<StoredKey & { secret_hash: Uint8Array }, [string]>(
      `SELECT ${COLUMNS}, secret_hash FROM api_keys WHERE public_id = ?`,
    )
    .get(public_id);
  if (!row) return null;
  const { secret_hash, ...rest } = row;
  return { key: fromRow(rest), secret_hash };
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

/** A key that is revoked stays revoked at its first instant. */
export function setRevoked({ db, now }: Tx, id: number): void {
  db.query("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL").run(now, id);
}

export function setLastUsed({ db, now }: Tx, id: number): void {
  db.query("UPDATE api_keys SET last_used_at = ? WHERE id = ?").run(now, id);
}
