// The only writer of workspaces.
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Tier, Workspace as LedgerOwner } from "../../ledger/ledger.ts";

export type { Tier } from "../../ledger/ledger.ts";

export interface Workspace extends LedgerOwner {
  /** How long the text of mails is kept; null for ever. */
  retention_days: number | null;
  created_at: number;
  updated_at: number;
}

const COLUMNS =
  "id, name, zone, tier, postal_address, retention_days, created_at, updated_at" as const;

/** The workspace with this id, or null. */
export function findWorkspace({ db }: Reading, id: number): Workspace | null {
  return db.query<Workspace, [number]>(`SELECT ${COLUMNS} FROM workspaces WHERE id = ?`).get(id);
}

/** All workspaces, oldest first. */
export function listWorkspaces({ db }: Reading): Workspace[] {
  return db.query<Workspace, []>(`SELECT ${COLUMNS} FROM workspaces ORDER BY id`).all();
}

/** A part of all workspaces, newest first. */
export function listWorkspacesBelow(
  { db }: Reading,
  { before, limit, offset }: { before: number; limit: number; offset: number },
): Workspace[] {
  return db
    .query<Workspace, [number, number, number]>(
      `SELECT ${COLUMNS} FROM workspaces WHERE id < ? ORDER BY id DESC LIMIT ? OFFSET ?`,
    )
    .all(before, limit, offset);
}

/** The sealed data key, or null when there is no such workspace. */
export function findSealedDataKey({ db }: Reading, id: number): Uint8Array | null {
  const row = db
    .query<{ data_key: Uint8Array }, [number]>("SELECT data_key FROM workspaces WHERE id = ?")
    .get(id);
  return row?.data_key ?? null;
}

interface NewWorkspace {
  id: number;
  name: string;
  zone: string;
  tier: Tier;
  data_key: Uint8Array;
}

export function insertWorkspace(
  { db, now }: Tx,
  { id, name, zone, tier, data_key }: NewWorkspace,
): void {
  db.query(
    "INSERT INTO workspaces (id, name, zone, tier, data_key, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
  ).run(id, name, zone, tier, data_key, now, now);
}

export function updateWorkspace(
  { db, now }: Tx,
  { id, name, zone, tier, postal_address, retention_days }: Workspace,
): void {
  db.query(
    `UPDATE workspaces
     SET name = ?, zone = ?, tier = ?, postal_address = ?, retention_days = ?, updated_at = ?
     WHERE id = ?`,
  ).run(name, zone, tier, postal_address, retention_days, now, id);
}
