// What a proof is run on: the program from this source, from a mutant's copy of it, or compiled. And the one line of JSON
// that each proof prints; what failed stays on the disk, with its seed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { ROOT } from "../install.ts";

export const FLAGS = {
  seed: { type: "string" },
  /** The root of the source: a mutant's copy, or this one. */
  source: { type: "string", default: ROOT },
  /** Where worlds are made: a tmpfs makes many commits cheap. */
  at: { type: "string", default: tmpdir() },
  /** Build it first and run the executable, which starts three times as fast. */
  compiled: { type: "boolean", default: false },
  /** Leave the world on the disk though nothing is wrong. */
  keep: { type: "boolean", default: false },
} as const;

export interface Subject {
  seed: number;
  /** The root of its source. */
  source: string;
  /** How it is started. */
  command: string[];
  /** A directory of this run alone. */
  place: string;
  keep: boolean;
}

type Values = { [name in keyof typeof FLAGS]?: string | boolean | undefined };

/** Reads the shared flags and, with `--compiled`, builds the program. */
export function openSubject(name: string, values: Values): Subject {
  const source = String(values.source);
  const place = mkdtempSync(join(String(values.at), `imail-${name}-`));
  return {
    seed: Number(values.seed ?? Date.now() % 1_000_000),
    source,
    command:
      values.compiled === true
        ? [compile(source, join(place, "imail"))]
        : [process.execPath, join(source, "src/main.ts")],
    place,
    keep: values.keep === true,
  };
}

function compile(source: string, outfile: string): string {
  const { exitCode, stderr } = Bun.spawnSync(
    [process.execPath, join(source, "scripts/build.ts"), "--outfile", outfile],
    { cwd: source },
  );
  if (exitCode !== 0) throw new Error(`it was not built: ${stderr.toString()}`);
  return outfile;
}

/** Numbers from the command line, each with its default. */
export function readCounts<T extends Record<string, number>>(
  defaults: T,
): { counts: T; values: Values } {
  const numbers = Object.fromEntries(
    Object.entries(defaults).map(([name, number]) => [
      name,
      { type: "string" as const, default: String(number) },
    ]),
  );
  const { values } = parseArgs({ options: { ...FLAGS, ...numbers } });
  const read: Record<string, unknown> = values;
  const counts = Object.fromEntries(
    Object.entries(defaults).map(([name, number]) => [name, Number(read[name] ?? number)]),
  );
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same names with numbers of the same kind
  return { counts: counts as T, values };
}

export interface Report {
  proof: string;
  /** What the proof forbids, in words; empty where it holds. */
  wrong: string[];
  [figure: string]: unknown;
}

/** Prints the line, sets the exit code, and clears the world away unless something is wrong with it. */
export function finish(subject: Subject, report: Report): void {
  const holds = report.wrong.length === 0;
  const clean = holds && !subject.keep;
  if (clean) rmSync(subject.place, { recursive: true, force: true });
  const line = {
    ...report,
    wrong: report.wrong.slice(0, 20),
    seed: subject.seed,
    ...(clean ? {} : { world: subject.place }),
    holds,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(holds ? 0 : 1));
}
