// The sent journal: what was written is read again, what a crash tore is passed over.
import { expect, test } from "bun:test";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

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

/** Appends lines until the disk refuses one, and one more when there is room again. */
const APPENDS = `
  const { openJournal } = await import(process.env.MODULE);
  const journal = openJournal(process.env.JOURNAL);
  const line = ${JSON.stringify(lineOf(0))};
  let written = 0;
  let refused = false;
  try {
    for (; written < 1000; written++) journal.append([{ ...line, message_id: written }]);
  } catch {
    refused = true;
  }
  Bun.spawnSync(["prlimit", "--pid", String(process.pid), "--fsize=unlimited:"]);
  journal.append([{ ...line, message_id: 1000 }]);
  console.log(JSON.stringify({ written, refused }));`;

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

test("a disk that fills up in the midst of a line leaves nothing of it behind", () => {
  const file = path();
  // A limit on the size of its files is a full disk for a process of its own.
  const limited = Bun.spawnSync(
    ["bash", "-c", `ulimit -S -f 2; trap '' XFSZ; exec "$0" "$@"`, process.execPath, "-e", APPENDS],
    {
      env: {
        ...process.env,
        JOURNAL: file,
        MODULE: join(import.meta.dir, "../../src/ledger/journal.ts"),
      },
    },
  );
  const told = JSON.parse(limited.stdout.toString()) as { written: number; refused: boolean };
  expect(told.refused).toBe(true);
  const journal = openJournal(file);
  expect(journal.tail(100_000).map(({ message_id }) => message_id)).toEqual([
    ...Array.from({ length: told.written }, (_, i) => i),
    1000,
  ]);
  journal.close();
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(told.written + 2);
});
