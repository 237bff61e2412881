// Accounts, the one-time link for the first of them, and the sessions of those who sign in. Passwords are kept as
// argon2id; link tokens and session ids as SHA-256.
import { createHash } from "node:crypto";

import { AppError, notFound } from "../../core/faults.ts";
import { formatId, parseId } from "../../core/ids.ts";
import { invalidField } from "../../core/issues.ts";
import { SCOPES } from "../../core/scopes.ts";
import { deriveKey } from "../../core/sealing.ts";
import { type Mode, MODES } from "../../core/states.ts";
import type { Admission, SessionCookie, SessionWish } from "../../http/caller.ts";
import type { Control } from "../../ledger/control.ts";
import type { Tx } from "../../ledger/database.ts";
import { findWorkspace, listWorkspaces, type Workspace } from "../workspaces/store.ts";
import { readToken, SHORT_OF_LIFE_MS, signToken } from "./session-token.ts";
import {
  deleteSession,
  deleteSessionsOf,
  deleteStaleSessions,
  findSession,
  insertSession,
  type SessionRow,
  setRenewed,
  setSeen,
} from "./sessions.store.ts";
import {
  deleteSetupTokens,
  findUser,
  hasAnyUser,
  hasSetupToken,
  hasUser,
  insertUser,
  replaceSetupToken,
  setPasswordHash,
} from "./store.ts";

const MIN_PASSWORD = 10;
const MAX_PASSWORD = 256;
const TOKEN_BYTES = 32;
/** How long the link for the first account is good. */
export const SETUP_LIFE_MS = 30 * 60_000;
const IDLE_MS = 12 * 60 * 60_000;
const ABSOLUTE_MS = 7 * 24 * 60 * 60_000;
const SESSIONS_PER_USER = 50;
const SEEN_STEP_MS = 60_000;
/** Requests that left together bring the same token: the first one renews it, the others must not fail. */
const RENEWAL_GRACE_MS = 60_000;
// Of no password that anybody has; with the costs of Bun.password, so that an unknown account takes as long as a known one.
export const NOBODYS_HASH =
  "$argon2id$v=19$m=65536,t=2,p=1$PKRgVjhK4+oJP79pMcNbcR6MrRC9X/2F/v0mZ2yso0I$Ex5dryZoOrzMQMlx6jwI8aKB3FwZGGfCoCv15oOoXuo";

const hashOf = (secret: string) => createHash("sha256").update(secret).digest();
const newSecret = ({ random }: Control) =>
  Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url");
/** One spelling per address. */
export const accountOf = (email: string) => email.trim().toLowerCase();

/** The key that signs session tokens. Without the master key a key of this run: everybody signs in anew. */
export function openSessionKey(control: Control, master_key: Uint8Array | null): Uint8Array {
  return deriveKey(master_key ?? control.random.bytes(TOKEN_BYTES), "session token");
}

async function hashPassword(password: string, field = "password"): Promise<string> {
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD) {
    throw invalidField(field, `${field} must have ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`);
  }
  return Bun.password.hash(password, "argon2id");
}

function readAddress(email: string): string {
  const address = accountOf(email);
  if (address.length > 254 || !/^[^\s@<>"]+@[^\s@<>"]+$/.test(address)) {
    throw invalidField("email", "email must be an e-mail address such as ada@example.com");
  }
  return address;
}

/** A new account; answers its id. An address that has one already, or a password that is too short, is a fault. */
export async function createUser(
  control: Control,
  email: string,
  password: string,
): Promise<number> {
  const address = readAddress(email);
  const password_hash = await hashPassword(password);
  return control.write((tx) => {
    if (hasUser(tx, address)) throw invalidField("email", "email has an account already");
    deleteSetupTokens(tx);
    return insertUser(tx, { email: address, password_hash });
  });
}

/** A one-time token for `/setup#t=…`, good for 30 min. It ends every earlier one and is stored as its hash only. */
export function createSetupToken(control: Control): string {
  const token = newSecret(control);
  control.write((tx) => {
    replaceSetupToken(tx, { hash: hashOf(token), expires_at: tx.now + SETUP_LIFE_MS });
  });
  return token;
}

/** A session as its holder gets it. */
export interface OpenedSession extends SessionCookie {
  user_id: number;
}

/** Opens a session within the caller's transaction; `sid` is what its token will name. */
function openSession(tx: Tx, user_id: number, sid: string, secure: boolean): void {
  insertSession(tx, { hash: hashOf(sid), user_id, secure });
  deleteStaleSessions(tx, {
    seen_before: tx.now - IDLE_MS,
    opened_before: tx.now - ABSOLUTE_MS,
    keep: SESSIONS_PER_USER,
  });
}

/** What signing in needs of the house. */
export interface SessionRoom {
  control: Control;
  session_key: Uint8Array;
}

async function handOver(
  { control, session_key }: SessionRoom,
  sid: string,
  session: { user_id: number; secure: boolean },
): Promise<OpenedSession> {
  const token = await signToken(session_key, sid, control.clock.now());
  return { ...session, token, max_age_s: IDLE_MS / 1000 };
}

