// A copy of some rows of a ledger, in memory, for trying out what would happen. The file itself is open for reading only and
// lies behind the copy: SQLite lets no statement write to it.

import { Database } from "bun:sqlite";

import { bindOnce } from "./bind-once.ts";

/** Where the rows come from: a ledger's file, or the image of one that lives in memory (`db.serialize()`). */
export type CopySource = { path: string } | { image: Uint8Array };

export interface LedgerCopy {
  readonly db: Database;
  /** Copies the rows of `table` for which `where` holds; `instead` has SQL for columns that are not taken as they are. */
  take(rows: {
    table: string;
    where: string;
    values?: readonly (string | number)[];
    instead?: Record<string, string>;
  }): number;
  /**
   * Ends the taking: from now on these tables seldom change, and what was asked of a row by its number is not asked again.
   * Such answers are shared: whoever gets one must not change it.
   */
  settle(still: readonly string[]): void;
  close(): void;
}

/** Opens the tables of a ledger anew and empty: rows are taken from one moment of it. */
export function openCopy(source: CopySource): LedgerCopy {
  const db =
    "path" in source
      ? new Database(source.path, { readonly: true, strict: true })
      : Database.deserialize(source.image, { readonly: true, strict: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("PRAGMA trusted_schema = OFF");
    db.run("PRAGMA temp_store = MEMORY");
    db.run("PRAGMA temp.journal_mode = OFF");
    // Both were held when the rows were written, and the same code writes on.
    db.run("PRAGMA foreign_keys = OFF");
    db.run("PRAGMA ignore_check_constraints = ON");
    shadow(db);
    db.run("BEGIN");
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    db,
    take: ({ table, where, values = [], instead = {} }) => {
      const columns = columnsOf(db, table);
      const taken = columns.map((column) => instead[column] ?? `"${column}"`);
      return db
        .query(
          `INSERT INTO temp."${table}" ("${columns.join('", "')}") SELECT ${taken.join(", ")} FROM main."${table}" WHERE ${where}`,
        )
        .run(...values).changes;
    },
    settle(still) {
      db.run("COMMIT");
      askLess(db, new Set(still));
      // One transaction for good: nothing in here is ever to be kept.
      db.run("BEGIN");
    },
    close: () => db.close(),
  };
}

/** Every table and index a second time, in the schema `temp`: a name without a schema means that one (sqlite.org/lang_naming). */
function shadow(db: Database): void {
  const things = db
    .query<{ sql: string }, []>(
      `SELECT sql
       FROM main.sqlite_schema
       WHERE sql LIKE 'CREATE TABLE %' OR sql LIKE 'CREATE INDEX %' OR sql LIKE 'CREATE UNIQUE INDEX %'
       ORDER BY type DESC`,
    )
    .all();
  for (const { sql } of things)
    db.run(sql.replace(/^CREATE (TABLE|INDEX|UNIQUE INDEX)\s+/, "CREATE $1 temp."));
}

function columnsOf(db: Database, table: string): string[] {
  return db
    .query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?, 'main')")
    .all(table)
    .map(({ name }) => name);
}

const TABLES_READ = /\b(?:FROM|JOIN)\s+([a-z_]+)/g;
const TABLE_WRITTEN = /^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)/;

interface Asking {
  all(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  run(...values: unknown[]): unknown;
}
type Answers = Map<unknown, unknown>;

/** Answers again what was asked by one number of tables that have not changed since. */
function askLess(db: Database, still: ReadonlySet<string>): void {
  const prepare = (sql: string): Asking => db.prepare(sql);
  const kept = new Map<string, Asking>();
  const answers: Answers[] = [];
  const asking = (sql: string): Asking => {
    const statement = prepare(bindOnce(sql));
    const written = TABLE_WRITTEN.exec(sql)?.[1];
    if (written !== undefined && still.has(written)) return forgetting(statement, answers);
    const read = [...sql.matchAll(TABLES_READ)].map(([, table]) => table ?? "");
    const is_still = read.length > 0 && read.every((table) => still.has(table));
    return is_still ? remembering(statement, answers) : statement;
  };
  const query = (sql: string): Asking => {
    const there = kept.get(sql);
    if (there) return there;
    const made = asking(sql);
    kept.set(sql, made);
    return made;
  };
  Object.defineProperty(db, "query", { value: query });
}

function forgetting(statement: Asking, answers: readonly Answers[]): Asking {
  return {
    all: (...values) => statement.all(...values),
    get: (...values) => statement.get(...values),
    run(...values) {
      for (const known of answers) known.clear();
      return statement.run(...values);
    },
  };
}

function remembering(statement: Asking, answers: Answers[]): Asking {
  const recall = (how: "all" | "get") => {
    const known: Answers = new Map();
    answers.push(known);
    return (...values: unknown[]): unknown => {
      const [key] = values;
      if (values.length !== 1 || typeof key !== "number") return statement[how](...values);
      const there = known.get(key);
      if (there !== undefined) return there;
      const found = statement[how](key);
      known.set(key, found);
      return found;
    };
  };
  return { all: recall("all"), get: recall("get"), run: (...values) => statement.run(...values) };
}
