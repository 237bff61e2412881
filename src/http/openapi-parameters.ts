// The parameters of operations as OpenAPI has them, and the headers: those that a caller may send, and those that
// answers carry.

import type { Need } from "./access.ts";
import { isRecord } from "./json-body.ts";
import type { Example } from "./openapi-answers.ts";
import type { Components, Json } from "./openapi-schema.ts";

export const PARAMETERS: Json = {
  "Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description:
      "A text of your own, different for each thing that you want done once. The same key with the same body answers what was answered the first time and does nothing again; with another body it is a 409 `idempotency_mismatch`. Kept for 24 hours per API key.",
    schema: { type: "string", minLength: 1, maxLength: 256 },
  },
  "If-Match": {
    name: "If-Match",
    in: "header",
    required: false,
    description:
      "The `ETag` of what you have read: if the thing has changed since then, nothing happens and the answer is 412.",
    schema: { type: "string" },
  },
  "If-None-Match": {
    name: "If-None-Match",
    in: "header",
    required: false,
    description: "The `ETag` of what you have: if nothing has changed, the answer is an empty 304.",
    schema: { type: "string" },
  },
  "Imail-Workspace": {
    name: "Imail-Workspace",
    in: "header",
    required: false,
    description:
      "With a session: the id of the workspace to act in, the first one when left out. A key has its own.",
    schema: { type: "string" },
  },
  "Imail-Mode": {
    name: "Imail-Mode",
    in: "header",
    required: false,
    description: "With a session: `live` (when left out) or `test`. A key has its own.",
    // Not an enum: consoles would fill in its first word, and a key refuses what is not its own.
    schema: { type: "string", pattern: "^(live|test)$" },
  },
  "Imail-Version": {
    name: "Imail-Version",
    in: "header",
    required: false,
    description:
      "A date: the latest snapshot of the API that is not after it answers. Without it, the newest. See `/docs/changelog`.",
    schema: { type: "string", format: "date" },
  },
};

const text = (description: string, example: string) => ({
  description,
  schema: { type: "string" },
  example,
});
const count = (description: string, example: number) => ({
  description,
  schema: { type: "integer" },
  example,
});

export const HEADERS: Json = {
  "X-Request-Id": text("The name of this request in the server's log.", "req_00000000007"),
  "Imail-Version": text("The snapshot of the API that has answered.", "2026-11-21"),
  "X-RateLimit-Limit": count("How many requests the bucket of this key holds.", 240),
  "X-RateLimit-Remaining": count("How many are left in it now.", 239),
  "X-RateLimit-Reset": count("When it is full again, in epoch seconds.", 1_798_762_000),
  "Retry-After": count("How many seconds to wait.", 1),
  ETag: text("The state of this thing, for `If-Match` and `If-None-Match`.", '"3f9a1c07"'),
  Location: text("The path of the new thing.", "/v1/leads/lead_00000000007"),
  "Idempotent-Replayed": text(
    "`true` when the answer is the stored one of an earlier call with this `Idempotency-Key`.",
    "true",
  ),
};

interface Asked {
  /** `GET /v1/leads/:id` */
  name: string;
  need: Need;
  /** The schema of the route's query. */
  query: unknown;
  example: Example | null;
}

/** All parameters of an operation: path, query, headers. */
export function parametersOf(
  { name, need, query, example }: Asked,
  components: Components,
): Json[] {
  const params = [...name.matchAll(/:(\w+)/g)].map(([, word = ""]) => ({
    name: word,
    in: "path",
    required: true,
    description: `The ${word === "id" ? "id" : word} of what this is about. What does not exist here is a 404.`,
    schema: { type: "string" },
    example: example?.path?.[word],
  }));
  return [...params, ...queryOf(query, example, components), ...headersOf(name, need)];
}

function queryOf(query: unknown, example: Example | null, components: Components): Json[] {
  const schema = isRecord(query) ? query : {};
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties).map(([name, property]) => {
    const shown = components.show(isRecord(property) ? property : {}, "asked");
    // A made-up id as an example would be filled in by consoles, and then nothing is found.
    const { description, examples: _, ...rest } = shown;
    const value = example?.query?.[name];
    const is_number = rest["type"] === "integer" || rest["type"] === "number";
    return {
      name,
      in: "query",
      required: required.includes(name),
      description,
      schema: rest,
      example: is_number && value !== undefined ? Number(value) : value,
    };
  });
}

function headersOf(name: string, need: Need): Json[] {
  if (!name.includes(" /v1/")) return [];
  const is_single = name.endsWith("/:id");
  return [
    ...(name.startsWith("POST ") && need !== "open" ? ["Idempotency-Key"] : []),
    ...(name.startsWith("GET ") && is_single ? ["If-None-Match"] : []),
    ...(name.startsWith("PATCH ") ? ["If-Match"] : []),
    ...(need === "open" ? [] : ["Imail-Workspace", "Imail-Mode"]),
    "Imail-Version",
  ].map((word) => ({ $ref: `#/components/parameters/${word}` }));
}
