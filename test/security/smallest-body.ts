// The smallest JSON body that a route's schema takes, so that a request gets past the check and to the thing it names.

interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  minimum?: number;
  minLength?: number;
  pattern?: string;
}

/** The body as text, or null for a route that has none or takes other things than JSON. */
export function smallestBody(hooks: object): string | null {
  const schema = "body" in hooks ? (hooks.body as Schema | undefined) : undefined;
  if (schema?.type === undefined && schema?.anyOf === undefined) return null;
  return JSON.stringify(smallest(schema));
}

function smallest(schema: Schema): unknown {
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.examples && schema.examples.length > 0) return schema.examples[0];
  if (schema.anyOf) return smallest(schema.anyOf.find(({ type }) => type !== "null") ?? {});
  switch (schema.type ?? "string") {
    case "object":
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, smallest(schema.properties?.[name] ?? {})]),
      );
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => smallest(schema.items ?? {}));
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return false;
    default:
      return textFor(schema);
  }
}

/** `cmp_00000000000` for the pattern of an id. */
function textFor({ pattern = "", minLength = 1 }: Schema): string {
  const [, prefix] = /^\^([a-z]+)_\[/.exec(pattern) ?? [];
  return prefix === undefined ? "x".repeat(minLength) : `${prefix}_${"0".repeat(11)}`;
}
