// Turns what a route returned into the bytes of its answer, before they are sent: for answers that are stored with their
// effect, and for tags of what is answered. The router does the same at the end of its way; here it must come earlier.

import {
  ElysiaCustomStatusResponse,
  getSchemaValidator,
  type TSchema,
  ValidationError,
} from "elysia";

import type { AnswerHeaders } from "./caller.ts";
import { isRecord } from "./json-body.ts";

/** An answer as it goes out, but for the headers that every answer has. */
export interface EncodedAnswer {
  status: number;
  headers: Record<string, string>;
  /** Null where there is none (204). */
  body: string | null;
}

/** What the route has set beside what it returned. */
export interface AnswerSet {
  headers: AnswerHeaders;
  status?: number | string | undefined;
}

export interface Encoder {
  /** Throws when the value does not fit the route's schema: that is our bug. */
  encode(response: unknown, value: unknown, set: AnswerSet): EncodedAnswer;
}

type Validator = ReturnType<typeof validatorOf>;

const validatorOf = (schema: TSchema) => getSchemaValidator(schema, { normalize: true });

/** Keeps the compiled schemas. */
export function openEncoder(): Encoder {
  const validators = new WeakMap<object, Validator>();
  const find = (schema: TSchema) => {
    const validator = validators.get(schema) ?? validatorOf(schema);
    validators.set(schema, validator);
    return validator;
  };
  return {
    encode(response, value, set) {
      const is_status = value instanceof ElysiaCustomStatusResponse;
      const status = is_status
        ? Number(value.code)
        : typeof set.status === "number"
          ? set.status
          : 200;
      const plain: unknown = is_status ? value.response : value;
      const headers =
        typeof set.headers["location"] === "string" ? { location: set.headers["location"] } : {};
      if (plain === undefined || plain === null) return { status, headers, body: null };
      const schema = schemaFor(response, status);
      const shown = schema === null ? plain : fit(find(schema), plain);
      return {
        status,
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(shown),
      };
    },
  };
}

/** A route's `response` is one schema, or one per status. */
function schemaFor(response: unknown, status: number): TSchema | null {
  if (!isRecord(response)) return null;
  const is_map = Object.keys(response).every((key) => /^\d{3}$/.test(key));
  const schema = is_map ? response[String(status)] : status === 200 ? response : null;
  return isSchema(schema) ? schema : null;
}

const isSchema = (value: unknown): value is TSchema => isRecord(value);

/** Without the fields that the schema does not name: a secret column never leaves. */
function fit(validator: Validator, value: unknown): unknown {
  const clean: unknown = validator.Clean ? validator.Clean(value) : value;
  if (validator.Check(clean)) return clean;
  throw new ValidationError("response", validator, clean);
}

/** The answer itself. The router adds the headers that all answers have. */
export function sendEncoded({ status, headers, body }: EncodedAnswer): Response {
  return new Response(body, { status, headers });
}
