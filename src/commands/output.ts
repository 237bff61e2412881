// What the command line says and how: tables for people, JSON for programs, complaints as JSON on stderr, and the exit
// codes that an agent can rely on.

import { basename } from "node:path";

import { ConfigError } from "../config.ts";
import { AppError, FAULTS } from "../core/faults.ts";
import { DirectoryLockedError } from "../ledger/lock.ts";
import { KeyFileError } from "../ledger/master-key.ts";
import { MigrationError } from "../ledger/migrate.ts";

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  auth: 3,
  not_found: 4,
  unreachable: 5,
  crashed: 70,
} as const;

/** How this program is called in an advice: by its name, or from the source. */
export const PROGRAM = basename(process.execPath).startsWith("bun") ? "bun src/main.ts" : "imail";

/** A command cannot do what was asked for; the message says why and what to do. */
export class CommandError extends Error {
  readonly code: string;
  readonly exit: number;
  constructor(code: string, exit: number, message: string) {
    super(message);
    this.code = code;
    this.exit = exit;
  }
}

/** Writes one line, or several, to stdout. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

type Cell = string | number | boolean | null | readonly string[];
export type Row = Readonly<Record<string, Cell>>;

/** Programs read JSON: off a terminal, or with `--json`. */
export const wantsJson = (json: boolean | undefined) => json === true || !process.stdout.isTTY;

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Shows rows: a table on a terminal, JSON otherwise or with `--json`. */
export function show(value: Row | readonly Row[], json: boolean | undefined): void {
  if (wantsJson(json)) return sayJson(value);
  const rows = isRows(value) ? value : [value];
  say(rows.length === 0 ? "(none)" : formatTable(rows));
}

const isRows = (value: Row | readonly Row[]): value is readonly Row[] => Array.isArray(value);

/** Columns as wide as their widest cell, two spaces apart. */
export function formatTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => formatCell(row[column])))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function formatCell(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "-";
  return Array.isArray(cell) ? cell.join(",") : String(cell);
}

interface Complaint {
  code: string;
  message: string;
  exit: number;
}

/** Says what went wrong on stderr and gives the exit code: a sentence on a terminal, JSON otherwise. */
export function complain(error: unknown): number {
  const { code, message, exit } = judge(error);
  const text = process.stderr.isTTY
    ? `imail: ${message}`
    : JSON.stringify({ success: false, error: { code, message }, message });
  process.stderr.write(`${text}\n`);
  return exit;
}

const EXIT_OF_STATUS: Partial<Record<number, number>> = {
  400: EXIT.usage,
  401: EXIT.auth,
  403: EXIT.auth,
  404: EXIT.not_found,
};

function judge(error: unknown): Complaint {
  if (error instanceof CommandError) return error;
  if (error instanceof ConfigError) {
    return { code: "invalid_setting", message: error.message, exit: EXIT.usage };
  }
  if (error instanceof AppError) {
    const exit = EXIT_OF_STATUS[FAULTS[error.code].status] ?? EXIT.failed;
    return { code: error.code, message: error.message, exit };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: codeOf(error), message, exit: EXIT.failed };
}

// By class and not by its name: names are gone in the minified program.
function codeOf(error: unknown): string {
  if (error instanceof DirectoryLockedError) return "directory_locked";
  if (error instanceof KeyFileError) return "key_file";
  if (error instanceof MigrationError) return "database_version";
  return "failed";
}
