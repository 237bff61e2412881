// Would opening the databases of a directory change them? Asked before anything is opened, so that a copy can be made first.

import { join } from "node:path";

import { databasesIn } from "./backup.ts";
import { CONTROL_MIGRATIONS, LEDGER_MIGRATIONS } from "./migrations.ts";
import { listMigrations, openReadOnly } from "./read-only.ts";

/** Is a database there that lacks a migration? A directory without data has none. */
export function isMigrationDue(dir: string): boolean {
  return databasesIn(dir).some((name) => {
    const had = readMigrations(join(dir, name));
    const known = name === "control.db" ? CONTROL_MIGRATIONS : LEDGER_MIGRATIONS;
    return had !== null && had.length > 0 && known.some((one) => !had.includes(one.name));
  });
}

/** Null for a file that a first start has not finished: there is nothing in it to lose. */
function readMigrations(path: string): string[] | null {
  const reading = openReadOnly(path);
  try {
    return listMigrations(reading);
  } catch {
    return null;
  } finally {
    reading.close();
  }
}
