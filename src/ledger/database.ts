// Opens a SQLite file in the one way that keeps our promises: WAL with synchronous=FULL, so that a commit that
// was answered survives power loss (NORMAL would re-send mails: reliability.md 0.3).
import { Database } from "bun:sqlite";

import type { Clock } from "../core/clock.ts";
import { nextId } from "../core/ids.ts";
import { migrate } from "./migrate.ts";
import type { Migration } from "./migrations.ts";
import { forgetAll } from "./tx-memo.ts";

export type { Database } from "bun:sqlite";

/** What a reading function needs. A ledger, a transaction and control.db all are one. */
export interface Reading {
  readonly db: Database;
}

/** One durable transaction: one `now`, ids above every earlier one. */
export interface Tx extends Reading {
  readonly now: number;
  id(): number;
  /** "Look again" for one of the engine's verbs, told after the commit. A hint: losing it costs seconds, never mail. */
  nudge(verb: Verb): void;
}

export type Verb = "send" | "read" | "notify";

export type Write = <T>(work: (tx: Tx) => T) => T;

// Bun keeps the last 20 statements only: a round alone asks more, and what was dropped is compiled again at every call.
Database.MAX_QUERY_CACHE_SIZE = 1000;

// Checkpoints are made beside the commits (checkpoints.ts). Only a log of 256 MB, when nobody has looked after it, makes a
// commit pay: a disk that fills up is worse than a request that waits.
const LOG_PAGES_MOST = 65_536;

// A Database that nobody references is closed by the garbage collector and its locks vanish with it.
const opened = new Set<Database>();

/** By its text in a map: Bun compares it with one kept statement after the other, each time that it is asked. */
function keepStatements(db: Database): void {
  const prepare = db.query.bind(db);
  const kept = new Map<string, ReturnType<typeof prepare>>();
  const query = (sql: string) => {
    const known = kept.get(sql);
    if (known) return known;
    const made = prepare(sql);
    // What Bun does not keep it does not end when the database is closed.
    if (kept.size < Database.MAX_QUERY_CACHE_SIZE) kept.set(sql, made);
    return made;
  };
  Object.defineProperty(db, "query", { value: query });
}

/** Opens (and makes) the database at `path`, or in memory for ":memory:", and brings it up to date. */
export function openDatabase(path: string, migrations: readonly Migration[]): Database {
  const db = new Database(path, { create: true, strict: true });
  opened.add(db);
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run("PRAGMA foreign_keys = ON");
    db.run("PRAGMA trusted_schema = OFF");
    db.run("PRAGMA cell_size_check = ON");
    db.run("PRAGMA secure_delete = ON");
    db.run("PRAGMA temp_store = MEMORY");
    db.run(`PRAGMA wal_autocheckpoint = ${LOG_PAGES_MOST}`);
    db.run(`PRAGMA journal_size_limit = ${16 * 1024 * 1024}`);
    if (process.platform === "darwin") {
      db.run("PRAGMA fullfsync = 1");
      db.run("PRAGMA checkpoint_fullfsync = 1");
    }
    migrate(db, migrations);
    keepStatements(db);
  } catch (error) {
    closeDatabase(db);
    throw error;
  }
  return db;
}

const CACHE_KB = 2000;
const LARGE_CACHE_KB = 256 * 1024;
const grown = new WeakSet<Database>();

/** Keeps many more pages in memory, until a quiet time (checkpoints.ts): an import is many calls. */
export function growCache({ db }: Reading): void {
  if (grown.has(db)) return;
  grown.add(db);
  db.run(`PRAGMA cache_size = -${LARGE_CACHE_KB}`);
}

/** Gives back what `growCache` took. */
export function shrinkCache({ db }: Reading): void {
  if (!grown.delete(db)) return;
  db.run(`PRAGMA cache_size = -${CACHE_KB}`);
  db.run("PRAGMA shrink_memory");
}

/** Another number than before: another process has written to this file since. */
export function versionOf({ db }: Reading): number {
  return db.query<{ data_version: number }, []>("PRAGMA data_version").get()?.data_version ?? 0;
}

/** Another number than before: this process has changed a row of this file since. */
export function changesOf({ db }: Reading): number {
  return db.query<{ n: number }, []>("SELECT total_changes() AS n").get()?.n ?? 0;
}

export function closeDatabase(db: Database): void {
  opened.delete(db);
  db.close();
}

/** The highest id of the file, so that new ids are above it and an event cursor misses nothing. */
export function highestId(db: Database): number {
  const tables = db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%id %INTEGER PRIMARY KEY%'",
    )
    .all();
  const ids = tables.map(({ name }) => {
    const row = db.query<{ id: number | null }, []>(`SELECT max(id) AS id FROM "${name}"`).get();
    return row?.id ?? 0;
  });
  return Math.max(0, ...ids);
}

interface WriterOptions {
  db: Database;
  clock: Clock;
  onNudge: (verb: Verb) => void;
  /** Told of every SQLite error before it is thrown on: a full disk needs room to be made. */
  onError: (error: unknown) => void;
}

export interface Writer {
  /** One transaction. A write inside a write is a bug and throws. */
  write: Write;
  /**
   * Everything that `work` writes to this file, with `write` too, is one transaction: all of it is there after a crash
   * or nothing. `work` must not wait, so no other write can slip in.
   */
  together: Write;
}

const NO_WAITING = "a transaction must not wait: it would commit at the first await";

/** The one writer of a file. */
export function openWriter(options: WriterOptions): Writer {
  const { db, clock } = options;
  let last = highestId(db);
  let writing = false;
  let joined: Tx | null = null;
  const join: Write = (work) => {
    const tx = joined;
    if (!tx) throw new Error("a write inside a write: pass the transaction on instead");
    // While it works a second write inside it is a bug again.
    joined = null;
    db.query("SAVEPOINT joined").run();
    try {
      const result = work(tx);
      if (result instanceof Promise) throw new Error(NO_WAITING);
      db.query("RELEASE joined").run();
      return result;
    } catch (error) {
      // What the caller catches must be undone as if it had been a transaction of its own.
      if (db.inTransaction) db.run("ROLLBACK TO joined; RELEASE joined");
      forgetAll(tx);
      throw error;
    } finally {
      joined = tx;
    }
  };
  const run = <T>(work: (tx: Tx) => T, joins: boolean): T => {
    if (writing) return join(work);
    writing = true;
    const before = last;
    const nudges = new Set<Verb>();
    const now = clock.now();
    const tx: Tx = {
      db,
      now,
      id: () => (last = nextId(last, now)),
      nudge: (verb) => nudges.add(verb),
    };
    try {
      db.run("BEGIN IMMEDIATE");
      try {
        joined = joins ? tx : null;
        const result = work(tx);
        if (result instanceof Promise) throw new Error(NO_WAITING);
        db.run("COMMIT");
        for (const verb of nudges) options.onNudge(verb);
        return result;
      } catch (error) {
        if (db.inTransaction) db.run("ROLLBACK");
        last = before;
        throw error;
      }
    } catch (error) {
      options.onError(error);
      throw error;
    } finally {
      joined = null;
      writing = false;
    }
  };
  return { write: (work) => run(work, false), together: (work) => run(work, true) };
}
