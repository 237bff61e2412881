// Holds a body or a query against the route's own schema before the router does: the router drops unknown fields
// in silence, takes "3" and 0x10 for numbers and words its refusals for programmers (reliability.md A3, A4).
// Every fault is found, in the order of the schema's fields.
import type { FaultDetail } from "../core/faults.ts";
import { isRecord } from "./json-body.ts";

/** The part of a JSON schema that our routes use. */
export interface Schema {
  type?: string | undefined;
  const?: unknown;
  enum?: unknown[] | undefined;
  anyOf?: Schema[] | undefined;
  properties?: Record<string, Schema> | undefined;
  patternProperties?: Record<string, Schema> | undefined;
  additionalProperties?: boolean | object | undefined;
  required?: string[] | undefined;
  maxProperties?: number | undefined;
  items?: Schema | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  uniqueItems?: boolean | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  pattern?: string | undefined;
  format?: string | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  /** What a value must be, in words: "must be …". */
  "x-rule"?: string | undefined;
}

const MAX_DETAILS = 100;
const MAX_NAME = 64;

type Faults = FaultDetail[];

/** Every field of `value` that does not fit, at most 100. */
export function checkBody(schema: object, value: unknown): Faults {
  const faults: Faults = [];
  walk(readSchema(schema), value, "", faults);
  return faults;
}

/** The same for a query, where all values are text. */
export function checkQuery(of: object | null, query: URLSearchParams): Faults {
  const faults: Faults = [];
  const schema = readSchema(of);
  const properties = schema.properties ?? {};
  const seen = new Set<string>();
  for (const [name, text] of query) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined)
      add(faults, unknownField(name, Object.keys(properties), "parameter"));
    else if (seen.has(name) && !isList(property))
      add(faults, invalid(name, "stand in the query once only"));
    else walk(isList(property) ? {} : property, readText(property, text), name, faults);
    seen.add(name);
  }
  for (const name of schema.required ?? []) if (!seen.has(name)) add(faults, missing(name));
  return faults;
}

/** The library's own type of a schema says less than a schema holds. */
function readSchema(schema: object | null): Schema {
  return isRecord(schema) ? schema : {};
}

const isList = (schema: Schema) =>
  schema.type === "array" || (schema.anyOf ?? []).some(({ type }) => type === "array");

/** A number is decimal digits and nothing else, a boolean one of two words; what is not stays text and fails as one. */
function readText(schema: Schema, text: string): unknown {
  if (schema.type === "boolean") return text === "true" || (text === "false" ? false : text);
  const number = numberBranch(schema);
  return number && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function add(faults: Faults, fault: FaultDetail): void {
  if (faults.length < MAX_DETAILS) faults.push(fault);
}

const invalid = (field: string, rule: string): FaultDetail => ({
  field,
  message: `${field === "" ? "the body" : field} must ${rule}`,
  code: "invalid_field",
});

const missing = (field: string): FaultDetail => ({
  field,
  message: `${field} is required`,
  code: "invalid_field",
});

function unknownField(field: string, known: string[], what: string): FaultDetail {
  const shown = printable(field);
  const hint =
    known.length === 0
      ? `there are no ${what}s here`
      : `known here: ${known.slice(0, 40).join(", ")}`;
  return {
    field: shown,
    message: `${shown} is not a ${what} of this route; ${hint}`,
    code: "unknown_field",
  };
}

/** A caller's own word comes back cut and without control characters. */
const printable = (name: string) => name.replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_NAME);

function numberBranch(schema: Schema): Schema | null {
  if (schema.type === "integer" || schema.type === "number") return schema;
  // The router's own integers are "a text that looks like one, or a number".
  const { anyOf } = schema;
  if (
    anyOf?.length !== 2 ||
    !anyOf.some(({ type, format }) => type === "string" && isNumeric(format))
  )
    return null;
  return anyOf.find(({ type }) => type === "integer" || type === "number") ?? null;
}

const isNumeric = (format: string | undefined) => format === "integer" || format === "numeric";

