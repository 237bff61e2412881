// Spins `{Hi|Hello}` before Liquid runs, so that no lead's data can ever bring in a spin.
// One pass, linear: what is open at the end, or has no `|`, stays as it was written.

interface Group {
  options: string[];
  /** How many-th group of the template this is: its choice hangs on nothing else. */
  number: number;
}
/** An output of Liquid as `liquidSkipper` skips it: its filters are no choice. */
const OUTPUT = /\{\{[^{}]*\}\}/g;

type Choice = (options: readonly string[], number: number) => string;

/** A number in [0, 1) that is the same for the same seed and turn (FNV-1a, then a murmur finish). */
export function seededNumber(seed: string, turn: number): number {
  let hash = 0x811c9dc5 ^ turn;
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (turn + 0x9e3779b9), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

/** The template with one option of each group, fixed by the seed. `{{ }}` and `{% %}` are left alone. */
export function spin(template: string, seed: string): string {
  // Without a choice outside of Liquid's own braces nothing is spun, and most templates have none.
  if (!template.replaceAll(OUTPUT, "").includes("|")) return template;
  const start = Math.floor(seededNumber(seed, 0) * 4294967296).toString(36);
  return resolve(template, (options, number) => {
    return options[Math.floor(seededNumber(start, number + 1) * options.length)] ?? "";
  });
}

/** The template with all options of all groups one after the other: every Liquid tag that a spin may leave. */
export function everySpin(template: string): string {
  return resolve(template, (options) => {
    let text = "";
    // Not `join`: nested groups would be copied once for each level.
    for (const option of options) text += text === "" ? option : ` ${option}`;
    return text;
  });
}

function resolve(template: string, choose: Choice): string {
  const open: Group[] = [];
  const out: string[] = [""];
  const add = (text: string): void => {
    const group = open.at(-1);
    const target = group === undefined ? out : group.options;
    target[target.length - 1] += text;
  };
  const skip = liquidSkipper(template);
  let groups = 0;
  let from = 0;
  for (let at = 0; at < template.length; at++) {
    const character = template[at];
    if (character !== "{" && character !== "|" && character !== "}") continue;
    const group = open.at(-1);
    if (character === "{") {
      const end = skip(at);
      if (end > at) {
        at = end - 1;
        continue;
      }
      add(template.slice(from, at));
      open.push({ options: [""], number: groups++ });
    } else if (group === undefined) {
      continue;
    } else {
      add(template.slice(from, at));
      if (character === "|") group.options.push("");
      else {
        open.pop();
        add(
          group.options.length > 1
            ? choose(group.options, group.number)
            : `{${group.options[0] ?? ""}}`,
        );
      }
    }
    from = at + 1;
  }
  add(template.slice(from));
  // From the outside in, so that each character is written once.
  let text = out[0] ?? "";
  for (const group of open) text += `{${group.options.join("|")}`;
  return text;
}

/**
 * Where the Liquid tag that begins here ends, or the place itself when none does. `{{a|b} c|d}` is a
 * group within a group: only a `}` that is followed by a second one ends an output. What was looked
 * for is kept, so that a row of braces costs one look and not one each.
 */
function liquidSkipper(template: string): (at: number) => number {
  const next: Record<string, number> = { "}": -2, "%}": -2 };
  const find = (mark: "}" | "%}", at: number): number => {
    const known = next[mark] ?? -2;
    if (known === -1 || known >= at) return known;
    const found = template.indexOf(mark, at);
    next[mark] = found;
    return found;
  };
  return (at) => {
    const second = template[at + 1];
    if (second === "{") {
      const close = find("}", at + 2);
      return close >= 0 && template[close + 1] === "}" ? close + 2 : at;
    }
    if (second !== "%") return at;
    const close = find("%}", at + 2);
    return close >= 0 ? close + 2 : at;
  };
}
