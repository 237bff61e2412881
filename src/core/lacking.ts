// Which variables of a step a lead lacks: what would keep its mail back (reliability.md A9), known before it is due.

import { templateVariables, type Variables } from "./render.ts";
import type { Step } from "./sequence.ts";
import { pickVariant } from "./variants.ts";

type WordedStep = Pick<Step, "id" | "subject" | "body" | "variants">;

/** For each variant of a step (or its own words): the variables that have no `default`. */
export function neededVariables({ subject, body, variants }: WordedStep): string[][] {
  const words = variants.length > 0 ? variants : [{ subject, body }];
  return words.map(needsOf);
}

function needsOf(words: { subject: string; body: string }): string[] {
  const all = [words.subject, words.body].flatMap(templateVariables);
  const needed = all.filter(({ has_default }) => !has_default).map(({ name }) => name);
  return [...new Set(needed)];
}

/** What of that this lead lacks, for the variant that it will get. */
export function lackedVariables(
  step: WordedStep,
  needed: readonly string[][],
  lead: { id: number; variables: Variables },
): string[] {
  const at = step.variants.length > 0 ? pickVariant(step.variants, `${lead.id}|${step.id}`) : 0;
  return (needed[at] ?? []).filter((name) => isBlank(read(lead.variables, name)));
}

/** Absent, null and blank are the same, as for the renderer. */
const isBlank = (value: unknown) =>
  value === undefined || value === null || (typeof value === "string" && value.trim() === "");

function read(variables: Variables, name: string): unknown {
  if (Object.hasOwn(variables, name)) return variables[name];
  const dot = name.indexOf(".");
  if (dot < 0) return undefined;
  const [head, rest] = [name.slice(0, dot), name.slice(dot + 1)];
  const value = Object.hasOwn(variables, head) ? variables[head] : undefined;
  // Behind a value stand only its own properties, such as `size`.
  return isVariables(value) ? read(value, rest) : value;
}

const isVariables = (value: unknown): value is Variables =>
  typeof value === "object" && value !== null && !Array.isArray(value);