function walk(schema: Schema, value: unknown, place: string, faults: Faults): void {
  const number = numberBranch(schema);
  if (number) return walkNumber(number, value, place, faults);
  if (schema.anyOf) return walkUnion(schema, schema.anyOf, place, { value, faults });
  if ("const" in schema || schema.enum) return walkWords([schema], value, place, faults);
  return WALKS[schema.type ?? ""]?.(schema, value, place, faults);
}

type Walk = (schema: Schema, value: unknown, place: string, faults: Faults) => void;

/** By `type`. A schema without one takes everything. */
const WALKS: Record<string, Walk> = {
  object: walkObject,
  array: walkArray,
  string: walkText,
  boolean(_, value, place, faults) {
    if (typeof value !== "boolean") add(faults, invalid(place, "be true or false"));
  },
  null(_, value, place, faults) {
    if (value !== null) add(faults, invalid(place, "be null"));
  },
};

function walkNumber(schema: Schema, value: unknown, place: string, faults: Faults): void {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  const whole = schema.type === "integer";
  const fits =
    typeof value === "number" && Number.isFinite(value) && (!whole || Number.isSafeInteger(value));
  if (!fits || value < minimum || value > maximum)
    add(faults, invalid(place, numberRule(schema, fits)));
}

function numberRule(schema: Schema, is_number: boolean): string {
  const { minimum, maximum } = schema;
  const kind = schema.type === "integer" ? "a whole number" : "a number";
  if (schema["x-rule"] !== undefined) return `be ${schema["x-rule"]}`;
  const lead = is_number ? "be" : `be ${kind}`;
  if (minimum !== undefined && maximum !== undefined)
    return `${lead} between ${minimum} and ${maximum}`;
  if (minimum !== undefined) return `${lead} of at least ${minimum}`;
  if (maximum !== undefined) return `${lead} of at most ${maximum}`;
  return lead === "be" ? `be ${kind}` : lead;
}

interface Case {
  value: unknown;
  faults: Faults;
}

function walkUnion(
  schema: Schema,
  branches: Schema[],
  place: string,
  { value, faults }: Case,
): void {
  if (branches.every((branch) => "const" in branch))
    return walkWords(branches, value, place, faults);
  const tried: { branch: Schema; found: Faults }[] = [];
  for (const branch of branches) {
    const found: Faults = [];
    walk(branch, value, place, found);
    if (found.length === 0) return undefined;
    tried.push({ branch, found });
  }
  if (schema["x-rule"] !== undefined) return add(faults, invalid(place, `be ${schema["x-rule"]}`));
  // What the caller meant is the branch of the same kind that fits best.
  const [best] = tried
    .filter(({ branch }) => branch.type !== "null")
    .toSorted(
      (one, other) =>
        distance(one.branch, value) - distance(other.branch, value) ||
        one.found.length - other.found.length,
    );
  for (const fault of best?.found ?? [invalid(place, "have another value")]) add(faults, fault);
}

/** 0 when the value is of the branch's kind and has its constant fields, more when it is not. */
function distance(branch: Schema, value: unknown): number {
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if ((numberBranch(branch)?.type ?? branch.type)?.replace("integer", "number") !== kind) return 2;
  if (!isRecord(value)) return 0;
  const wrong = Object.entries(branch.properties ?? {}).some(
    ([name, { const: wanted }]) => wanted !== undefined && value[name] !== wanted,
  );
  return wrong ? 1 : 0;
}

function walkWords(branches: Schema[], value: unknown, place: string, faults: Faults): void {
  const words = branches.flatMap((branch) => branch.enum ?? [branch.const]);
  if (words.includes(value)) return;
  const list = words
    .map((word) => (typeof word === "string" ? word : JSON.stringify(word)))
    .join(", ");
  add(faults, invalid(place, words.length === 1 ? `be ${list}` : `be one of ${list}`));
}

const inside = (place: string, name: string) => (place === "" ? name : `${place}.${name}`);

function walkObject(schema: Schema, value: unknown, place: string, faults: Faults): void {
  if (!isRecord(value)) return add(faults, invalid(place, "be an object"));
  const given = value;
  const { maxProperties } = schema;
  if (maxProperties !== undefined && Object.keys(given).length > maxProperties) {
    add(faults, invalid(place, `have at most ${maxProperties} keys`));
  }
  for (const [name, property] of partsOf(schema).properties) {
    const has = Object.hasOwn(given, name) && given[name] !== undefined;
    if (has) walk(property, given[name], inside(place, name), faults);
    else if (schema.required?.includes(name)) add(faults, missing(inside(place, name)));
  }
  walkOthers(schema, given, place, faults);
}

