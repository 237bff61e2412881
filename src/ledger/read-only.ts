// A database as somebody who only looks has it: beside a running server or without one, never migrated, never changed.

import { Database } from "bun:sqlite";

import type { Reading } from "./database.ts";

export interface OnlyReading extends Reading {
  close(): void;
}

/** Opens an existing database for looking. Throws where there is none, or where it is no database. */
export function openReadOnly(path: string): OnlyReading {
  const db = new Database(path, { readonly: true, strict: true });
  db.run("PRAGMA busy_timeout = 5000");
  db.run("PRAGMA trusted_schema = OFF");
  return { db, close: () => db.close() };
}

/** What SQLite's quick check complains about, at most ten lines; [] for a sound file. */
export function checkQuickly({ db }: Reading): string[] {
  const rows = db.query<{ quick_check: string }, []>("PRAGMA quick_check(10)").all();
  return rows.map(({ quick_check }) => quick_check).filter((line) => line !== "ok");
}

/** The migrations that a database has had, in their order. */
export function listMigrations({ db }: Reading): string[] {
  return db
    .query<{ name: string }, []>("SELECT name FROM migrations ORDER BY name")
    .all()
    .map(({ name }) => name);
}
