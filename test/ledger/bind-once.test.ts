// A question that is made cheap to ask has the answer that it had before.
import { expect, test } from "bun:test";

import { bindOnce } from "../../src/ledger/bind-once.ts";
import { closeDatabase, openDatabase, openWriter } from "../../src/ledger/database.ts";
import { openTxMemo } from "../../src/ledger/tx-memo.ts";

const MIGRATIONS = [
  { name: "1", sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER) STRICT" },
];

const ignore = () => undefined;

function openTable() {
  const db = openDatabase(":memory:", MIGRATIONS);
  for (let id = 1; id <= 9; id++) db.run("INSERT INTO t (id, n) VALUES (?, ?)", [id, id % 3]);
  return db;
}

test("values in a subquery give the rows that bound values give", () => {
  const db = openTable();
  const asked: [string, number[]][] = [
    ["SELECT id FROM t WHERE n = ? AND id > ? ORDER BY id DESC LIMIT ?", [1, 1, 2]],
    ["SELECT max(id) AS id FROM t WHERE n IN (?1, ?2) AND id < ?1 + 7", [1, 2]],
    ["SELECT id FROM t WHERE n = ? LIMIT 2", [2]],
  ];
  for (const [sql, values] of asked) {
    const once = bindOnce(sql);
    expect(once).not.toBe(sql);
    expect(db.query(once).all(...values)).toEqual(db.query(sql).all(...values));
    expect(bindOnce(once)).toBe(once);
  }
  closeDatabase(db);
});

test("statements that are compiled once anyway stay as they are", () => {
  for (const sql of ["SELECT n FROM t WHERE id = ?", "UPDATE t SET n = max(n, ?) WHERE id = ?"])
    expect(bindOnce(sql)).toBe(sql);
});

test("what was read in a part that was undone is read again", () => {
  const db = openTable();
  const clock = { now: () => 1, mono: () => 1 };
  const { write, together } = openWriter({ db, clock, onNudge: ignore, onError: ignore });
  const memo = openTxMemo<number>();
  const count = () => db.query<{ n: number }, []>("SELECT count(*) AS n FROM t").get()?.n ?? 0;
  together((tx) => {
    const read = () => memo.of(tx, "rows", count);
    expect(read()).toBe(9);
    expect(() =>
      write(() => {
        db.run("DELETE FROM t");
        memo.forget(tx, "rows");
        expect(read()).toBe(0);
        throw new Error("undone");
      }),
    ).toThrow("undone");
    expect(read()).toBe(9);
  });
  closeDatabase(db);
});
