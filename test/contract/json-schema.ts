// Holds a value against a schema of the document, as far as our schemas go. Not the router's own check, which knows the
// schemas before they were turned into OpenAPI.

type Json = Record<string, unknown>;

/** Everything that does not fit, with its place. */
export function misfits(document: Json, schema: Json, value: unknown, place = "$"): string[] {
  const inner = (one: unknown, of: unknown, at: string) =>
    misfits(document, one as Json, of, `${place}${at}`);
  if (typeof schema["$ref"] === "string") return inner(follow(document, schema["$ref"]), value, "");
  if (Array.isArray(schema["anyOf"])) {
    const tried = schema["anyOf"].map((one) => inner(one, value, ""));
    return tried.some((found) => found.length === 0) ? [] : (tried[0] ?? []);
  }
  const types = [schema["type"] ?? []].flat();
  if (types.length > 0 && !types.some((type) => hasType(value, type))) {
    return [`${place}: ${JSON.stringify(value)} is not ${JSON.stringify(types)}`];
  }
  if (value === null) return [];
  const wrong = CHECKS.filter(([word, fits]) => word in schema && !fits(schema[word], value));
  const found = wrong.map(
    ([word]) => `${place}: ${JSON.stringify(value)} breaks ${word} ${JSON.stringify(schema[word])}`,
  );
  if (Array.isArray(value)) {
    return [
      ...found,
      ...value.flatMap((item, at) => inner(schema["items"] ?? {}, item, `[${at}]`)),
    ];
  }
  if (typeof value === "object") found.push(...fieldMisfits(schema, value as Json, place, inner));
  return found;
}

type Inner = (schema: unknown, value: unknown, at: string) => string[];

function fieldMisfits(schema: Json, value: Json, place: string, inner: Inner): string[] {
  const properties = (schema["properties"] ?? {}) as Json;
  const others = schema["additionalProperties"];
  const required = (schema["required"] ?? []) as string[];
  return [
    ...required.filter((name) => !(name in value)).map((name) => `${place}: lacks ${name}`),
    ...Object.entries(value).flatMap(([name, one]) => {
      if (name in properties) return inner(properties[name], one, `.${name}`);
      if (typeof others === "object") return inner(others, one, `.${name}`);
      // An answer may grow; but what it has today is documented today.
      return others === true || !("type" in schema) ? [] : [`${place}: ${name} is not documented`];
    }),
  ];
}

/** What a `#/…` names. */
export function follow(document: Json, ref: string): Json {
  const found = ref
    .slice(2)
    .split("/")
    .reduce<unknown>((here, part) => (here as Json | undefined)?.[part], document);
  if (found === undefined) throw new Error(`${ref} leads nowhere`);
  return found as Json;
}

function hasType(value: unknown, type: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object")
    return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

const CHECKS: [string, (rule: unknown, value: unknown) => boolean][] = [
  ["const", (rule, value) => rule === value],
  ["enum", (rule, value) => (rule as unknown[]).includes(value)],
  ["pattern", (rule, value) => new RegExp(rule as string, "u").test(String(value))],
  ["minimum", (rule, value) => Number(value) >= Number(rule)],
  ["maximum", (rule, value) => Number(value) <= Number(rule)],
  ["minLength", (rule, value) => String(value).length >= Number(rule)],
  ["maxLength", (rule, value) => String(value).length <= Number(rule)],
  ["minItems", (rule, value) => (value as unknown[]).length >= Number(rule)],
  ["maxItems", (rule, value) => (value as unknown[]).length <= Number(rule)],
  ["format", (rule, value) => rule !== "date-time" || !Number.isNaN(Date.parse(String(value)))],
];
