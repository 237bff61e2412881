// The answers of an operation as OpenAPI has them: the good ones from the route's schema, the bad ones from the table
// of faults. Which codes an operation can answer follows from what it takes, and from the codes that its prose names.

import { type FaultCode, FAULTS } from "../core/faults.ts";
import type { Need } from "./access.ts";
import { isRecord } from "./json-body.ts";
import { type Components, type Json, pascal } from "./openapi-schema.ts";

/** What an operation takes, as far as it decides how it can fail. */
export interface Taken {
  method: string;
  need: Need;
  is_api: boolean;
  has_body: boolean;
  has_params: boolean;
  /** What people read about it: a code in back-quotes is one that it can answer. */
  prose: string;
}

/** One call as it was really made, and its answer. */
export interface Example {
  path?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** `application/json` when left out. */
  type?: string;
  body?: unknown;
  status: number;
  /** The content type of the answer, `application/json` when left out. */
  answer_type?: string;
  answer: unknown;
}

const isCode = (word: string): word is FaultCode => Object.hasOwn(FAULTS, word);
const CODES = Object.keys(FAULTS).filter(isCode);
const codesOf = (...statuses: number[]) =>
  CODES.filter((code) => statuses.includes(FAULTS[code].status));

/** Every code that this operation can answer, by status. */
export function faultsOf(taken: Taken): Map<number, FaultCode[]> {
  const named = [...taken.prose.matchAll(/`([a-z_]+)`/g)].map(([, word = ""]) => word);
  const codes = new Set<FaultCode>([...general(taken), ...named.filter(isCode)]);
  const by_status = new Map<number, FaultCode[]>();
  for (const code of CODES) {
    if (!codes.has(code)) continue;
    const { status } = FAULTS[code];
    by_status.set(status, [...(by_status.get(status) ?? []), code]);
  }
  return new Map([...by_status].toSorted(([one], [other]) => one - other));
}

/** By who may call it. A session is looked at wherever a key is. */
function doorCodes(need: Need): FaultCode[] {
  if (need === "open") return ["wrong_origin"];
  if (need === "session")
    return ["missing_key", "invalid_key", "invalid_session", "session_only", "wrong_origin"];
  return [
    "missing_key",
    "invalid_key",
    "invalid_session",
    "scope_missing",
    "tier_gate",
    "wrong_origin",
  ];
}

/** What any operation of its kind can answer; the rest its prose names. */
function general({ method, need, is_api, has_body, has_params }: Taken): FaultCode[] {
  const if_api: FaultCode[] = is_api ? ["invalid_field", "unknown_field", "invalid_version"] : [];
  const if_body: FaultCode[] = has_body ? ["malformed_json", ...codesOf(413, 415)] : [];
  const repeated: FaultCode[] = ["idempotency_mismatch", "idempotency_in_progress"];
  return [
    ...if_api,
    ...if_body,
    ...doorCodes(need),
    ...(has_params ? codesOf(404) : []),
    ...(method === "PATCH" ? codesOf(412) : []),
    ...(method === "POST" && need !== "open" ? repeated : []),
    ...codesOf(421, 429, 500, 503),
  ];
}

/** The responses of these faults, each in the components once: many operations fail in the same ways. */
export function faultResponses(taken: Taken, components: Components): Json {
  return Object.fromEntries(
    [...faultsOf(taken)].map(([status, codes]) => [
      String(status),
      components.answer(codes.map(pascal).join("Or"), {
        description: codes.map((code) => `\`${code}\`: ${FAULTS[code].title}`).join("\n\n"),
        headers: {
          "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" },
          ...(status === 429
            ? { "Retry-After": { $ref: "#/components/headers/Retry-After" } }
            : {}),
        },
        content: {
          "application/json": {
            schema: { $ref: "#/components/schemas/Error" },
            examples: Object.fromEntries(
              codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
            ),
          },
        },
      }),
    ]),
  );
}

