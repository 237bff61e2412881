// Makes, reads and revokes API keys. A secret is shown once and stored as its hash; revoking acts on the next
// request, because nothing of a key is cached.
import { createHash, timingSafeEqual } from "node:crypto";

import { AppError, notFound } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { SCOPES } from "../../core/scopes.ts";
import { base32 } from "../../core/signing.ts";
import type { Mode } from "../../core/states.ts";
import type { Control } from "../../ledger/control.ts";
import { findWorkspace } from "../workspaces/store.ts";
import {
  findKey,
  findKeyWithHash,
  insertKey,
  type KeyRow,
  listKeyRows,
  setLastUsed,
  setRevoked,
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

const hashOf = (secret: string) => createHash("sha256").update(secret).digest();
const NO_HASH = hashOf("");

/** Makes a key; an unknown scope or workspace is a fault. */
export function createKey(control: Control, order: KeyOrder): CreatedKey {
  const { workspace_id, mode } = order;
  const scopes = readScopes(order.scopes);
  const name = order.name.trim();
  if (name.length > MAX_NAME)
    throw invalid("name", `name must have at most ${MAX_NAME} characters`);
  const public_id = `imk_${mode}_${base32(control.random.bytes(ID_BYTES))}`;
  const secret = Buffer.from(control.random.bytes(SECRET_BYTES)).toString("base64url");
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

/** `all` or a list of scopes, without repeats and in the order of the table. */
function readScopes(asked: readonly string[]): string[] {
  const unknown = asked.find((scope) => scope !== "all" && !SCOPES.some((one) => one === scope));
  if (unknown !== undefined)
    throw invalid("scopes", `scopes must be "all" or some of ${SCOPES.join(", ")}`);
  if (asked.length === 0)
    throw invalid("scopes", `scopes must name at least one of ${SCOPES.join(", ")}`);
  return SCOPES.filter((scope) => asked.includes("all") || asked.includes(scope));
}

const invalid = (field: string, message: string) =>
  new AppError("invalid_field", message, { field, details: [{ field, message }] });

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
export function authenticate(
  control: Control,
  key: string,
): {
  key_id: number;
  public_id: string;
  workspace_id: number;
  mode: Mode;
  scopes: readonly string[];
} | null {
  const [, public_id = "", secret = ""] = SHAPE.exec(key) ?? [];
  const found = findKeyWithHash(control, public_id);
  // An unknown id is compared as well, so that the time says nothing about which ids exist (reliability.md K2).
  const same = timingSafeEqual(hashOf(secret), found?.secret_hash ?? NO_HASH);
  if (!found || !same) return null;
  const { id, workspace_id, mode, scopes, expires_at, revoked_at } = found.key;
  const now = control.clock.now();
  if (revoked_at !== null || (expires_at !== null && expires_at <= now)) return null;
  noteUse(control, found.key, now);
  return { key_id: id, public_id, workspace_id, mode, scopes };
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
