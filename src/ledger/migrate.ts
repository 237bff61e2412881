// Applies each migration once, in order, each in one transaction: half a migration is no migration (Invariant of
// reliability.md S15). A file that was changed after it ran, or a database from a newer imail, is refused.
import type { Database } from "bun:sqlite";
import { createHash } from "node:crypto";

import type { Migration } from "./migrations.ts";

/** The database belongs to another version of the program; the message says what to do. */
export class MigrationError extends Error {}

const hashOf = (sql: string) => createHash("sha256").update(sql).digest("hex");

/** Brings `db` up to date with `migrations`. */
export function migrate(db: Database, migrations: readonly Migration[]): void {
  db.run(
    "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT, WITHOUT ROWID",
  );
  const done = new Map(
    db
      .query<{ name: string; hash: string }, []>("SELECT name, hash FROM migrations")
      .all()
      .map((row) => [row.name, row.hash]),
  );
  const known = new Set(migrations.map(({ name }) => name));
  const foreign = [...done.keys()].filter((name) => !known.has(name));
  if (foreign.length > 0) {
    throw new MigrationError(
      `This data directory was written by a newer imail (${foreign.join(", ")}). Start that version, or restore a backup made by this one.`,
    );
  }
  for (const migration of migrations) {
    const hash = done.get(migration.name);
    if (hash === undefined) apply(db, migration);
    else if (hash !== hashOf(migration.sql)) {
      throw new MigrationError(
        `Migration ${migration.name} is not the one that this database was made with.`,
      );
    }
  }
}

function apply(db: Database, { name, sql }: Migration): void {
  db.run("BEGIN EXCLUSIVE");
  try {
    // Another process may have been faster: two commands can meet a fresh directory at once.
    const done = db.query("SELECT 1 AS one FROM migrations WHERE name = ?").get(name);
    if (done !== null) {
      db.run("ROLLBACK");
      return;
    }
    db.run(sql);
    db.query("INSERT INTO migrations (name, hash) VALUES (?, ?)").run(name, hashOf(sql));
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}
