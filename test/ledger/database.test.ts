// One writer, one transaction, one `now`, ids that only grow.
import { expect, test } from "bun:test";

import {
  closeDatabase,
  type Database,
  openDatabase,
  openWriter,
  type Verb,
} from "../../src/ledger/database.ts";

const SCHEMA = [
  { name: "0001_things", sql: "CREATE TABLE things (id INTEGER PRIMARY KEY, word TEXT) STRICT" },
];

function opened(path = ":memory:") {
  const db = openDatabase(path, SCHEMA);
  const time = { now: Date.UTC(2027, 0, 1) };
  const nudges: Verb[] = [];
  const errors: unknown[] = [];
  const { write, together } = openWriter({
    db,
    clock: { now: () => time.now },
    onNudge: (verb) => nudges.push(verb),
    onError: (error) => errors.push(error),
  });
  return { db, time, write, together, nudges, errors };
}

const count = (db: Database) =>
  db.query<{ n: number }, []>("SELECT count(*) AS n FROM things").get()?.n;

test("what was committed survives power loss: WAL, synchronous FULL, foreign keys on", () => {
  const { db } = opened(
    `${process.env["TMPDIR"] ?? "/tmp"}/imail-pragmas-${Bun.randomUUIDv7()}.db`,
  );
  const pragma = (name: string) =>
    Object.values(db.query<Record<string, unknown>, []>(`PRAGMA ${name}`).get() ?? {})[0];
  expect(pragma("journal_mode")).toBe("wal");
  expect(pragma("synchronous")).toBe(2);
  expect(pragma("foreign_keys")).toBe(1);
  expect(pragma("secure_delete")).toBe(1);
  expect(pragma("trusted_schema")).toBe(0);
  expect(pragma("busy_timeout")).toBe(5000);
  closeDatabase(db);
});

test("ids grow although the clock goes back, and after a restart too", () => {
  const { db, time, write } = opened();
  const insert = () =>
    write((tx) => {
      const id = tx.id();
      tx.db.query("INSERT INTO things (id, word) VALUES (?, '')").run(id);
      return id;
    });
  const first = insert();
  time.now -= 86_400_000;
  const second = insert();
  expect(second).toBeGreaterThan(first);
  const { write: after_restart } = openWriter({
    db,
    clock: { now: () => time.now },
    onNudge: () => undefined,
    onError: () => undefined,
  });
  expect(after_restart((tx) => tx.id())).toBeGreaterThan(second);
});

test("a transaction that throws leaves nothing behind and tells nobody", () => {
  const { db, write, nudges, errors } = opened();
  const work = () =>
    write((tx) => {
      tx.db.query("INSERT INTO things (id, word) VALUES (1, '')").run();
      tx.nudge("send");
      throw new Error("no");
    });
  expect(work).toThrow("no");
  expect(count(db)).toBe(0);
  expect(nudges).toEqual([]);
  expect(errors).toHaveLength(1);
});

test("nudges come after the commit, each verb once", () => {
  const { write, nudges } = opened();
  write((tx) => {
    tx.nudge("send");
    tx.nudge("send");
    tx.nudge("notify");
    expect(nudges).toEqual([]);
  });
  expect(nudges).toEqual(["send", "notify"]);
});

test("a write inside a write and a transaction that waits are bugs", () => {
  const { db, write } = opened();
  expect(() => write(() => write(() => 1))).toThrow("a write inside a write");
  expect(() =>
    write(async (tx) => {
      tx.db.query("INSERT INTO things (id, word) VALUES (1, '')").run();
    }),
  ).toThrow("must not wait");
  expect(count(db)).toBe(0);
  expect(write(() => 7)).toBe(7);
});

test("a forgotten parameter is an error and not NULL", () => {
  const { db } = opened();
  expect(() =>
    db.query("INSERT INTO things (id, word) VALUES ($id, $word)").run({ id: 1 }),
  ).toThrow();
});

test("writes that belong together are there all or not at all, and nudge when they are", () => {
  const { db, write, together, nudges } = opened();
  const insert = (word: string) =>
    write((tx) => {
      tx.db.query("INSERT INTO things (id, word) VALUES (?, ?)").run(tx.id(), word);
      tx.nudge("send");
    });
  const failing = () =>
    write((tx) => {
      tx.db.query("INSERT INTO things (id, word) VALUES (?, 'lost')").run(tx.id());
      throw new Error("no");
    });
  expect(() =>
    together(() => {
      insert("one");
      throw new Error("after the first");
    }),
  ).toThrow("after the first");
  expect([count(db), nudges]).toEqual([0, []]);
  together(() => {
    insert("one");
    // What is caught is undone by itself, as it would be without the others.
    expect(failing).toThrow("no");
    insert("two");
    expect(nudges).toEqual([]);
  });
  expect(db.query("SELECT word FROM things ORDER BY id").values()).toEqual([["one"], ["two"]]);
  expect(nudges).toEqual(["send"]);
});

test("together or not, a write inside a write is a bug, and so is one that waits", () => {
  const { db, write, together } = opened();
  const nested = () => write(() => write(() => 1));
  expect(nested).toThrow("a write inside a write");
  expect(() => together(() => nested())).toThrow("a write inside a write");
  expect(() => together(() => Promise.resolve(1))).toThrow("must not wait");
  expect(() => together(() => write(() => Promise.resolve(1)))).toThrow("must not wait");
  expect([write(() => 1), count(db)]).toEqual([1, 0]);
});
