// Makes, reads and revokes API keys. A secret is shown once and stored as its hash; revoking acts on the next
// request, because nothing of a key is cached.
import { createHash, timingSafeEqual } from "node:crypto";

import { AppError, notFound } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { invalidField } from "../../core/issues.ts";
import { mayDo, type Scope, SCOPES } from "../../core/scopes.ts";
import { base32 } from "../../core/signing.ts";
import type { Mode } from "../../core/states.ts";
import type { Caller } from "../../http/caller.ts";
import type { Control } from "../../ledger/control.ts";
import { formatInstant } from "../../ledger/row.ts";
import { findWorkspace } from "../workspaces/store.ts";
import {
  findKey,
  findKeyWithHash,
  insertKey,
  type KeyRow,
  listKeyRows,
  setLastUsed,
  setRevoked,
  setSecret,
  updateKey,
} from "./store.ts";

const SHAPE = /^(imk_(?:live|test)_[0-9a-z]{16})\.([A-Za-z0-9_-]{43})$/;
const ID_BYTES = 10; // 16 characters of base32
const SECRET_BYTES = 32; // 43 characters of base64url
const USE_STEP_MS = 60_000;
const MAX_NAME = 120;

export interface KeyOrder {
  workspace_id: number;
  mode: Mode;
  scopes: readonly string[];
  name: string;
  /** ms UTC; null or left out for a key that does not expire. */
  expires_at?: number | null;
}

/** A new key. `key` is the only copy of its secret: `imk_live_<id>.<secret>`. */
export interface CreatedKey extends KeyRow {
  key: string;
}

const newSecret = ({ random }: Control) =>
  Buffer.from(random.bytes(SECRET_BYTES)).toString("base64url");
const hashOf = (secret: string) => createHash("sha256").update(secret).digest();
const NO_HASH = hashOf("");

/** Makes a key; an unknown scope or workspace is a fault. */
export function createKey(control: Control, order: KeyOrder): CreatedKey {
  const { workspace_id, mode } = order;
  const scopes = readScopes(order.scopes);
  const name = readName(order.name);
  const public_id = `imk_${mode}_${base32(control.random.bytes(ID_BYTES))}`;
  const secret = newSecret(control);
  const row = control.write((tx) => {
    if (!findWorkspace(tx, workspace_id)) throw notFound("workspace");
    const expires_at = order.expires_at ?? null;
    const id = insertKey(tx, {
      public_id,
      secret_hash: hashOf(secret),
      workspace_id,
      mode,
      name,
      scopes,
      expires_at,
    });
    return getKey(tx, id);
  });
  return { ...row, key: `${public_id}.${secret}` };
}

function readName(given: string): string {
  const name = given.trim();
  if (name.length > MAX_NAME || /\p{Cc}/u.test(name)) {
    throw invalidField("name", `name must be one line of at most ${MAX_NAME} characters`);
  }
  return name;
}

/** `all` or a list of scopes, without repeats and in the order of the table. */
function readScopes(asked: readonly string[]): Scope[] {
  const unknown = asked.find((scope) => scope !== "all" && !SCOPES.some((one) => one === scope));
  if (unknown !== undefined)
    throw invalidField("scopes", `scopes must be "all" or some of ${SCOPES.join(", ")}`);
  if (asked.length === 0)
    throw invalidField("scopes", `scopes must name at least one of ${SCOPES.join(", ")}`);
  return SCOPES.filter((scope) => asked.includes("all") || asked.includes(scope));
}

function getKey(reading: Parameters<typeof findKey>[0], id: number): KeyRow {
  const key = findKey(reading, id);
  if (!key) throw notFound("API key");
  return key;
}

/** All keys, newest first, without their secrets; of one workspace when it is named. */
export function listKeys(control: Control, workspace_id: number | null = null): KeyRow[] {
  return listKeyRows(control).filter(
    (key) => workspace_id === null || key.workspace_id === workspace_id,
  );
}

/** Revokes a key named by its id, its outside id (`key_…`) or what stands before its dot (`imk_live_…`). */
export function revokeKey(control: Control, named: number | string): KeyRow {
  return control.write((tx) => {
    const id =
      typeof named === "number"
        ? named
        : (parseId("key", named) ?? findKeyWithHash(tx, named)?.key.id);
    const key = getKey(tx, id ?? 0);
    setRevoked(tx, key.id);
    return getKey(tx, key.id);
  });
}

