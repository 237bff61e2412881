// Liquid for mail: templates are checked before they are kept and rendered within limits. No tag that
// reads files, loops or stores; a variable that a lead lacks stops the mail and never leaves a hole (A8, A9).
import {
  Context,
  type Emitter,
  Liquid,
  LiquidError,
  type Template,
  toValueSync,
  UndefinedVariableError,
} from "liquidjs";

import { joinPlain, readPlainTemplate } from "./plain-template.ts";
import { everySpin } from "./spintax.ts";
import { openTemplateCache } from "./template-cache.ts";
import { forgiveLateDefaults, type TemplateVariable, variablesOf } from "./template-variables.ts";

/** What a template may ask for: plain JSON, custom keys flat and under `custom`. */
export type Variables = Record<string, unknown>;
/** `html` escapes each value; `text` leaves it as it is. */
export type BodyKind = "text" | "html";
export type Rendered =
  { ok: true; text: string } | { ok: false; missing: string[] } | { ok: false; fault: string };

/** The fault of a template that took longer than 200 ms, twice: a bomb, or a machine that is busy with other things. */
export const RENDER_TOO_SLOW = "the template takes longer than 200 ms";

const PARSE_LIMIT = 50_000;
const RENDER_LIMIT_MS = 200;
const MEMORY_LIMIT = 1_000_000;
const OUTPUT_CAP_BYTES = 256 * 1024;

// Without loops and assignments there is nothing to build a bomb of: `capture` and output are not
// counted by memoryLimit (reliability.md A8).
const TAGS = new Set(["if", "unless", "case", "comment", "raw", "#"]);
// No `raw` (it would undo the escaping), no `date` of "now", no `sample`: core knows neither clock nor chance.
const FILTERS = new Set(
  (
    "default capitalize upcase downcase strip lstrip rstrip squish normalize_whitespace truncate truncatewords " +
    "replace replace_first remove remove_first append prepend split first last slice size join " +
    "escape escape_once url_encode plus minus times divided_by modulo round ceil floor abs at_least at_most date"
  ).split(" "),
);

const engines: Record<BodyKind, Liquid> = { text: hardened(textOf), html: hardened(escapedTextOf) };
const parsed_templates = {
  text: openTemplateCache((text) => parsedBy(engines.text, text)),
  html: openTemplateCache((text) => parsedBy(engines.html, text)),
};

/** What is wrong with a template (spintax and Liquid), in words for its author; null when it can be kept. */
export function checkTemplate(text: string): { message: string } | null {
  try {
    engines.text.parse(everySpin(bounded(text)));
    return null;
  } catch (error) {
    return { message: faultOf(error) };
  }
}

/** The variables of a template, in order of appearance. `has_default`: a lead without it can be mailed. [] when it does not parse. */
export function templateVariables(text: string): TemplateVariable[] {
  try {
    return variablesOf(engines.text.parse(everySpin(bounded(text))));
  } catch {
    return [];
  }
}

/**
 * The finished text of an already spun template. `missing` names what the lead lacks (absent, null or
 * blank) of what was used on the way without `default`; a condition may ask for what is not there.
 */
export function renderText(
  template: string,
  variables: Variables,
  kind: BodyKind = "text",
): Rendered {
  const plain = renderPlain(template, variables, kind);
  return plain === null ? renderLiquid(template, variables, kind) : { ok: true, text: plain };
}

const escapes = { text: (text: string) => text, html: escapedTextOf };
const plain_templates = openTemplateCache(readPlainTemplate);

/** The text where no more than values are put in and all of them are there; else null. */
function renderPlain(template: string, variables: Variables, kind: BodyKind): string | null {
  if (template.length > PARSE_LIMIT) return null;
  const parts = plain_templates.of(template);
  const text = parts && joinPlain(parts, variables, escapes[kind]);
  return text === null || Buffer.byteLength(text) > OUTPUT_CAP_BYTES ? null : text;
}

/** The same by LiquidJS, whatever the template: what it says is right. Its limit is one of real time, so it is asked twice. */
export function renderLiquid(template: string, variables: Variables, kind: BodyKind): Rendered {
  const once = renderOnce(template, variables, kind);
  return isTooSlow(once) ? renderOnce(template, variables, kind) : once;
}

const isTooSlow = (rendered: Rendered) => "fault" in rendered && rendered.fault === RENDER_TOO_SLOW;