/** What an error with this code looks like: as it was really answered, else made from the table. */
export function faultExample(code: FaultCode, seen: Readonly<Record<string, Example>>): Json {
  const { title, remedy } = FAULTS[code];
  const message = title;
  return {
    summary: `${title} ${remedy}`,
    value: seen[code]?.answer ?? {
      success: false,
      error: { code, message, doc: `http://127.0.0.1:7070/docs/errors/${code}` },
      message,
      request_id: "req_00000000007",
    },
  };
}

/** The body of every error. */
export const ERROR_SCHEMA: Json = {
  type: "object",
  description:
    "Every error has this body. `error` also names the thing of a conflict: `lead_id`, `inbox_id`.",
  required: ["success", "error", "message", "request_id"],
  properties: {
    success: { type: "boolean", const: false },
    error: {
      type: "object",
      required: ["code", "message", "doc"],
      properties: {
        code: {
          type: "string",
          enum: CODES,
          description: "What went wrong, for programs. It never changes its meaning.",
        },
        message: {
          type: "string",
          description: "What is wrong with which place, the limit, and what to do.",
        },
        field: {
          type: "string",
          description: "The place: `daily_limit`, `steps[2].delay`. Of several, the first.",
        },
        doc: {
          type: "string",
          format: "uri",
          description: "The page of this code on this server.",
        },
        details: {
          type: "array",
          description: "Every invalid field, at most 100.",
          items: {
            type: "object",
            required: ["field", "message"],
            properties: {
              field: { type: "string" },
              message: { type: "string" },
              code: { type: "string", enum: CODES },
            },
          },
        },
      },
      additionalProperties: true,
    },
    message: { type: "string", description: "The same as `error.message`." },
    request_id: { type: "string", description: "Say this when you report a problem." },
  },
};

const header = (name: string) => ({ [name]: { $ref: `#/components/headers/${name}` } });

/** The headers of a good answer. */
function goodHeaders({ method, is_single }: Good, status: number): Json {
  return {
    ...header("X-Request-Id"),
    ...header("Imail-Version"),
    ...header("X-RateLimit-Limit"),
    ...header("X-RateLimit-Remaining"),
    ...header("X-RateLimit-Reset"),
    ...(is_single && (method === "GET" || method === "PATCH") ? header("ETag") : {}),
    ...(status === 201 ? header("Location") : {}),
    ...(method === "POST" ? header("Idempotent-Replayed") : {}),
  };
}

interface Good {
  method: string;
  /** Of one thing with an id. */
  is_single: boolean;
  /** The route's `response`: one schema, or one per status. */
  response: unknown;
  example: Example | null;
}

/** The responses that are no faults. */
export function goodResponses(good: Good, components: Components): Json {
  const { response, example } = good;
  const is_map = isRecord(response) && Object.keys(response).every((word) => /^\d{3}$/.test(word));
  const by_status: Json = is_map ? response : { 200: response };
  const unchanged = good.method === "GET" && good.is_single ? { 304: NOT_MODIFIED } : {};
  const answers = Object.fromEntries(
    Object.entries(by_status).map(([text, schema]) => {
      const status = Number(text);
      const shown = example?.status === status ? example : null;
      return [
        text,
        {
          description: DESCRIPTIONS[status] ?? "Done.",
          headers: goodHeaders(good, status),
          ...(status === 204 ? {} : { content: contentOf(schema, shown, components) }),
        },
      ];
    }),
  );
  return { ...answers, ...unchanged };
}

const NOT_MODIFIED: Json = {
  description: "It has not changed since the answer with the `ETag` of `If-None-Match`; no body.",
  headers: { ...header("X-Request-Id"), ...header("ETag") },
};

const DESCRIPTIONS: Record<number, string> = {
  200: "Done.",
  201: "Created; `Location` names it.",
  202: "Taken on.",
  204: "Done; there is nothing to say.",
};

function contentOf(schema: unknown, example: Example | null, components: Components): Json {
  const shown = example === null ? {} : { example: example.answer };
  const type = example?.answer_type ?? "application/json";
  const json = isRecord(schema) ? components.show(schema, "answered") : {};
  if (type === "application/json") return { [type]: { schema: json, ...shown } };
  return {
    ...(isRecord(schema) && schema["type"] === "object"
      ? { "application/json": { schema: json } }
      : {}),
    [type]: { schema: { type: "string" }, ...shown },
  };
}
