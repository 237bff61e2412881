// The master key: it seals the workspaces' data keys and with them the inboxes' logins. With no key or a wrong one the
// program starts and says so; a new key is made only for a new installation, so a lost key is never papered over.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Random } from "../core/random.ts";
import { keyFingerprint } from "../core/sealing.ts";

const KEY_BYTES = 32;
const OTHERS = 0o077;

/** `key` is null where logins cannot be opened; `problem` then says why and what to do. */
export type MasterKey =
  | { key: Uint8Array; fingerprint: Uint8Array; problem: null }
  | { key: null; fingerprint: Uint8Array | null; problem: string };

/** The key file cannot be used: others can read it, or it holds no key. */
export class KeyFileError extends Error {}

interface MasterKeyOptions {
  /** The data directory, or ":memory:". */
  dir: string;
  /** The key from the settings, which goes before the file. */
  given: Uint8Array | null;
  /** Of the key that sealed the data keys; null in a new installation. */
  fingerprint: Uint8Array | null;
  random: Random;
}

/** Where the key of a data directory lies. */
export function masterKeyFile(dir: string): string {
  return join(dir, "secret.key");
}

/** Takes the key from the settings or the file; a new installation without either gets one. Throws KeyFileError. */
export function openMasterKey({ dir, given, fingerprint, random }: MasterKeyOptions): MasterKey {
  const from_file = dir === ":memory:" ? null : readKeyFile(masterKeyFile(dir));
  const key = given ?? from_file;
  if (!fingerprint) {
    const first = key ?? makeKey(dir, random);
    if (first.length !== KEY_BYTES) {
      throw new KeyFileError(`${masterKeyFile(dir)} is no key: it must hold 64 hex digits.`);
    }
    return { key: first, fingerprint: keyFingerprint(first), problem: null };
  }
  if (!key) {
    const problem = `The master key is missing: put ${masterKeyFile(dir)} back, or give it as IMAIL_MASTER_KEY.`;
    return { key: null, fingerprint, problem };
  }
  if (Buffer.compare(keyFingerprint(key), fingerprint) === 0) {
    return { key, fingerprint, problem: null };
  }
  const place = given ? "IMAIL_MASTER_KEY" : masterKeyFile(dir);
  return {
    key: null,
    fingerprint,
    problem: `The master key in ${place} is not the one that sealed the logins: put the right one back.`,
  };
}

function readKeyFile(path: string): Uint8Array | null {
  if (!existsSync(path)) return null;
  if (process.platform !== "win32" && (statSync(path).mode & OTHERS) !== 0) {
    throw new KeyFileError(`Other users can read ${path}. Close it first: chmod 600 ${path}`);
  }
  const text = readFileSync(path, "utf8").trim();
  // What is no key fits no fingerprint: it is told as a wrong key, not as a crash.
  return new Uint8Array(Buffer.from(/^[0-9a-f]{64}$/i.test(text) ? text : "", "hex"));
}

function makeKey(dir: string, random: Random): Uint8Array {
  const key = random.bytes(KEY_BYTES);
  if (dir === ":memory:") return key;
  writeFileSync(masterKeyFile(dir), `${Buffer.from(key).toString("hex")}\n`, {
    mode: 0o600,
    flag: "wx",
  });
  return key;
}
