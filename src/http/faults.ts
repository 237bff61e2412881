// The one place where something thrown becomes an answer. Faults are told to the caller; anything else is a bug:
// logged with the request's id, answered with 500 and never explained.
import { NotFoundError, ParseError, ValidationError } from "elysia";

import { AppError, type FaultDetail, FAULTS } from "../core/faults.ts";
import type { Log } from "../core/log.ts";
import { isDiskFull } from "../ledger/disk.ts";
import type { AnswerHeaders } from "./caller.ts";
import { SECURITY_HEADERS } from "./headers.ts";

export interface FaultPlace {
  request_id: string;
  /** The origin of this server as the caller sees it: `http://127.0.0.1:7070`. */
  base: string;
  headers?: Record<string, string>;
}

/** What the router has collected, without the headers of a body that is not sent now. */
export function ownHeaders(headers: AnswerHeaders): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) =>
      !["content-type", "content-length", "location", "etag"].includes(name.toLowerCase()),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

/** The whole answer to a fault. A full `Response`: then source and minified binary answer the same bytes. */
export function faultResponse(
  fault: AppError,
  { request_id, base, headers = {} }: FaultPlace,
): Response {
  const { code, message, field, details, conflict, retry_after_s } = fault;
  const wait = retry_after_s === null ? {} : { "retry-after": String(retry_after_s) };
  const error = {
    ...conflict,
    code,
    message,
    ...(field === null ? {} : { field }),
    doc: `${base}/docs/errors/${code}`,
    ...(details.length === 0 ? {} : { details }),
  };
  return Response.json(
    { success: false, error, message, request_id },
    {
      status: FAULTS[code].status,
      headers: { ...SECURITY_HEADERS, "x-request-id": request_id, ...headers, ...wait },
    },
  );
}

/** What was thrown, as the fault that the caller may know. */
export function readThrown(thrown: unknown, log: Log, request_id: string): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof ParseError) {
    return thrown.cause instanceof AppError ? thrown.cause : new AppError("malformed_json");
  }
  if (thrown instanceof NotFoundError) return new AppError("not_found", "There is no such route.");
  if (thrown instanceof ValidationError && thrown.type !== "response")
    return readValidation(thrown);
  log.error({ request_id, err: describe(thrown) }, "a request ended in a bug");
  return isDiskFull(thrown)
    ? new AppError("unavailable", "The disk is full. Nothing was changed; make room and try again.")
    : new AppError("internal");
}

/** Ours has looked before (check.ts), so this is what only the router's own check can see. */
function readValidation(error: ValidationError): AppError {
  if (error.type === "params") return new AppError("not_found");
  const details = error.all.flatMap((one): FaultDetail[] => {
    if (!("path" in one)) return [];
    const field = one.path.replace(/^\//, "").replaceAll("/", ".");
    return [
      { field, message: `${field === "" ? "The body" : field} has a value that is not allowed.` },
    ];
  });
  const [first] = details;
  return new AppError("invalid_field", first?.message, { field: first?.field, details });
}

/** What the log keeps of a bug. A response that does not fit its schema names the place and never the value. */
function describe(thrown: unknown): object {
  if (thrown instanceof ValidationError) {
    return {
      name: "response does not fit its schema",
      places: thrown.all.map((one) => ("path" in one ? one.path : "")),
    };
  }
  if (thrown instanceof Error)
    return { name: thrown.name, message: thrown.message, stack: thrown.stack };
  return { name: typeof thrown };
}
