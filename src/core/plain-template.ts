// Templates of the simplest kind, which is nearly all of them: text, `{{ name }}` and `{{ name | default: "x" }}`. Joined
// here in a microsecond, with LiquidJS's results; whatever is in any doubt is left to it.

import type { Variables } from "./render.ts";

type Part = string | { path: readonly string[]; otherwise: string | null };

/** No whitespace control, no second filter, no escape in a string. */
const OUTPUT =
  /\{\{ *([a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*) *(?:\| *default *: *(?:"([^"\\{}]*)"|'([^'\\{}]*)') *)?\}\}/g;
/** Words that Liquid reads as values, operators or properties of its own. */
const RESERVED = new Set(
  "true false nil null empty blank and or not contains size first last".split(" "),
);

/** The parts of a template, or null when it is for LiquidJS. */
export function readPlainTemplate(template: string): readonly Part[] | null {
  const parts: Part[] = [];
  let from = 0;
  for (const found of template.matchAll(OUTPUT)) {
    const path = found[1]?.split(".") ?? [];
    if (path.some((name) => RESERVED.has(name))) return null;
    parts.push(template.slice(from, found.index), {
      path,
      otherwise: found[2] ?? found[3] ?? null,
    });
    from = found.index + found[0].length;
  }
  parts.push(template.slice(from));
  const is_plain = parts.every((part) => typeof part !== "string" || !/\{\{|\{%/.test(part));
  return is_plain ? parts : null;
}

/** The text with these values; null where one is no text, or lacks and has no default: LiquidJS says what then. */
export function joinPlain(
  parts: readonly Part[],
  variables: Variables,
  escaped: (text: string) => string,
): string | null {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else {
      const value = valueAt(part.path, variables) ?? part.otherwise;
      if (value === null || value === false) return null;
      text += escaped(value);
    }
  }
  return text;
}

/** A text that is not blank; undefined for what Liquid takes as absent, false for a value of another kind. */
function valueAt(path: readonly string[], variables: Variables): string | false | undefined {
  let value: unknown = variables;
  for (const name of path) {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) return false;
    value = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  }
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") return false;
  return value.trim() === "" ? undefined : value;
}
