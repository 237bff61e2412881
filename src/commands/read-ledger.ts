// A workspace's ledger for commands that only look: read-only, beside a running server or without one.

import { existsSync } from "node:fs";
import { join } from "node:path";

import type { Mode } from "../core/states.ts";
import { closeDatabase, openDatabase } from "../ledger/database.ts";
import { ledgerFile } from "../ledger/ledgers.ts";
import { LEDGER_MIGRATIONS } from "../ledger/migrations.ts";
import { listMigrations, type OnlyReading, openReadOnly } from "../ledger/read-only.ts";
import { CommandError, EXIT } from "./output.ts";

/** Opens the ledger; one that the server has not made yet is empty. Throws where another version wrote it. */
export function openLedgerToRead(dir: string, workspace_id: number, mode: Mode): OnlyReading {
  const path = join(dir, ledgerFile(workspace_id, mode));
  if (!existsSync(path)) {
    const db = openDatabase(":memory:", LEDGER_MIGRATIONS);
    return { db, close: () => closeDatabase(db) };
  }
  const reading = openReadOnly(path);
  const fault = findVersionFault(reading, path);
  if (fault === null) return reading;
  reading.close();
  throw new CommandError("database_version", EXIT.failed, fault);
}

/** Why this program cannot read a ledger's tables, or null. */
function findVersionFault(reading: OnlyReading, path: string): string | null {
  const had = listMigrations(reading);
  const known = LEDGER_MIGRATIONS.map(({ name }) => name);
  if (had.some((name) => !known.includes(name))) {
    return `${path} was written by a newer imail: use that one.`;
  }
  return had.length < known.length
    ? `${path} was written by an older imail. Start this one once, and it brings it up to date.`
    : null;
}
