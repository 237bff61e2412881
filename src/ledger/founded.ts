// Asks from outside whether a data directory is past its first start. Only reads: a second process that opened
// control.db as usual would start to migrate it while the first one is at it.

import { Database } from "bun:sqlite";
import { join } from "node:path";

/** Has control.db of this directory been made, with its installation? */
export function isFounded(dir: string): boolean {
  try {
    using db = new Database(join(dir, "control.db"), { readonly: true });
    const sql = "SELECT 1 AS one FROM installation WHERE key_fingerprint IS NOT NULL";
    return db.query<{ one: number }, []>(sql).get() !== null;
  } catch {
    // No file, no table or no data yet: whoever is at it is not done.
    return false;
  }
}
