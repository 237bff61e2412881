// Who is calling, as the gate found out, and what it remembers of one request.
import type { Mode } from "../core/states.ts";

/** An API key at work. */
export interface Caller {
  key_id: number;
  /** What stands before the dot of the key: `imk_live_…`. */
  public_id: string;
  workspace_id: number;
  mode: Mode;
  scopes: readonly string[];
}

/** One request that the gate has seen. */
export interface Visit {
  request_id: string;
  /** Null on routes that take no key. */
  caller: Caller | null;
  /** The access entry that let it in, `GET /v1/leads/:id`; null when it was refused before. */
  route: string | null;
  /** The most bytes that its body may have. */
  max_bytes: number;
}

/** Per request, and gone with it. */
export type Visits = WeakMap<Request, Visit>;
