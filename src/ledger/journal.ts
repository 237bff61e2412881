// The sent journal: a line per commit, outside the database, never inside a backup. A restored database that lacks
// a line is older than what was sent, and must not send it again (Exim's journal idea).
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";

import { type JournalLine, readLine, readLines, writeLine } from "./journal-line.ts";
import { shortenJournal } from "./journal-shortening.ts";

export type { JournalLine } from "./journal-line.ts";

export interface Journal {
  /** Appends all lines with one write. Throws when the disk refuses: then nothing may be let go, and no line stays. */
  append(lines: readonly JournalLine[]): void;
  /** fsync, if anything was appended since the last one. */
  sync(): void;
  /** The last lines, oldest first, as far as `bytes` reach back. */
  tail(bytes: number): JournalLine[];
  /** Where it ends now, as a mark that is recognised again. */
  end(): string;
  /** The lines behind a mark, oldest first; all lines where there is none or the mark is not of this journal. */
  since(mark: string | null): Iterable<JournalLine>;
  close(): void;
}

/** The end of a line by which a place is recognised again: its check sum. */
const SEAL_BYTES = 8;

/**
 * Opens the journal at `path`; a line that a crash tore is closed, so that the next one stands alone. Commits before
 * `keep_since` (ms UTC) may go when the file has grown large.
 */
export function openJournal(path: string, keep_since = 0): Journal {
  shortenJournal(path, keep_since);
  const torn = existsSync(path) && !endsWithNewline(path);
  const file = openSync(path, "a+", 0o600);
  let dirty = false;
  const write = (text: string) => {
    dirty = true;
    const before = fstatSync(file).size;
    try {
      const bytes = Buffer.from(text, "utf8");
      let done = 0;
      while (done < bytes.length) done += writeSync(file, bytes, done);
    } catch (error) {
      // Half a group would say of mails that they went out.
      ftruncateSync(file, before);
      throw error;
    }
  };
  if (torn) write("\n");
  const sealBefore = (offset: number): string => {
    const seal = Buffer.alloc(SEAL_BYTES);
    if (offset <= SEAL_BYTES) return "";
    readSync(file, seal, 0, SEAL_BYTES, offset - SEAL_BYTES - 1);
    return seal.toString("latin1");
  };
  return {
    append(lines) {
      if (lines.length > 0) write(lines.map(writeLine).join(""));
    },
    sync() {
      if (!dirty) return;
      fsyncSync(file);
      dirty = false;
    },
    tail(bytes) {
      const size = fstatSync(file).size;
      const length = Math.min(size, bytes);
      const buffer = Buffer.alloc(length);
      readSync(file, buffer, 0, length, size - length);
      return buffer
        .toString("utf8")
        .split("\n")
        .map(readLine)
        .filter((line) => line !== null);
    },
    end() {
      const { size } = fstatSync(file);
      return `${size} ${sealBefore(size)}`;
    },
    since(mark) {
      const [offset = "0", seal = ""] = (mark ?? "").split(" ");
      const at = Number(offset);
      const is_mine = at <= fstatSync(file).size && sealBefore(at) === seal;
      return readLines(file, is_mine ? at : 0);
    },
    close() {
      if (dirty) fsyncSync(file);
      closeSync(file);
    },
  };
}

function endsWithNewline(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const size = fstatSync(file).size;
    if (size === 0) return true;
    const last = Buffer.alloc(1);
    readSync(file, last, 0, 1, size - 1);
    return last[0] === 0x0a;
  } finally {
    closeSync(file);
  }
}

/** A journal that forgets: for ledgers in memory. */
export function openMemoryJournal(): Journal {
  const lines: JournalLine[] = [];
  return {
    append: (more) => void lines.push(...more),
    sync: () => undefined,
    tail: () => lines,
    end: () => String(lines.length),
    since: (mark) => lines.slice(Number(mark ?? 0)),
    close: () => undefined,
  };
}
