// Asks a house over its API the way a program does, and gives back what came, typed as the test expects it.
import type { TestHouse } from "./house.ts";

export interface Fault {
  code: string;
  message: string;
  field?: string;
  doc: string;
  details?: { field: string; message: string; code?: string }[];
  lead_id?: string;
  inbox_id?: string;
  step_id?: string;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  data: T;
  error: Fault;
  pagination: { limit: number; next_cursor: string | null; has_more: boolean };
  /** The body as it came. */
  text: string;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** A house as one of its callers sees it: with a live or a test key. */
export function askWith(house: TestHouse, mode: "live" | "test") {
  const { key } = mode === "live" ? house.key : house.test_key;
  return async <T = unknown>(method: Method, path: string, body?: object): Promise<Answer<T>> => {
    const headers: Record<string, string> = { authorization: `Bearer ${key}` };
    const payload = body === undefined ? null : JSON.stringify(body);
    if (payload !== null) {
      headers["content-type"] = "application/json";
      headers["content-length"] = String(Buffer.byteLength(payload));
    }
    const answer = await house.request(`/v1${path}`, { method, headers, body: payload });
    const text = await answer.text();
    // oxlint-disable-next-line no-unsafe-type-assertion -- a test says what it expects and then looks
    const parts = (text === "" ? {} : JSON.parse(text)) as Answer<T>;
    return { ...parts, status: answer.status, headers: answer.headers, text };
  };
}

export type Ask = ReturnType<typeof askWith>;
