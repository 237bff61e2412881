// What is wrong with an answer, whatever was asked.
import { FAULTS } from "../../src/core/faults.ts";
import type { Callers } from "./fuzz-callers.ts";

/** A sentence about what must not be, or null. */
export function problemOf(
  { path }: { path: string },
  answer: Response,
  text: string,
  callers: Callers,
): string | null {
  const { status, headers } = answer;
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  const secret = callers.secretIn(text);
  if (secret !== null) return `the answer shows ${secret}`;
  const told = JSON.stringify([...headers].filter(([name]) => name !== "set-cookie"));
  const leaked = callers.secretIn(told);
  if (leaked !== null) return `a header shows ${leaked}`;
  if (headers.get("x-request-id") === null) return `${status} without X-Request-Id`;
  if (!path.startsWith("/v1/")) return null;
  if (status === 204 || status === 304) return text === "" ? null : `${status} with a body`;
  if (headers.get("content-type")?.includes("json") !== true)
    return answer.ok ? null : `${status} is no JSON: ${text.slice(0, 100)}`;
  return envelopeProblem(status, text);
}

interface Envelope {
  success?: boolean;
  data?: unknown;
  error?: { code?: string; message?: string; doc?: string };
  request_id?: string;
}

function envelopeProblem(status: number, text: string): string | null {
  const outside = `${status} outside the envelope: ${text.slice(0, 200)}`;
  const json = JSON.parse(text) as Envelope;
  if (status < 400) return json.success === true && "data" in json ? null : outside;
  const { error } = json;
  const is_whole =
    json.success === false &&
    typeof error?.message === "string" &&
    typeof error.doc === "string" &&
    typeof json.request_id === "string";
  if (!is_whole) return outside;
  const known = Object.entries(FAULTS).find(([code]) => code === error.code);
  return known?.[1].status === status ? null : `${status} with the code ${error.code}`;
}
