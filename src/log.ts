// The log: one JSON line per entry on stderr. Secrets are cut out by name, and nothing that came from outside can start
// a line of its own or steer a terminal.

import { writeSync } from "node:fs";

import { pino } from "pino";

import type { Log } from "./core/log.ts";

// By name, at the top and one level down: a login, key or mail that slips into a log call stays out of the log.
const SECRET_NAMES = [
  "password",
  "smtp_password",
  "imap_password",
  "secret",
  "key",
  "token",
  "authorization",
  "cookie",
  "master_key",
  "data_key",
  "body",
  "bytes",
];

const STDERR = 2;

// pino escapes C0; DEL, C1 and the Unicode line ends are left, and terminals and log readers obey them.
const UNSAFE = /[\u007F-\u009F\u2028\u2029]/g;

/** Escapes what JSON leaves bare. The line stays the same JSON. */
export function escapeLine(line: string): string {
  return line.replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Opens a log from `level` (debug, info, warn, error, silent) up. `write` takes whole lines. */
export function openLog(level: string, write: (line: string) => void = writeStderr): Log {
  // Never a transport: a worker thread does not survive in a compiled program (libraries.md 2.3).
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: "[redacted]" },
    },
    { write: (line: string) => write(escapeLine(line)) },
  );
}

function writeStderr(line: string): void {
  try {
    // Synchronous: the last words before a crash's exit must not stay in a buffer.
    writeSync(STDERR, line);
  } catch {
    // A full or closed pipe: a log that nobody reads must not stop the mail.
  }
}
