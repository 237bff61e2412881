// Who is calling, as the gate found out, and what it remembers of one request.
import type { Mode } from "../core/states.ts";
import type { Tier } from "../ledger/ledger.ts";
import type { Standing } from "./rate-limit.ts";

/** A person who is signed in. */
export interface SignedIn {
  user_id: number;
  email: string;
  /** ms UTC */
  created_at: number;
  /** When it ends if nothing more is asked, ms UTC. */
  expires_at: number;
}

/** An API key or a session at work. */
export interface Caller {
  /** The id of the key, or of the session: control.db gives no id twice. */
  key_id: number;
  /** What stands before the dot of the key: `imk_live_…`; of a session, its user: `usr_…`. */
  public_id: string;
  workspace_id: number;
  tier: Tier;
  mode: Mode;
  scopes: readonly string[];
  /** Null for an API key. */
  session: SignedIn | null;
}

/** What a request with a session cookie says. */
export interface SessionWish {
  token: string;
  /** `Imail-Workspace`; null for the first one. */
  workspace: string | null;
  /** `Imail-Mode`; null for live. */
  mode: string | null;
}

/** What the session cookie is to hold from now on. */
export interface SessionCookie {
  token: string;
  /** Over https only. */
  secure: boolean;
  max_age_s: number;
}

/** A session that is let in; `renewed` when its token was short of life. */
export interface Admission {
  caller: Caller;
  renewed: SessionCookie | null;
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
  /** The snapshot of the API that answers; null where `Imail-Version` names none, and outside of the API. */
  version: string | null;
  /** How its bucket stands; null until a token was taken. */
  standing: Standing | null;
  /** The headers of the answer to come. */
  headers: AnswerHeaders;
  /** Does what the route changes stand in control.db? */
  in_control: boolean;
  /** `Idempotency-Key`, of requests that are to be done once. */
  idempotency_key: string | null;
  /** What such a request asked; null until its body was read. */
  asked: Asked | null;
}

/** What was asked: its fingerprint, and its words where they are few. */
export interface Asked {
  /** SHA-256 of method, path and body. */
  fingerprint: Uint8Array;
  text: string;
}

/** Headers as the router collects them. */
export type AnswerHeaders = Record<string, string | number | string[]>;

/** Per request, and gone with it. */
export type Visits = WeakMap<Request, Visit>;