/** The first account, by the token of the printed link: once, and only while there is no account. */
export async function setUpFirst(
  room: SessionRoom,
  order: { token: string; email: string; password: string; secure: boolean },
): Promise<OpenedSession> {
  const { control } = room;
  const hash = hashOf(order.token);
  const check = (now: number) => {
    if (hasAnyUser(control)) {
      throw new AppError("wrong_state", "There is an account already: sign in at /login.");
    }
    if (!hasSetupToken(control, hash, now)) throw new AppError("invalid_setup_link");
  };
  check(control.clock.now());
  const email = readAddress(order.email);
  const password_hash = await hashPassword(order.password);
  const sid = newSecret(control);
  const { secure } = order;
  const user_id = control.write((tx) => {
    // Again: hashing took its time, and the link is good once.
    check(tx.now);
    deleteSetupTokens(tx);
    const id = insertUser(tx, { email, password_hash });
    openSession(tx, id, sid, secure);
    return id;
  });
  return handOver(room, sid, { user_id, secure });
}

/** A new session for e-mail and password; the one that `previous` (a token) named ends. Null when they do not fit. */
export async function logIn(
  room: SessionRoom,
  order: { email: string; password: string; secure: boolean; previous: string | null },
): Promise<OpenedSession | null> {
  const { control, session_key } = room;
  const user = findUser(control, accountOf(order.email));
  const fits = await Bun.password.verify(order.password, user?.password_hash ?? NOBODYS_HASH);
  if (!user || !fits) return null;
  const before = order.previous === null ? null : await readToken(session_key, order.previous);
  const sid = newSecret(control);
  const { secure } = order;
  control.write((tx) => {
    const ended = before && findSession(tx, hashOf(before.sid));
    if (ended) deleteSession(tx, ended.id);
    openSession(tx, user.id, sid, secure);
  });
  return handOver(room, sid, { user_id: user.id, secure });
}

/** Ends one session: its cookie is refused from the next request on. */
export function logOut({ control }: SessionRoom, session_id: number): void {
  control.write((tx) => {
    deleteSession(tx, session_id);
  });
}

/** A new password ends every session of the account and opens one new one. Null when `current` is wrong. */
export async function changePassword(
  room: SessionRoom,
  order: { email: string; current: string; next: string; secure: boolean },
): Promise<OpenedSession | null> {
  const { control } = room;
  const user = findUser(control, order.email);
  if (!user) throw notFound("account");
  if (!(await Bun.password.verify(order.current, user.password_hash))) return null;
  const password_hash = await hashPassword(order.next, "new_password");
  const sid = newSecret(control);
  const { secure } = order;
  control.write((tx) => {
    setPasswordHash(tx, user.id, password_hash);
    deleteSessionsOf(tx, user.id);
    openSession(tx, user.id, sid, secure);
  });
  return handOver(room, sid, { user_id: user.id, secure });
}

/** Who is signed in, and the new token when the old one was short of life; null when the session is over or forged. */
export async function admitSession(
  room: SessionRoom,
  wish: SessionWish,
): Promise<Admission | null> {
  const { control, session_key } = room;
  const token = await readToken(session_key, wish.token);
  const session = token && findSession(control, hashOf(token.sid));
  if (!token || !session) return null;
  const now = control.clock.now();
  const ends_at = Math.min(session.last_seen_at + IDLE_MS, session.created_at + ABSOLUTE_MS);
  if (ends_at <= now) return null;
  if (token.expires_at <= now && !isRenewable(session, token.issued_at, now)) return null;
  const renews = token.expires_at - now < SHORT_OF_LIFE_MS;
  noteUse(control, session, { now, renews });
  const { id: workspace_id, tier } = pickWorkspace(control, wish.workspace);
  const caller = {
    key_id: session.id,
    public_id: formatId("usr", session.user_id),
    workspace_id,
    tier,
    mode: readMode(wish.mode),
    scopes: SCOPES,
    session: {
      user_id: session.user_id,
      email: session.email,
      created_at: session.created_at,
      expires_at: Math.min(now + IDLE_MS, session.created_at + ABSOLUTE_MS),
    },
  };
  if (!renews) return { caller, renewed: null };
  const left_s = Math.floor((session.created_at + ABSOLUTE_MS - now) / 1000);
  const renewed = {
    token: await signToken(session_key, token.sid, now),
    secure: session.secure === 1,
    max_age_s: Math.min(IDLE_MS / 1000, left_s),
  };
  return { caller, renewed };
}

/** Past its quarter of an hour only the newest token lives on: a copy that was left behind is dead. */
const isRenewable = ({ renewed_at }: SessionRow, issued_at: number, now: number) =>
  issued_at >= Math.floor(renewed_at / 1000) * 1000 || now - renewed_at < RENEWAL_GRACE_MS;

/** At most once a minute. A full disk must not sign out those who only look, so a failure stays without effect. */
function noteUse(
  control: Control,
  session: SessionRow,
  { now, renews }: { now: number; renews: boolean },
): void {
  if (!renews && Math.abs(now - session.last_seen_at) < SEEN_STEP_MS) return;
  try {
    control.write((tx) => {
      if (renews) setRenewed(tx, session.id, now);
      else setSeen(tx, session.id);
    });
  } catch {
    // The writer has told the house (`onError`); the session is as good as before.
  }
}

function pickWorkspace(control: Control, named: string | null): Workspace {
  if (named === null) {
    const [first] = listWorkspaces(control);
    if (!first) throw notFound("workspace");
    return first;
  }
  const workspace = findWorkspace(control, parseId("ws", named) ?? 0);
  if (!workspace) throw notFound("workspace (Imail-Workspace names one by its id, ws_…)");
  return workspace;
}

function readMode(named: string | null): Mode {
  const mode = named === null ? "live" : MODES.find((one) => one === named);
  if (mode === undefined) throw invalidField("Imail-Mode", "Imail-Mode must be live or test");
  return mode;
}
