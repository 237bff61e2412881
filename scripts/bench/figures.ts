// What all benchmarks share: medians over alternating rounds, and one JSON line at the end. A figure means something
// only beside another figure of the same run: the machine is never quiet.

import { arch, cpus, loadavg, platform } from "node:os";
import { parseArgs } from "node:util";

/** The figures of one subject over all rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Three figures for many, rounded to `digits`. */
export function spread(values: readonly number[], digits = 1): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const round = (value: number) => Number(value.toFixed(digits));
  return {
    median: round(median(sorted)),
    min: round(sorted[0] ?? 0),
    max: round(sorted.at(-1) ?? 0),
  };
}

/** The middle one; the mean of the two in the middle where there are two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The median over the rounds of one / other: what happened in the same round is compared, and nothing else. */
export function ratio(ones: readonly number[], others: readonly number[]): number {
  return Number(median(ones.map((one, i) => one / (others[i] ?? one))).toFixed(2));
}

/** One goal and whether it was reached. */
export function goal(
  reached: number,
  most: number,
): { reached: number; most: number; ok: boolean } {
  return { reached, most, ok: reached <= most };
}

/** `--name N` of the command line, for each name with its default. */
export function readCounts<Name extends string>(
  defaults: Record<Name, number>,
): Record<Name, number> {
  const names = Object.keys(defaults);
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: "string" } as const])),
  });
  const counts = { ...defaults, ...values };
  for (const name of names) {
    const count = Number(Object.getOwnPropertyDescriptor(counts, name)?.value);
    if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} is not a count`);
    Object.defineProperty(counts, name, { value: count, enumerable: true });
  }
  return counts;
}

/** Prints the one line of a benchmark. */
export function report(bench: string, figures: object): void {
  // Of the last minute: a figure from a machine that others use is worth as much less.
  const load = Number((loadavg()[0] ?? 0).toFixed(1));
  const machine = {
    bun: Bun.version,
    platform: platform(),
    arch: arch(),
    cores: cpus().length,
    load,
  };
  process.stdout.write(`${JSON.stringify({ bench, ...machine, ...figures })}\n`);
}
