// The sent journal: what was written is read again, what a crash tore is passed over.
import { expect, test } from "bun:test";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";

import { type JournalLine, readLine } from "../../src/ledger/journal-line.ts";
import { openJournal } from "../../src/ledger/journal.ts";

const path = () => `${process.env["TMPDIR"] ?? "/tmp"}/imail-journal-${Bun.randomUUIDv7()}.sent`;
const lineOf = (message_id: number): JournalLine => ({
  kind: "commit",
  at: 1_800_000_000_000,
  message_id,
  enrollment_id: 2,
  campaign_id: 3,
  step_id: 4,
  inbox_id: 5,
  hash: "ab".repeat(32),
  reason: "",
});

test("lines are read as they were written, over a restart too", () => {
  const file = path();
  const journal = openJournal(file);
  journal.append([lineOf(1), lineOf(2)]);
  journal.sync();
  journal.close();
  const again = openJournal(file);
  again.append([lineOf(3)]);
  expect(again.tail(100_000)).toEqual([lineOf(1), lineOf(2), lineOf(3)]);
  again.close();
});

test("it holds no plain address and only its owner may read it", () => {
  const file = path();
  const journal = openJournal(file);
  journal.append([lineOf(1)]);
  journal.close();
  expect(readFileSync(file, "utf8")).not.toContain("@");
  expect(statSync(file).mode & 0o077).toBe(0);
});

test("a line that a crash tore is passed over, and the next one stands alone", () => {
  const file = path();
  const journal = openJournal(file);
  journal.append([lineOf(1)]);
  journal.close();
  appendFileSync(file, "1 commit 18000000");
  const again = openJournal(file);
  again.append([lineOf(2)]);
  expect(again.tail(100_000)).toEqual([lineOf(1), lineOf(2)]);
  again.close();
});

test("a line in which a bit has flipped does not count", () => {
  const file = path();
  const journal = openJournal(file);
  journal.append([lineOf(1), lineOf(2)]);
  journal.close();
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(" 1 2 3", " 9 2 3"));
  const again = openJournal(file);
  expect(again.tail(100_000)).toEqual([lineOf(2)]);
  again.close();
});

test("a tail that begins within a line leaves that line out", () => {
  const file = path();
  const journal = openJournal(file);
  journal.append([lineOf(1), lineOf(2)]);
  const size = statSync(file).size;
  expect(journal.tail(size / 2 + 10)).toEqual([lineOf(2)]);
  journal.close();
});

test("what is no line at all is nothing", () => {
  for (const text of ["", " ", "1 commit", "x ".repeat(20)]) expect(readLine(text)).toBeNull();
});
