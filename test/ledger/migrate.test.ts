// Migrations: each once, in order, whole or not at all; and the schema is what the golden files say.
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";

import { closeDatabase, type Database, openDatabase } from "../../src/ledger/database.ts";
import { MigrationError } from "../../src/ledger/migrate.ts";
import {
  CONTROL_MIGRATIONS,
  LEDGER_MIGRATIONS,
  type Migration,
} from "../../src/ledger/migrations.ts";

function schemaOf(migrations: readonly Migration[]): string {
  const db = openDatabase(":memory:", migrations);
  const rows = db
    .query<{ sql: string }, []>(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name",
    )
    .all();
  closeDatabase(db);
  return `${rows.map(({ sql }) => sql).join(";\n\n")};\n`;
}

const tables = (db: Database) =>
  db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations' ORDER BY name",
    )
    .all()
    .map(({ name }) => name);

/** Opens a file twice with two lists of migrations; what the second opening throws, or null. */
function reopened(first: readonly Migration[], second: readonly Migration[]): unknown {
  const path = `${process.env["TMPDIR"] ?? "/tmp"}/imail-migrate-${Bun.randomUUIDv7()}.db`;
  closeDatabase(openDatabase(path, first));
  try {
    closeDatabase(openDatabase(path, second));
    return null;
  } catch (error) {
    return error;
  }
}

const one: Migration = {
  name: "0001_one",
  sql: "CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT",
};
const two: Migration = {
  name: "0002_two",
  sql: "CREATE TABLE two (id INTEGER PRIMARY KEY) STRICT",
};

for (const [kind, migrations] of [
  ["control", CONTROL_MIGRATIONS],
  ["ledger", LEDGER_MIGRATIONS],
] as const) {
  test(`the migrated ${kind} database has the golden schema`, async () => {
    const golden = Bun.file(`${import.meta.dir}/${kind}.sql`);
    if (process.env["UPDATE_GOLDEN"] === "1") await Bun.write(golden, schemaOf(migrations));
    expect(schemaOf(migrations)).toBe(await golden.text());
  });

  test(`every file of migrations/${kind} is in the list, in order`, () => {
    const files = readdirSync(`${import.meta.dir}/../../migrations/${kind}`).toSorted();
    expect(migrations.map(({ name }) => `${name}.sql`)).toEqual(files);
  });
}

test("a database that an older program made is brought up to date", () => {
  expect(reopened([one], [one, two])).toBeNull();
});

test("a database of a newer program is refused with a word on what to do", () => {
  const error = reopened([one, two], [one]);
  expect(error).toBeInstanceOf(MigrationError);
  expect(String(error)).toContain("newer imail (0002_two)");
});

test("a migration that was changed after it ran is refused", () => {
  const changed = { ...one, sql: `${one.sql};` };
  expect(reopened([one], [changed])).toBeInstanceOf(MigrationError);
});

test("half a migration is no migration", () => {
  const path = `${process.env["TMPDIR"] ?? "/tmp"}/imail-half-${Bun.randomUUIDv7()}.db`;
  const broken = { name: "0002_two", sql: `${two.sql}; CREATE TABLE two (again INTEGER) STRICT` };
  expect(() => openDatabase(path, [one, broken])).toThrow("already exists");
  const db = openDatabase(path, [one]);
  expect(tables(db)).toEqual(["one"]);
  closeDatabase(db);
});
