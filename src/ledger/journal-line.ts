// One line of the sent journal, as text: fields between spaces and a check sum, so that a torn or changed line is none.

import { readSync } from "node:fs";

/**
 * A mail whose dot was let go, an address or domain that must stay unmailed, or one that may be mailed again. Addresses
 * only as keyed hashes.
 */
export interface JournalLine {
  kind: "commit" | "suppress" | "erase" | "lift";
  at: number;
  message_id: number;
  enrollment_id: number;
  campaign_id: number;
  step_id: number;
  inbox_id: number;
  hash: string;
  /** Of a suppression what was suppressed and why: `address:unsubscribed`; else empty. */
  reason: string;
}

/** Lines of format 1, from before 0.2, have no reason. */
const FORMAT = "2";
const FIRST_FORMAT = "1";
const KINDS: readonly JournalLine["kind"][] = ["commit", "suppress", "erase", "lift"];
const CHUNK_BYTES = 1024 * 1024;

function crc(text: string): string {
  return Bun.hash.crc32(text).toString(16).padStart(8, "0");
}

export function writeLine(line: JournalLine): string {
  const fields = [
    FORMAT,
    line.kind,
    line.at,
    line.message_id,
    line.enrollment_id,
    line.campaign_id,
    line.step_id,
    line.inbox_id,
    line.hash,
    line.reason === "" ? "-" : line.reason,
  ];
  const body = fields.join(" ");
  return `${body} ${crc(body)}\n`;
}

/** A line as it was written, or null when it is torn or was changed. */
export function readLine(text: string): JournalLine | null {
  const cut = text.lastIndexOf(" ");
  if (cut < 0 || crc(text.slice(0, cut)) !== text.slice(cut + 1)) return null;
  const fields = text.slice(0, cut).split(" ");
  const [format, kind, at, message_id, enrollment_id, campaign_id, step_id, inbox_id, hash] =
    fields;
  const known = KINDS.find((one) => one === kind);
  if (known === undefined || (format !== FORMAT && format !== FIRST_FORMAT)) return null;
  const reason = fields[9] ?? "-";
  return {
    kind: known,
    at: Number(at),
    message_id: Number(message_id),
    enrollment_id: Number(enrollment_id),
    campaign_id: Number(campaign_id),
    step_id: Number(step_id),
    inbox_id: Number(inbox_id),
    hash: hash ?? "",
    reason: reason === "-" ? "" : reason,
  };
}

/** The lines of an open file from this offset on, a piece of the file at a time. What is no line is passed over. */
export function* readLines(file: number, from: number): Generator<JournalLine> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = "";
  let offset = from;
  for (;;) {
    const length = readSync(file, chunk, 0, CHUNK_BYTES, offset);
    if (length === 0) return;
    offset += length;
    const pieces = (rest + chunk.toString("latin1", 0, length)).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      const line = readLine(piece);
      if (line) yield line;
    }
  }
}
