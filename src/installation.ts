// An installation: a data directory with control.db, the master key and the first workspace. The server and the command
// line open it in the same way; the command line may do so beside a running server.

import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Config } from "./config.ts";
import {
  type Control,
  findInstallation,
  openControl,
  rememberInstallation,
  RESTORED,
} from "./ledger/control.ts";
import { type MasterKey, openMasterKey } from "./ledger/master-key.ts";
import { systemRandom } from "./ledger/random.ts";
import { createWorkspace } from "./resources/workspaces/actions.ts";
import { listWorkspaces } from "./resources/workspaces/store.ts";

export interface OpenInstallation {
  control: Control;
  master_key: MasterKey;
  /** True where this call made the installation. */
  is_new: boolean;
  /** True where the lock file is not the one that this control.db knows: the directory was copied or restored. */
  is_copy: boolean;
  /** Of a copy: why its campaigns are paused, as people read it. */
  copy_reason: string | null;
}

/** Makes the data directory where there is none, for its owner only, and all files of this process with it. */
export function prepareDirectory(dir: string): void {
  // Before the first open: Bun creates databases 0644 otherwise (reliability.md C3).
  process.umask(0o077);
  if (existsSync(dir)) return;
  mkdirSync(dir, { recursive: true });
  // `recursive` gives the mode to the last directory only on some platforms; the umask may be wider on others.
  chmodSync(dir, 0o700);
}

/** Is there a control.db with a workspace in it? Needs no lock. */
export function hasInstallation(control: Control): boolean {
  return listWorkspaces(control).length > 0;
}

interface InstallationOptions {
  config: Config;
  in_memory: boolean;
  /** Of the lock file; null where another process holds the lock, or there is none. */
  lock_identity: string | null;
  onError: (error: unknown) => void;
}

/** Opens the installation; a new one gets its key and first workspace. The caller holds the lock of a new one. */
export function openInstallation(options: InstallationOptions): OpenInstallation {
  const { config, lock_identity, onError } = options;
  const dir = options.in_memory ? ":memory:" : config.dir;
  const random = systemRandom;
  const control = openControl({ dir, random, onError });
  try {
    const known = findInstallation(control);
    const fingerprint = known?.key_fingerprint ?? null;
    const master_key = openMasterKey({ dir, given: config.master_key, fingerprint, random });
    if (master_key.fingerprint && fingerprint === null) {
      const key_fingerprint = master_key.fingerprint;
      rememberInstallation(control, { key_fingerprint, lock_identity: null });
    }
    const is_new = master_key.key !== null && !hasInstallation(control);
    if (is_new) {
      createWorkspace(control, { name: "My workspace", zone: machineZone() }, master_key.key);
    }
    const known_lock = known?.lock_identity ?? null;
    const is_copy = lock_identity !== null && known_lock !== null && known_lock !== lock_identity;
    const copy_reason = is_copy ? reasonOf(known_lock) : null;
    return { control, master_key, is_new, is_copy, copy_reason };
  } catch (error) {
    control.close();
    throw error;
  }
}

/** A restore leaves its word where the lock's identity stood: no lock has that one. */
function reasonOf(known_lock: string): string {
  return known_lock.startsWith(RESTORED)
    ? `the data was restored from a backup of ${known_lock.slice(RESTORED.length)}`
    : "the data directory was copied";
}

/** From now on this lock file is the one of this installation. Only when a copy has been dealt with. */
export function settleIn({ control, master_key }: OpenInstallation, lock_identity: string): void {
  const key_fingerprint = master_key.fingerprint;
  if (key_fingerprint) rememberInstallation(control, { key_fingerprint, lock_identity });
}

/** The master key of an installation that is there. Throws KeyFileError. */
export function readMasterKey({ dir, master_key }: Config, control: Control): MasterKey {
  const fingerprint = findInstallation(control)?.key_fingerprint ?? null;
  return openMasterKey({ dir, given: master_key, fingerprint, random: systemRandom });
}

const serverFile = (dir: string) => join(dir, "server.json");

/** Leaves word of where the server listens, for commands; answers what takes it away again. */
export function announceServer(dir: string, url: string): () => void {
  const path = serverFile(dir);
  writeFileSync(path, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/**
 * Where the server of a data directory said that it listens, as this machine reaches it, or null. After a kill -9 the
 * word is still there: ask whether it answers.
 */
export function findServer(dir: string): string | null {
  try {
    const said: unknown = JSON.parse(readFileSync(serverFile(dir), "utf8"));
    if (typeof said !== "object" || said === null || !("url" in said)) return null;
    const url = new URL(String(said.url));
    if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
    if (url.hostname === "[::]") url.hostname = "[::1]";
    return url.origin;
  } catch {
    return null;
  }
}

/** The zone that this machine is set to: the best first guess at where its user lives. */
function machineZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
