// Writes CSV that a spreadsheet opens as text: a cell that would be run as a formula gets a leading quote (OWASP "CSV
// injection", reliability.md A11). Lines end as RFC 4180 2 wants them.

export type Cell = string | number | null;

const FORMULA = /^[=+\-@\t\r\n]/;

/** One line of a CSV, with its line end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(writeCell).join(",")}\r\n`;
}

function writeCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What a cell said before it was made safe: what goes out comes back in as it was. */
export function readSafeCell(text: string): string {
  return text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text;
}

/** A CSV as an answer, made in pieces as it is read: `next` gives the lines that follow, or null at the end. */
export function csvAnswer(
  name: string,
  header: readonly string[],
  next: () => readonly Cell[][] | null,
): Response {
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(csvLine(header))),
    pull(controller) {
      const lines = next();
      if (lines === null) controller.close();
      else controller.enqueue(encoder.encode(lines.map(csvLine).join("")));
    },
  });
  return new Response(stream, {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="${name}.csv"`,
    },
  });
}
