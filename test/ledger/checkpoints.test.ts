// The write-ahead log goes into the database beside the commits: nothing of it is lost, and it does not stay long.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Checkpoints, openCheckpoints } from "../../src/ledger/checkpoints.ts";
import { closeDatabase, type Database, openDatabase } from "../../src/ledger/database.ts";

let dir: string;
let db: Database;
let faults: string[];
let checkpoints: Checkpoints;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "imail-checkpoints-"));
  db = openDatabase(join(dir, "one.db"), []);
  db.run("CREATE TABLE things (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT");
  faults = [];
  checkpoints = openCheckpoints(
    () => [db],
    (fault) => faults.push(fault),
  );
});

afterEach(async () => {
  await checkpoints.close();
  closeDatabase(db);
  rmSync(dir, { recursive: true });
});

const sizeOf = (name: string) => statSync(join(dir, name)).size;
const fill = (things: number) => {
  const insert = db.query("INSERT INTO things (text) VALUES (?)");
  db.transaction(() => {
    for (let i = 0; i < things; i++) insert.run("x".repeat(1000));
  })();
};
const count = () => db.query<{ n: number }, []>("SELECT count(*) AS n FROM things").get()?.n;

/** Looks as the engine does until `done`, for at most ten seconds: a real thread does the work. */
async function lookUntil(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error("the log was not emptied");
    checkpoints.look();
    // oxlint-disable-next-line no-await-in-loop -- a poll of a thread
    await Bun.sleep(5);
  }
}

test("a commit never moves the log into the database itself", () => {
  const before = sizeOf("one.db");
  fill(10_000);
  expect(sizeOf("one.db")).toBe(before);
  expect(sizeOf("one.db-wal")).toBeGreaterThan(10_000_000);
});

test("a small log is emptied in a quiet moment, without a thread", () => {
  fill(100);
  checkpoints.look();
  expect(sizeOf("one.db-wal")).toBeGreaterThan(100_000);
  checkpoints.look();
  expect(sizeOf("one.db-wal")).toBe(0);
  expect(count()).toBe(100);
});

test("a large log is emptied by a thread, with all that stands in it", async () => {
  fill(10_000);
  await lookUntil(() => sizeOf("one.db-wal") === 0);
  expect([count(), faults]).toEqual([10_000, []]);
  expect(sizeOf("one.db")).toBeGreaterThan(10_000_000);
});

test("a log stays bounded while somebody writes all the time", async () => {
  let largest = 0;
  let moved = 0;
  await lookUntil(() => {
    fill(2000);
    const bytes = sizeOf("one.db-wal");
    if (bytes < largest) moved++;
    largest = Math.max(largest, bytes);
    return moved > 3;
  });
  expect(faults).toEqual([]);
});

test("a database in memory has no log and is left alone", () => {
  const memory = openDatabase(":memory:", []);
  const looks = openCheckpoints(
    () => [memory],
    (fault) => faults.push(fault),
  );
  looks.look();
  looks.look();
  closeDatabase(memory);
  expect(faults).toEqual([]);
});
