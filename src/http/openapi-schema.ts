// Turns a route's own schemas into those of OpenAPI 3.1, and gives names to what has one: a schema's `title`, or the
// constant `object` of a resource. The router's schemas are made for its validator ("a text that looks like an
// integer, or an integer"); readers and client generators want what is meant.

import type { Schema } from "./check.ts";
import { isRecord } from "./json-body.ts";

export type Json = Record<string, unknown>;

/** `asked` is what callers send: there every field that is not named is refused. */
export type Side = "asked" | "answered";

export interface Components {
  /** The schema as OpenAPI has it, or a `$ref` to it when it has a name (its own, or the one given here). */
  show(schema: object, side: Side, name?: string): Json;
  /** A `$ref` to the answer of this name, which is kept with the others. */
  answer(name: string, response: Json): Json;
  /** All named schemas and answers, by name. */
  all(): { schemas: Json; responses: Json };
}

/** Names and collects the schemas of one document. */
export function openComponents(): Components {
  const named = new Map<string, Json>();
  const answers = new Map<string, Json>();
  const refTo = (name: string, shown: Json): Json => {
    const text = JSON.stringify(shown);
    let free = name;
    for (let at = 2; named.has(free) && JSON.stringify(named.get(free)) !== text; at++) {
      free = `${name}${at}`;
    }
    named.set(free, shown);
    return { $ref: `#/components/schemas/${free}` };
  };
  const show = (given: Shown, side: Side, name?: string): Json => {
    const schema = given["x-shown"] ?? meantOf(given);
    const shown = normalise(schema, (inner) => show(inner, side), side);
    const known = name ?? nameOf(schema, side);
    const { title: _, ...body } = shown;
    return known === null || body["$ref"] !== undefined ? shown : refTo(known, body);
  };
  return {
    show,
    answer(word, response) {
      answers.set(word, response);
      return { $ref: `#/components/responses/${word}` };
    },
    all: () => ({ schemas: sorted(named), responses: sorted(answers) }),
  };
}

const sorted = (all: Map<string, Json>): Json =>
  Object.fromEntries([...all].toSorted(([one], [other]) => (one < other ? -1 : 1)));

/** `sandbox_mail` -> `SandboxMail` */
export function pascal(name: string): string {
  return name.replace(/(^|[_\s-])(\w)/g, (_, __, letter: string) => letter.toUpperCase());
}

/** A schema may name another one that says more to readers than its own check does. */
type Shown = Schema & { title?: string; "x-shown"?: object; allOf?: Schema[] };

/** A body that is open for the router, and held against the schema that it names by the route itself. */
const meantOf = (schema: Shown): Shown =>
  (schema.type === undefined && schema.allOf?.[0]) || schema;

function nameOf(schema: Shown, side: Side): string | null {
  if (schema.title !== undefined) return pascal(schema.title);
  const word = schema.properties?.["object"]?.const;
  return side === "answered" && typeof word === "string" ? pascal(word) : null;
}

type Show = (schema: object) => Json;

/** Words that mean something to our own checks only, and what a union's parts say better. */
const OURS: ReadonlySet<string> = new Set([
  "x-rule",
  "x-shown",
  "anyOf",
  "patternProperties",
  // The router closes the schemas of answers by itself, and only once they have been used.
  "additionalProperties",
]);

function normalise(schema: Schema, show: Show, side: Side): Json {
  const rest = Object.fromEntries(Object.entries(schema).filter(([word]) => !OURS.has(word)));
  if (rest["description"] === undefined && schema["x-rule"] !== undefined) {
    rest["description"] = `${capital(schema["x-rule"])}.`;
  }
  if (schema.anyOf) return { ...union(schema.anyOf, rest, show) };
  if (schema.type === "object") return { ...rest, ...fields(schema, show, side) };
  if (schema.type === "array") return { ...rest, items: show(schema.items ?? {}) };
  return rest;
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

function fields(schema: Schema, show: Show, side: Side): Json {
  const { properties, patternProperties, additionalProperties } = schema;
  const [pattern] = Object.values(patternProperties ?? {});
  const others = pattern ?? (isRecord(additionalProperties) ? additionalProperties : null);
  const open = additionalProperties === true;
  return {
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, one]) => [name, show(one)]),
          ),
        }
      : {}),
    ...(others ? { additionalProperties: show(others) } : {}),
    ...(!others && open ? { additionalProperties: true } : {}),
    ...(!others && !open && side === "asked" ? { additionalProperties: false } : {}),
  };
}

const isNull = (schema: Schema) => schema.type === "null";
const isConst = (schema: Schema) => "const" in schema;
/** The router's own numbers are "a text that looks like one, or a number". */
const isNumberText = ({ type, format }: Schema) =>
  type === "string" && (format === "integer" || format === "numeric" || format === "boolean");

function union(branches: readonly Schema[], rest: Json, show: Show): Json {
  const meant = branches.some(isNumberText)
    ? branches.filter((one) => !isNumberText(one))
    : branches;
  const kinds = meant.filter((one) => !isNull(one));
  const nullable = kinds.length < meant.length;
  const [only, ...more] = kinds;
  if (only && kinds.every(isConst) && more.length > 0) {
    return words(kinds, rest, nullable);
  }
  if (only && more.length === 0) return alone(show(only), rest, nullable);
  return { ...rest, anyOf: meant.map((one) => show(one)) };
}

function words(branches: readonly Schema[], rest: Json, nullable: boolean): Json {
  const types = [...new Set(branches.map(({ type }) => type))];
  const all = [...types, ...(nullable ? ["null"] : [])];
  return {
    ...rest,
    type: all.length === 1 ? all[0] : all,
    enum: [...branches.map((one) => one.const), ...(nullable ? [null] : [])],
  };
}

/** One kind of value, that may be null as well. */
function alone(shown: Json, rest: Json, nullable: boolean): Json {
  if (!nullable) return { ...shown, ...rest };
  if (typeof shown["type"] !== "string" || "const" in shown) {
    const types = shown["type"];
    if (Array.isArray(types)) return { ...shown, ...rest };
    return { ...rest, anyOf: [shown, { type: "null" }] };
  }
  const list = Array.isArray(shown["enum"]) ? { enum: [...shown["enum"], null] } : {};
  return { ...shown, ...rest, type: [shown["type"], "null"], ...list };
}