/** Who holds this key, when it is good now; null for one that is malformed, unknown, expired or revoked. */
export function authenticate(control: Control, key: string): Caller | null {
  const [, public_id = "", secret = ""] = SHAPE.exec(key) ?? [];
  const found = findKeyWithHash(control, public_id);
  // An unknown id is compared as well, so that the time says nothing about which ids exist (reliability.md K2).
  const same = timingSafeEqual(hashOf(secret), found?.secret_hash ?? NO_HASH);
  if (!found || !same) return null;
  const { id, workspace_id, mode, scopes, expires_at, revoked_at } = found.key;
  const now = control.clock.now();
  if (revoked_at !== null || (expires_at !== null && expires_at <= now)) return null;
  noteUse(control, found.key, now);
  return { key_id: id, public_id, workspace_id, tier: found.tier, mode, scopes, session: null };
}

/** At most once a minute. A full disk must not lock out those who only read, so a failure stays without effect. */
function noteUse(control: Control, key: KeyRow, now: number): void {
  if (key.last_used_at !== null && Math.abs(now - key.last_used_at) < USE_STEP_MS) return;
  try {
    control.write((tx) => {
      setLastUsed(tx, key.id);
    });
  } catch {
    // The writer has told the house (`onError`); the key is as good as before.
  }
}

/**
 * The key with this id if the caller may see it: keys of its own workspace and mode only. A key of another one is a 404,
 * so that a test key can never touch, or make, a live one.
 */
export function getKeyOf(control: Control, caller: Caller, id: number): KeyRow {
  const key = findKey(control, id);
  if (!key || key.workspace_id !== caller.workspace_id || key.mode !== caller.mode) {
    throw notFound("API key");
  }
  return key;
}

export interface KeyWish {
  name?: string | undefined;
  scopes?: readonly string[] | undefined;
  /** ms UTC */
  expires_at?: number | null | undefined;
}

/** A new key in the caller's workspace and mode, with no scope that the caller lacks and no longer life than its own. */
export function makeKey(control: Control, caller: Caller, wish: KeyWish): CreatedKey {
  const scopes = readScopes(wish.scopes ?? []);
  refuseMore(caller, scopes);
  const { workspace_id, mode } = caller;
  const name = wish.name ?? "";
  const expires_at = readEnd(control, caller, wish.expires_at);
  return createKey(control, { workspace_id, mode, scopes, name, expires_at });
}

/** Changes what is named. Scopes can be added only by who has them; a revoked key stays as it was. */
export function changeKey(control: Control, caller: Caller, id: number, wish: KeyWish): KeyRow {
  const key = getLivingKey(control, caller, id);
  const scopes = wish.scopes === undefined ? key.scopes : readScopes(wish.scopes);
  refuseMore(
    caller,
    SCOPES.filter((scope) => scopes.includes(scope) && !mayDo(key.scopes, scope)),
  );
  const name = wish.name === undefined ? key.name : readName(wish.name);
  const expires_at =
    wish.expires_at === undefined ? key.expires_at : readEnd(control, caller, wish.expires_at);
  return control.write((tx) => {
    updateKey(tx, { id, name, scopes, expires_at });
    return getKey(tx, id);
  });
}

/** A new secret under the same id; the old one is refused from the next request on. */
export function rotateKey(control: Control, caller: Caller, id: number): CreatedKey {
  const key = getLivingKey(control, caller, id);
  // Whoever rotates a key holds it afterwards: with keys:write alone one could take over any other.
  refuseMore(caller, key.scopes);
  const secret = newSecret(control);
  control.write((tx) => {
    setSecret(tx, id, hashOf(secret));
  });
  return { ...key, key: `${key.public_id}.${secret}` };
}

function getLivingKey(control: Control, caller: Caller, id: number): KeyRow {
  const key = getKeyOf(control, caller, id);
  if (key.revoked_at !== null) {
    throw new AppError("wrong_state", "This key is revoked, for good: make a new one.");
  }
  return key;
}

/** A key hands on only what it has itself. */
function refuseMore(caller: Caller, scopes: readonly string[]): void {
  const lacking = SCOPES.filter((scope) => scopes.includes(scope) && !mayDo(caller.scopes, scope));
  if (lacking.length === 0) return;
  throw new AppError(
    "scope_missing",
    `A key can give only scopes that it has itself; this one lacks ${lacking.join(", ")}.`,
  );
}

/** A key that expires leaves nothing behind that lives longer: left out, the new end is its own. */
function readEnd(
  control: Control,
  caller: Caller,
  asked: number | null | undefined,
): number | null {
  const own =
    caller.session === null ? (findKey(control, caller.key_id)?.expires_at ?? null) : null;
  const ends_at = asked === undefined ? own : asked;
  if (ends_at !== null && ends_at <= control.clock.now()) {
    throw invalidField(
      "expires_at",
      "expires_at must be in the future; DELETE revokes a key at once",
    );
  }
  if (own !== null && (ends_at === null || ends_at > own)) {
    const end = formatInstant(own);
    throw invalidField(
      "expires_at",
      `expires_at must not be after ${end}, when the calling key ends`,
    );
  }
  return ends_at;
}
