// Reads a CSV body, whatever program wrote it: encoding and delimiter are found out, limits hold (reliability.md A10),
// and it is parsed in slices with turns for others in between. A file that cannot be read is refused as a whole, with
// the line, before anything is done with its rows.

import { CsvError, type InfoRecord, parse } from "csv-parse";

import { AppError } from "../core/faults.ts";

const COLUMNS_MOST = 200;
const ROWS_MOST = 5000;
const RECORD_BYTES = 64 * 1024;
const SLICE_CHARACTERS = 32 * 1024;
const DELIMITERS = [",", ";", "\t", "|"];

export interface CsvRow {
  /** In the file, from 1; of a row over several lines the first. */
  line: number;
  cells: string[];
}

export interface CsvTable {
  header: string[];
  rows: CsvRow[];
}

/** The table in a body. The delimiter is the one that leaves a cell in the first line that `isKey` knows. */
export async function readCsv(
  bytes: Uint8Array,
  isKey: (header: string) => boolean,
): Promise<CsvTable> {
  const { text, delimiter, skipped } = cutMark(decodeCsv(bytes));
  const rows = await parseRows(text, delimiter ?? findDelimiter(text, isKey), skipped);
  const [head, ...data] = rows;
  if (!head) throw refusal("", "The CSV is empty. Its first line names the columns.");
  return { header: head.cells, rows: data };
}

function refusal(field: string, message: string): AppError {
  return new AppError("invalid_field", message, { field, details: [{ field, message }] });
}

/** UTF-8, UTF-16 in both orders, else Windows-1252, in which every byte is a letter. */
function decodeCsv(bytes: Uint8Array): string {
  const encoding = findEncoding(bytes);
  try {
    return new TextDecoder(encoding, { fatal: encoding !== "windows-1252" }).decode(bytes);
  } catch {
    if (encoding !== "utf-8")
      throw refusal("", `The CSV looks like ${encoding.toUpperCase()}, but it is damaged.`);
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

function findEncoding(bytes: Uint8Array): Encoding {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  // Without a mark: no text has NUL characters, but every other byte of ASCII in UTF-16 is one.
  const head = bytes.subarray(0, 1024);
  const zeros = [0, 0];
  for (const [at, byte] of head.entries()) {
    if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  }
  const [even = 0, odd = 0] = zeros;
  if (odd > head.length / 5 && even < odd / 4) return "utf-16le";
  if (even > head.length / 5 && odd < even / 4) return "utf-16be";
  return "utf-8";
}

interface Marked {
  text: string;
  delimiter: string | null;
  /** Lines that were cut off. */
  skipped: number;
}

/** Excel tells its delimiter in a line of its own: `sep=;`. */
function cutMark(text: string): Marked {
  const [mark, delimiter] = /^sep=([,;|\t])(?:\r\n|\n|\r)/i.exec(text) ?? [];
  return mark === undefined || delimiter === undefined
    ? { text, delimiter: null, skipped: 0 }
    : { text: text.slice(mark.length), delimiter, skipped: 1 };
}

/** Only the one right delimiter leaves a column alone; of several the one with the most columns. */
function findDelimiter(text: string, isKey: (header: string) => boolean): string {
  let best = { delimiter: ",", columns: 0 };
  for (const delimiter of DELIMITERS) {
    const cells = splitHeader(text, delimiter);
    if (cells.some(isKey) && cells.length > best.columns)
      best = { delimiter, columns: cells.length };
  }
  return best.delimiter;
}

function splitHeader(text: string, delimiter: string): string[] {
  const cells = [""];
  let quoted = false;
  const start = /[^\r\n]/.exec(text.slice(0, RECORD_BYTES))?.index ?? 0;
  for (const character of text.slice(start, start + RECORD_BYTES)) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && (character === "\n" || character === "\r")) break;
    else if (!quoted && character === delimiter) cells.push("");
    else cells[cells.length - 1] += character;
  }
  return cells;
}

interface Parsed {
  record: string[];
  info: InfoRecord;
}

async function parseRows(text: string, delimiter: string, skipped: number): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  const parser = parse({
    delimiter,
    info: true,
    max_record_size: RECORD_BYTES,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  });
  const failed = new Promise<unknown>((resolve) => {
    parser.on("error", resolve).on("close", () => resolve(null));
  });
  // The parser's own count takes a quoted CR LF for two lines.
  let breaks = skipped;
  parser.on("data", ({ record, info }: Parsed) => {
    rows.push({ line: rows.length + 1 + info.empty_lines + breaks, cells: record });
    for (const cell of record) breaks += cell.match(/\r\n|\n|\r/g)?.length ?? 0;
    const fault = findLimitFault(rows, record);
    if (fault) parser.destroy(fault);
  });
  for (let at = 0; at < text.length && !parser.destroyed; at += SLICE_CHARACTERS) {
    parser.write(text.slice(at, at + SLICE_CHARACTERS));
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    await new Promise((resolve) => void setImmediate(resolve));
  }
  if (!parser.destroyed) parser.end();
  const error = await failed;
  if (error !== null) throw readError(error, rows);
  return rows;
}

function findLimitFault(rows: readonly CsvRow[], record: readonly string[]): AppError | null {
  if (rows.length === 1 && record.length > COLUMNS_MOST)
    return refusal("", `The CSV has more than ${COLUMNS_MOST} columns.`);
  return rows.length > ROWS_MOST + 1
    ? refusal("", `The CSV has more than ${ROWS_MOST} rows. Split it into several calls.`)
    : null;
}

function readError(error: unknown, rows: readonly CsvRow[]): unknown {
  if (!(error instanceof CsvError)) return error;
  const last = rows.at(-1);
  const where = last === undefined ? "In the first line" : `Behind line ${last.line}`;
  const what =
    error.code === "CSV_MAX_RECORD_SIZE" || error.code === "CSV_QUOTE_NOT_CLOSED"
      ? "a quote is opened and not closed, or a row is longer than 64 KB"
      : "the CSV cannot be read";
  return refusal("", `${where} ${what}. Nothing was imported.`);
}