function walkOthers(
  schema: Schema,
  given: Record<string, unknown>,
  place: string,
  faults: Faults,
): void {
  const { names, patterns } = partsOf(schema);
  const { additionalProperties } = schema;
  for (const name of Object.keys(given)) {
    if (names.has(name)) continue;
    const item = given[name];
    const at = inside(place, printable(name));
    const pattern = patterns.find(([rule]) => rule.test(name));
    if (pattern) walk(pattern[1], item, at, faults);
    else if (isRecord(additionalProperties)) walk(additionalProperties, item, at, faults);
    else if (additionalProperties !== true) add(faults, unknownField(at, [...names], "field"));
  }
}

interface Parts {
  properties: [name: string, of: Schema][];
  names: Set<string>;
  patterns: [rule: RegExp, of: Schema][];
}

const read = new WeakMap<Schema, Parts>();

/** What the walk asks of an object's schema, made once: an import walks 5,000 rows. */
function partsOf(schema: Schema): Parts {
  const known = read.get(schema);
  if (known) return known;
  const properties = Object.entries(schema.properties ?? {});
  const parts: Parts = {
    properties,
    names: new Set(properties.map(([name]) => name)),
    patterns: Object.entries(schema.patternProperties ?? {}).map(([rule, of]) => [
      new RegExp(rule, "u"),
      of,
    ]),
  };
  read.set(schema, parts);
  return parts;
}

function walkArray(schema: Schema, value: unknown, place: string, faults: Faults): void {
  if (!Array.isArray(value)) return add(faults, invalid(place, "be a list"));
  const { minItems = 0, maxItems = Infinity, items = {} } = schema;
  if (value.length < minItems)
    add(faults, invalid(place, `have at least ${minItems} ${minItems === 1 ? "item" : "items"}`));
  // A list that is too long is not walked: its length is the fault, and the walk would cost what the limit saves.
  if (value.length > maxItems) return add(faults, invalid(place, `have at most ${maxItems} items`));
  if (schema.uniqueItems === true && new Set(value).size < value.length)
    add(faults, invalid(place, "have no item twice"));
  for (const [at, item] of value.entries()) {
    if (faults.length >= MAX_DETAILS) return;
    walk(items, item, `${place}[${at}]`, faults);
  }
}

function walkText(schema: Schema, value: unknown, place: string, faults: Faults): void {
  const rule = schema["x-rule"];
  if (typeof value !== "string") return add(faults, invalid(place, `be ${rule ?? "a text"}`));
  const { minLength = 0, maxLength = Infinity, pattern, format } = schema;
  if (value.length > maxLength)
    return add(faults, invalid(place, `have at most ${maxLength} characters`));
  if (value.length < minLength) {
    return add(
      faults,
      invalid(place, minLength === 1 ? "not be empty" : `have at least ${minLength} characters`),
    );
  }
  const fits = pattern === undefined || new RegExp(pattern, "u").test(value);
  if (!fits || !hasFormat(format, value)) {
    add(
      faults,
      invalid(
        place,
        rule === undefined ? `be ${FORMAT_RULES[format ?? ""] ?? "in another form"}` : `be ${rule}`,
      ),
    );
  }
}

const FORMAT_RULES: Record<string, string> = {
  "date-time": "an RFC 3339 instant such as 2027-01-31T09:00:00Z",
  date: "a date such as 2027-01-31",
  email: "an e-mail address such as ada@example.com",
};

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function hasFormat(format: string | undefined, value: string): boolean {
  if (format === "date-time") return INSTANT.test(value) && !Number.isNaN(Date.parse(value));
  if (format === "date") return isDate(value);
  if (format === "email") return value.length <= 254 && /^[^\s@<>"]+@[^\s@<>"]+$/.test(value);
  return true;
}

/** A day of the calendar: 2027-02-30 is none, and `Date` would make it the 2nd of March. */
function isDate(value: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value);
}
