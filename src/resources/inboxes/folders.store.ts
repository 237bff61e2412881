// SQL of where reading stands: a cursor per folder and UIDVALIDITY (RFC 9051 2.3.1.1).
import type { FolderRole } from "../../core/mail-port.ts";
import type { Reading, Tx } from "../../ledger/database.ts";

export interface FolderRow {
  path: string;
  role: FolderRole;
  uidvalidity: number;
  /** The first UID that was not judged yet. */
  next_uid: number;
  read_at: number;
}

export function findFolder({ db }: Reading, inbox_id: number, path: string): FolderRow | null {
  return db
    .query<FolderRow, [number, string]>(
      "SELECT path, role, uidvalidity, next_uid, read_at FROM folders WHERE inbox_id = ? AND path = ?",
    )
    .get(inbox_id, path);
}

/** Moves the cursor, or begins at one. */
export function setCursor(tx: Tx, inbox_id: number, folder: Omit<FolderRow, "read_at">): void {
  tx.db
    .query(
      `INSERT INTO folders (inbox_id, path, role, uidvalidity, next_uid, read_at)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET role = excluded.role, uidvalidity = excluded.uidvalidity, next_uid = excluded.next_uid,
         read_at = excluded.read_at`,
    )
    .run(inbox_id, folder.path, folder.role, folder.uidvalidity, folder.next_uid, tx.now);
}
