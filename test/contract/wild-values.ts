// Values for a schema of the OpenAPI document: mostly such as it wants, often such as it does not.
import { type Chance, oneOf } from "../world/chance.ts";

export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  examples?: unknown[];
  default?: unknown;
}

export interface WildWorld {
  chance: Chance;
  resolve: (ref: string) => Schema;
  ids: KnownIds;
}

/** Ids of things that are really there, the last ones of each kind. */
export interface KnownIds {
  note(id: string): void;
  /** One of this kind, or null when there is none; "" takes any kind. */
  pick(chance: Chance, prefix: string): string | null;
}

const KEPT_IDS = 40;

export function openKnownIds(): KnownIds {
  const kinds = new Map<string, string[]>();
  return {
    note(id) {
      const [prefix = ""] = id.split("_");
      const kept = kinds.get(prefix) ?? [];
      kinds.set(prefix, [...kept.filter((one) => one !== id), id].slice(-KEPT_IDS));
    },
    pick(chance, prefix) {
      const kept = prefix === "" ? [...kinds.values()].flat() : (kinds.get(prefix) ?? []);
      return kept.length === 0 ? null : oneOf(chance, kept);
    },
  };
}

const NASTY_TEXTS = [
  "",
  " ",
  "\u0000",
  "a\r\nBcc: eve@evil.test",
  "\ud800",
  "𝒳".repeat(50),
  "x".repeat(5_000),
  "'; DROP TABLE leads; --",
  "{{ constructor }}",
  "{% include '/etc/passwd' %}",
  "{a|b}".repeat(300),
  "<script>alert(1)</script>",
  "../../../etc/passwd",
  "%00%0d%0a",
  "=HYPERLINK(1)",
  "\u202eevil",
  "NaN",
  "0x10",
  "1e309",
  "null",
  "P3D",
  "ana@example.test",
  "2027-01-01T00:00:00Z",
];
const NASTY_NUMBERS = [0, -1, 1, 1.5, 1e21, -1e308, 9_007_199_254_740_992, 2 ** 31, 4_294_967_296];
const NASTY_KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "x",
  "id",
  "workspace_id",
  "mode",
  "",
];

/** Something that no schema asks for. */
export function wildValue(world: WildWorld, depth = 0): unknown {
  const { chance } = world;
  const kind = Math.floor(chance() * (depth > 4 ? 5 : 8));
  switch (kind) {
    case 0:
      return oneOf(chance, NASTY_TEXTS);
    case 1:
      return oneOf(chance, NASTY_NUMBERS);
    case 2:
      return chance() < 0.5;
    case 3:
      return null;
    case 4:
      return world.ids.pick(chance, "") ?? "";
    case 5:
      return Array.from({ length: Math.floor(chance() * 4) }, () => wildValue(world, depth + 1));
    default:
      return Object.fromEntries([[oneOf(chance, NASTY_KEYS), wildValue(world, depth + 1)]]);
  }
}

/** How many of the parts of a value are wild. */
const WILD = 0.03;

/** A value for the schema; some of its parts are wild. */
export function valueFor(world: WildWorld, schema: Schema, depth = 0): unknown {
  const { chance } = world;
  if (chance() < WILD || depth > 8) return wildValue(world, depth);
  if (schema.$ref !== undefined) return valueFor(world, world.resolve(schema.$ref), depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return oneOf(chance, schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return valueFor(world, oneOf(chance, choices), depth + 1);
  if (schema.examples && schema.examples.length > 0 && chance() < 0.5)
    return oneOf(chance, schema.examples);
  const type = Array.isArray(schema.type) ? oneOf(chance, schema.type) : schema.type;
  switch (type ?? "string") {
    case "object":
      return objectFor(world, schema, depth);
    case "array":
      return Array.from({ length: Math.floor(chance() * 4) }, () =>
        valueFor(world, schema.items ?? {}, depth + 1),
      );
    case "integer":
    case "number":
      return numberFor(chance, schema);
    case "boolean":
      return chance() < 0.5;
    case "null":
      return null;
    default:
      return textFor(world, schema);
  }
}

function objectFor(world: WildWorld, schema: Schema, depth: number): unknown {
  const { chance } = world;
  const entries: [string, unknown][] = [];
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    const is_wanted = schema.required?.includes(name) === true ? chance() < 0.99 : chance() < 0.3;
    if (is_wanted) entries.push([name, valueFor(world, part, depth + 1)]);
  }
  if (chance() < 0.02) entries.push([oneOf(chance, NASTY_KEYS), wildValue(world, depth + 1)]);
  return Object.fromEntries(entries);
}

function numberFor(chance: Chance, { minimum = 0, maximum = 1000 }: Schema): number {
  if (chance() < 0.1) return oneOf(chance, [minimum, maximum, minimum - 1, maximum + 1]);
  return Math.floor(minimum + chance() * (maximum - minimum));
}

function textFor({ chance, ids }: WildWorld, schema: Schema): string {
  const [, prefix] = /^\^([a-z]+)_\[/.exec(schema.pattern ?? "") ?? [];
  const id = prefix === undefined || chance() < WILD ? null : ids.pick(chance, prefix);
  if (id !== null) return id;
  if (chance() < 0.1) return oneOf(chance, NASTY_TEXTS);
  if (schema.format === "date-time") return "2027-01-31T09:00:00Z";
  const words = [
    "Ana",
    "ana@example.test",
    "reply+interested@acme.test",
    "Europe/Berlin",
    "09:00",
    "P3D",
    "Hello {{ first_name }}",
  ];
  return oneOf(chance, words);
}
