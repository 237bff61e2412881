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

/** A mail whose dot was let go, or an address that must stay unmailed. Addresses only as keyed hashes. */
export interface JournalLine {
  kind: "commit" | "suppress" | "erase";
  at: number;
  message_id: number;
  enrollment_id: number;
  campaign_id: number;
  step_id: number;
  inbox_id: number;
  hash: string;
}

export interface Journal {
  /** Appends all lines with one write. Throws when the disk refuses: then nothing may be let go. */
  append(lines: readonly JournalLine[]): void;
  /** fsync, if anything was appended since the last one. */
  sync(): void;
  /** The last lines, oldest first, as far as `bytes` reach back. */
  tail(bytes: number): JournalLine[];
  close(): void;
}

const FORMAT = "1";

function crc(text: string): string {
  return Bun.hash.crc32(text).toString(16).padStart(8, "0");
}

function writeLine(line: JournalLine): string {
  const body = [
    FORMAT,
    line.kind,
    line.at,
    line.message_id,
    line.enrollment_id,
    line.campaign_id,
    line.step_id,
    line.inbox_id,
    line.hash,
  ].join(" ");
  return `${body} ${crc(body)}\n`;
}

/** A line as it was written, or null when it is torn or was changed. */
export function readLine(text: string): JournalLine | null {
  const cut = text.lastIndexOf(" ");
  if (cut < 0 || crc(text.slice(0, cut)) !== text.slice(cut + 1)) return null;
  const [format, kind, at, message_id, enrollment_id, campaign_id, step_id, inbox_id, hash] =
    text.split(" ");
  if (format !== FORMAT || (kind !== "commit" && kind !== "suppress" && kind !== "erase"))
    return null;
  return {
    kind,
    at: Number(at),
    message_id: Number(message_id),
    enrollment_id: Number(enrollment_id),
    campaign_id: Number(campaign_id),
    step_id: Number(step_id),
    inbox_id: Number(inbox_id),
    hash: hash ?? "",
  };
}

/** Opens the journal at `path`; a line that a crash tore is closed, so that the next one stands alone. */
export function openJournal(path: string): Journal {
  const torn = existsSync(path) && !endsWithNewline(path);
  const file = openSync(path, "a+", 0o600);
  let dirty = false;
  const write = (text: string) => {
    dirty = true;
    const bytes = Buffer.from(text, "utf8");
    const { size } = fstatSync(file);
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(file, bytes, done);
    } catch (error) {
      // What a full disk took of it would run into the next line, and tell of mails that were never let go.
      ftruncateSync(file, size);
      throw error;
    }
  };
  if (torn) write("\n");
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
    close: () => undefined,
  };
}