function renderOnce(template: string, variables: Variables, kind: BodyKind): Rendered {
  try {
    const parsed = parsed_templates[kind].of(template);
    const engine = engines[kind];
    const context = new LeadContext(variables, engine.options, { sync: true }, { liquid: engine });
    const sink = new CappedSink();
    toValueSync(engine.renderer.renderTemplates(parsed, context, sink));
    if (sink.isOver) return { ok: false, fault: "the text is longer than 256 KB" };
    return { ok: true, text: sink.buffer };
  } catch (error) {
    const problems = problemsOf(error);
    const missing = problems.map(absentName).filter((name) => name !== null);
    const isOnlyMissing = missing.length > 0 && missing.length === problems.length;
    return isOnlyMissing
      ? { ok: false, missing: [...new Set(missing)] }
      : { ok: false, fault: faultOf(error) };
  }
}

/** The variables of a lead: its fields, its custom keys under `custom` and, where no field has a value of that name, flat. */
export function leadVariables(fields: Variables, custom: Variables): Variables {
  const filled = Object.entries(fields).filter(([, value]) => value !== null && value !== "");
  return Object.fromEntries([...Object.entries(custom), ...filled, ["custom", custom]]);
}

function hardened(outputEscape: (value: unknown) => string): Liquid {
  const engine = new Liquid({
    templates: {},
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    catchAllErrors: true,
    timezoneOffset: 0,
    locale: "en-US",
    parseLimit: PARSE_LIMIT,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT,
    outputEscape,
  });
  for (const name of Object.keys(engine.tags)) if (!TAGS.has(name)) delete engine.tags[name];
  const date = engine.filters["date"];
  for (const name of Object.keys(engine.filters))
    if (!FILTERS.has(name)) delete engine.filters[name];
  engine.registerFilter("date", function (value: unknown, ...rest: unknown[]) {
    if (value === "now" || value === "today") throw new Error("date does not know now or today");
    return typeof date === "function" ? (date.call(this, value, ...rest) as unknown) : value;
  });
  return engine;
}

/** Reads a lead's values: one that is null or blank counts as absent. */
class LeadContext extends Context {
  override readProperty(...place: Parameters<Context["readProperty"]>): unknown {
    const value: unknown = super.readProperty(...place);
    return value === null || (typeof value === "string" && value.trim() === "") ? undefined : value;
  }
}

/** The name of the variable that was absent, or null when the problem is another one. */
function absentName(problem: LiquidError): string | null {
  const cause = problem.originalError;
  if (!(problem instanceof UndefinedVariableError) || cause === undefined) return null;
  return "variableName" in cause ? String(cause.variableName) : null;
}

/** A value as text: scalars, and lists of them. An object is nobody's name. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value))
    return value.map((item) => (Array.isArray(item) ? "" : textOf(item))).join(", ");
  throw new Error("a value is not a text");
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

function escapedTextOf(value: unknown): string {
  return textOf(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** What went wrong, one by one: with catchAllErrors Liquid throws all faults of a block as one. */
function problemsOf(error: unknown): LiquidError[] {
  if (!LiquidError.is(error)) return [];
  if (!("errors" in error) || !Array.isArray(error.errors)) return [error];
  return error.errors.flatMap((inner) => problemsOf(inner));
}

/** Collects at most 256 KB: Liquid's own memory limit does not count output. */
class CappedSink implements Emitter {
  buffer = "";
  isOver = false;
  #bytes = 0;

  write(value: unknown): void {
    const text = textOf(value);
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > OUTPUT_CAP_BYTES) this.isOver = true;
    else this.buffer += text;
  }
}

function parsedBy(engine: Liquid, text: string): Template[] {
  const parsed = engine.parse(bounded(text));
  forgiveLateDefaults(parsed);
  return parsed;
}

function bounded(text: string): string {
  if (text.length > PARSE_LIMIT) throw new Error("a template has at most 50,000 characters");
  return text;
}

function faultOf(error: unknown): string {
  const told = problemsOf(error).find((problem) => absentName(problem) === null);
  const message = told?.message ?? (error instanceof Error ? error.message : "");
  if (message.includes("template render limit exceeded")) return RENDER_TOO_SLOW;
  const [first = ""] = message.split("\n");
  return (
    first.replace(/^tag ("[^"]*") not found/, "tag $1 is not known here").slice(0, 300) ||
    "template error"
  );
}
