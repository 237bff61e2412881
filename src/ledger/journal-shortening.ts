// Keeps the sent journal from growing for ever: what no restore needs any more goes, opt-outs and erasures never do.

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";

import { type JournalLine, readLines, writeLine } from "./journal-line.ts";

/** Below this size nothing is gained. A line takes about 190 bytes: 64 MB are 350,000 mails. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** Only when the oldest commit is so much older than what is kept: not at every start. */
const SLACK_MS = 90 * 86_400_000;
const BATCH_BYTES = 1024 * 1024;

/** Drops the commits before `keep_since` from a large journal. A crash leaves the old file or the new one. */
export function shortenJournal(path: string, keep_since: number, large_bytes = LARGE_BYTES): void {
  if (keep_since === 0 || !existsSync(path) || statSync(path).size < large_bytes) return;
  const file = openSync(path, "r");
  try {
    const oldest = firstCommit(readLines(file, 0));
    if (oldest === null || oldest >= keep_since - SLACK_MS) return;
    const shorter = `${path}.tmp`;
    writeAll(shorter, readLines(file, 0), ({ kind, at }) => kind !== "commit" || at >= keep_since);
    renameSync(shorter, path);
  } finally {
    closeSync(file);
  }
}

function firstCommit(lines: Iterable<JournalLine>): number | null {
  for (const { kind, at } of lines) if (kind === "commit") return at;
  return null;
}

function writeAll(
  path: string,
  lines: Iterable<JournalLine>,
  keeps: (line: JournalLine) => boolean,
): void {
  const file = openSync(path, "w", 0o600);
  try {
    let text = "";
    const flush = () => {
      const bytes = Buffer.from(text, "latin1");
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      text = "";
    };
    for (const line of lines) {
      if (keeps(line)) text += writeLine(line);
      if (text.length > BATCH_BYTES) flush();
    }
    flush();
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
