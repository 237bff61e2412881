// Puts a backup in the place of a data directory. Everything is checked before anything is touched; what was there is kept
// beside; the sent journal stays where it is, and tells the restored data at its first start what went out since.

import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import {
  BackupError,
  checkDeeply,
  databasesIn,
  extract,
  installationMark,
  type Manifest,
  needRoom,
  openSealedKey,
  readBackup,
  syncDirectory,
} from "./backup.ts";
import { findInstallation, markRestored } from "./control.ts";
import { masterKeyFile } from "./master-key.ts";
import { CONTROL_MIGRATIONS, LEDGER_MIGRATIONS } from "./migrations.ts";
import { openReadOnly } from "./read-only.ts";

export interface RestoreOrder {
  file: string;
  /** The data directory, locked by the caller. */
  dir: string;
  /** Opens the master key, or null. */
  passphrase: string | null;
  /** Names the directory in which what was there is kept: `before-restore-<stamp>`. */
  stamp: string;
}

export interface Restored {
  manifest: Manifest;
  /** Where the files that were there are now; null where there were none. */
  kept: string | null;
  /** `there`: the directory has a key of its own, and keeps it. */
  key: "written" | "there" | "absent";
}

/** Files that may lie in a directory without data: what a lost database leaves behind, and what imail makes anew. */
const HARMLESS =
  /^(lock\.db(-\w+)?|lock\.pid|ballast|backups|server\.\w+|.*\.sent|secret\.key|imail\.toml|before-restore-.*|restoring)$/;

/** Restores, or throws BackupError with nothing changed. */
export function restoreBackup({ file, dir, passphrase, stamp }: RestoreOrder): Restored {
  const manifest = readBackup(file);
  refuseNewer(manifest);
  refuseForeign(dir, manifest);
  const key = findKey(file, dir, { manifest, passphrase });
  const bytes = manifest.databases.reduce((sum, part) => sum + part.bytes, 0);
  needRoom(dir, 2 * bytes, "A restore");
  const staging = join(dir, "restoring");
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  try {
    const complaints = checkDeeply(file, manifest, staging);
    if (complaints.length > 0)
      throw new BackupError(`${file} is damaged: ${complaints.join("; ")}`);
    for (const { name } of manifest.databases) extract(file, name, join(staging, name));
    markRestored(join(staging, "control.db"), manifest.created_at);
    const kept = keepWhatIsThere(dir, join(dir, `before-restore-${stamp}`), manifest);
    // control.db last: until then the old one is there, and with it the knowledge that this is imail's.
    for (const { name } of manifest.databases) renameSync(join(staging, name), join(dir, name));
    if (key) writeFileSync(masterKeyFile(dir), `${hex(key)}\n`, { mode: 0o600, flag: "wx" });
    restoreSettings(file, dir, manifest);
    syncDirectory(dir);
    const has_key = existsSync(masterKeyFile(dir));
    return { manifest, kept, key: key ? "written" : has_key ? "there" : "absent" };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function refuseNewer({ databases, version }: Manifest): void {
  const known = new Set([...CONTROL_MIGRATIONS, ...LEDGER_MIGRATIONS].map(({ name }) => name));
  const foreign = databases
    .flatMap(({ migrations }) => migrations)
    .some((name) => !known.has(name));
  if (foreign) {
    throw new BackupError(
      `The backup was made by a newer imail (${version}): restore it with that one.`,
    );
  }
}

/** Only an empty directory, or one of the same installation. */
function refuseForeign(dir: string, manifest: Manifest): void {
  const there = readdirSync(dir);
  const mine = databasesIn(dir);
  const others = there.filter(
    (name) => !HARMLESS.test(name) && !mine.some((one) => name.startsWith(one)),
  );
  if (others.length > 0) {
    throw new BackupError(
      `${dir} holds other files (${others.slice(0, 3).join(", ")}). Name an empty directory with --dir.`,
    );
  }
  if (mine.length > 0 && !isSameInstallation(dir, mine, manifest)) {
    throw new BackupError(
      `${dir} holds the data of another installation. Name an empty directory with --dir.`,
    );
  }
}

function isSameInstallation(dir: string, mine: readonly string[], manifest: Manifest): boolean {
  try {
    const reading = openReadOnly(join(dir, "control.db"));
    try {
      const installation = findInstallation(reading);
      return (
        installation !== null && installationMark(installation.secret) === manifest.installation
      );
    } finally {
      reading.close();
    }
  } catch {
    // A damaged control.db is what backups are for: then the names of the ledgers say whose they are.
    const known = new Set(manifest.databases.map(({ name }) => name));
    return mine.every((name) => known.has(name));
  }
}

function findKey(
  file: string,
  dir: string,
  { manifest, passphrase }: { manifest: Manifest; passphrase: string | null },
): Uint8Array | null {
  if (existsSync(masterKeyFile(dir)) || manifest.key === "absent" || passphrase === null)
    return null;
  const key = openSealedKey(file, passphrase);
  if (!key) throw new BackupError("The passphrase does not open the master key of this backup.");
  return key;
}

/** Another name for each database that is there, then its log out of the way: the log of one must never meet the other. */
function keepWhatIsThere(dir: string, place: string, manifest: Manifest): string | null {
  const mine = databasesIn(dir);
  if (mine.length === 0) return null;
  mkdirSync(place, { mode: 0o700 });
  for (const name of mine) link(join(dir, name), join(place, name));
  syncDirectory(place);
  const restored = new Set(manifest.databases.map(({ name }) => name));
  for (const name of mine) {
    for (const end of ["-wal", "-shm"]) {
      if (existsSync(join(dir, name + end)))
        renameSync(join(dir, name + end), join(place, name + end));
    }
    // A workspace that came later is not known to the restored control.db.
    if (!restored.has(name)) rmSync(join(dir, name));
  }
  return place;
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // A file system without links.
    copyFileSync(from, to);
  }
}

function restoreSettings(file: string, dir: string, { others }: Manifest): void {
  const target = join(dir, "imail.toml");
  if (existsSync(target) || !others.some(({ name }) => name === "imail.toml")) return;
  extract(file, "imail.toml", target);
}
