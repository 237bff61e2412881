// A backup: one tar with a consistent copy of every database, made beside a running server or without one. The master key
// goes in only sealed with a passphrase; the sent journal never does, for it must be newer than any copy (domain.md).

import { createHash, scryptSync } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";

import type { Random } from "../core/random.ts";
import { seal, unseal } from "../core/sealing.ts";
import { findInstallation } from "./control.ts";
import { highestId } from "./database.ts";
import { checkQuickly, listMigrations, openReadOnly } from "./read-only.ts";
import {
  listTar,
  readEntry,
  readText,
  TarError,
  type TarPart,
  type TarWriter,
  writeTar,
} from "./tar.ts";

/** A backup cannot be made or used; the message says why and what to do. */
export class BackupError extends Error {}

export type BackupReason = "manual" | "daily" | "migration";

interface DatabasePart extends TarPart {
  /** The migrations that it has had. */
  migrations: string[];
  /** What was written last: ids are given in the order of time. */
  highest_id: number;
}

export interface Manifest {
  format: 1;
  program: "imail";
  version: string;
  /** RFC 3339. */
  created_at: string;
  reason: BackupReason;
  /** Recognises the installation; says nothing about its secret. */
  installation: string;
  key: "sealed" | "absent";
  databases: DatabasePart[];
  others: TarPart[];
}

export interface BackupOrder {
  /** The data directory. */
  dir: string;
  /** The file that is made; what is there is replaced at the end only. */
  out: string;
  reason: BackupReason;
  version: string;
  /** ms UTC */
  now: number;
  /** The master key, sealed with the passphrase; null leaves it out. */
  key: { master_key: Uint8Array; passphrase: string; random: Random } | null;
}

const MANIFEST = "manifest.json";
const SETTINGS = "imail.toml";
/** Where a backup has the sealed master key. */
export const SEALED_KEY = "secret.key.sealed";
const MB = 1024 * 1024;
const SPARE_BYTES = 64 * MB;
/** What nobody has asked for must not bring the disk to where sending stops (disk.ts). */
const SPARE_BYTES_DAILY = 600 * MB;

/** control.db and the ledgers that lie in a data directory. Ledgers first: a mailbox of theirs is then in control.db, too. */
export function databasesIn(dir: string): string[] {
  const ledgers = readdirSync(dir).filter((name) => /^ws_[0-9a-z]+\.(live|test)\.db$/i.test(name));
  return [...ledgers.toSorted(), ...(existsSync(join(dir, "control.db")) ? ["control.db"] : [])];
}

/** How large the databases of a data directory are, with what their logs hold. */
export function sizeOfData(dir: string): number {
  const sizes = databasesIn(dir).flatMap((name) =>
    ["", "-wal"].map(
      (end) => statSync(join(dir, name + end), { throwIfNoEntry: false })?.size ?? 0,
    ),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Refuses when the disk of `dir` has not so many bytes. */
export function needRoom(dir: string, bytes: number, what: string): void {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize >= bytes) return;
  const [needed, free] = [bytes, bavail * bsize].map((one) => Math.ceil(one / MB));
  throw new BackupError(
    `${what} needs ${needed} MB of room on the disk of ${dir}, and ${free} MB are free. Make room there.`,
  );
}

/** What recognises an installation: a hash of its secret. */
export function installationMark(secret: Uint8Array): string {
  return createHash("sha256")
    .update("imail installation")
    .update(secret)
    .digest("hex")
    .slice(0, 32);
}

/** Makes a backup and reads it back. The file is there whole or not at all, after a crash too. */
export function writeBackup(order: BackupOrder): Manifest {
  const { dir, out, now } = order;
  const names = databasesIn(dir);
  if (!names.includes("control.db")) throw new BackupError(`There is no data in ${dir}.`);
  // The tar, and beside it one database at a time.
  const spare = order.reason === "daily" ? SPARE_BYTES_DAILY : SPARE_BYTES;
  needRoom(dirname(out), 2 * sizeOfData(dir) + spare, "A backup");
  const unfinished = `${out}.tmp`;
  const tar = writeTar(unfinished, Math.floor(now / 1000));
  let manifest: Manifest;
  try {
    manifest = fill(order, tar, names);
    tar.addText(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`);
    tar.finish();
  } catch (error) {
    tar.abandon();
    rmSync(unfinished, { force: true });
    throw error;
  }
  renameSync(unfinished, out);
  syncDirectory(dirname(out));
  readBackup(out);
  return manifest;
}

function fill(order: BackupOrder, tar: TarWriter, names: readonly string[]): Manifest {
  const { dir, out, reason, version, now, key } = order;
  const databases = names.map((name) => addDatabase(tar, name, join(dir, name), `${out}.part`));
  const others: TarPart[] = [];
  const settings = join(dir, SETTINGS);
  // A settings file that holds the master key stays at home with it.
  if (existsSync(settings) && !readFileSync(settings, "utf8").includes("master_key")) {
    others.push(tar.addFile(SETTINGS, settings));
  }
  if (key) others.push(tar.addText(SEALED_KEY, sealKey(key)));
  return {
    format: 1,
    program: "imail",
    version,
    created_at: new Date(now).toISOString(),
    reason,
    installation: markOf(join(dir, "control.db")),
    key: key ? "sealed" : "absent",
    databases,
    others,
  };
}

function markOf(path: string): string {
  const reading = openReadOnly(path);
  try {
    const installation = findInstallation(reading);
    if (!installation) throw new BackupError(`${path} is not set up yet: start imail once.`);
    return installationMark(installation.secret);
  } finally {
    reading.close();
  }
}

/** VACUUM INTO copies one moment of the database, while others write to it, and leaves deleted rows behind. */
function addDatabase(tar: TarWriter, name: string, path: string, staged: string): DatabasePart {
  const drop = () => {
    for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(staged + end, { force: true });
  };
  drop();
  try {
    const reading = openReadOnly(path);
    try {
      reading.db.query("VACUUM INTO ?").run(staged);
    } finally {
      reading.close();
    }
    const copy = openReadOnly(staged);
    try {
      const complaints = checkQuickly(copy);
      if (complaints.length > 0) {
        throw new BackupError(`${name} is damaged (${complaints[0]}): see imail doctor.`);
      }
      const facts = { migrations: listMigrations(copy), highest_id: highestId(copy.db) };
      return { ...tar.addFile(name, staged), ...facts };
    } finally {
      copy.close();
    }
  } finally {
    drop();
  }
}

/** What a backup says of itself, after every part was read and held against it. Throws BackupError. */
export function readBackup(path: string): Manifest {
  try {
    const entries = new Map(listTar(path).map((entry) => [entry.name, entry]));
    const first = entries.get(MANIFEST);
    if (!first) throw new TarError("it has no manifest");
    const manifest = parseManifest(readText(path, first));
    const parts = [...manifest.databases, ...manifest.others];
    for (const { name, bytes, sha256 } of parts) {
      const entry = entries.get(name);
      if (!entry || entry.bytes !== bytes) throw new TarError(`${name} is missing or cut off`);
      if (readEntry(path, entry, null) !== sha256) throw new TarError(`${name} was changed`);
    }
    return manifest;
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    throw new BackupError(`${path} cannot be used: ${error.message}.`, { cause: error });
  }
}

function parseManifest(text: string): Manifest {
  try {
    // oxlint-disable-next-line no-unsafe-type-assertion -- our own, and its parts are held against their hashes
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.program === "imail" && manifest.format === 1) return manifest;
  } catch {
    // Told like any other content that is not ours.
  }
  throw new TarError("its manifest is not one that this imail can read");
}

/** Copies the named part out of a backup. */
export function extract(path: string, name: string, to: string): void {
  const entry = listTar(path).find((one) => one.name === name);
  if (!entry) throw new BackupError(`${path} holds no ${name}.`);
  readEntry(path, entry, to);
}

/** What SQLite's full check says of every database of a backup, copied out into `scratch` one after the other. */
export function checkDeeply(path: string, { databases }: Manifest, scratch: string): string[] {
  return databases.flatMap(({ name }) => {
    const copy = join(scratch, name);
    extract(path, name, copy);
    const reading = openReadOnly(copy);
    try {
      const rows = reading.db
        .query<{ integrity_check: string }, []>("PRAGMA integrity_check(10)")
        .all();
      return rows
        .map(({ integrity_check }) => integrity_check)
        .filter((line) => line !== "ok")
        .map((line) => `${name}: ${line}`);
    } finally {
      reading.close();
      rmSync(copy, { force: true });
    }
  });
}

// 128 MB and about half a second (RFC 7914, OWASP's first choice): a passphrase is guessed slowly.
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * MB } as const;
const PLACE = { table: "backup", row: 1, column: "secret.key" };

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

function sealKey({ master_key, passphrase, random }: NonNullable<BackupOrder["key"]>): string {
  const salt = random.bytes(16);
  const sealed = seal(scryptSync(passphrase, salt, 32, SCRYPT), PLACE, master_key, random);
  const { N, r, p } = SCRYPT;
  return `${JSON.stringify({ kdf: "scrypt", N, r, p, salt: base64(salt), sealed: base64(sealed) })}\n`;
}

/** The master key of a backup, or null when the passphrase is another one. */
export function openSealedKey(path: string, passphrase: string): Uint8Array | null {
  const entry = listTar(path).find(({ name }) => name === SEALED_KEY);
  if (!entry)
    throw new BackupError(`${path} holds no master key: it was made without a passphrase.`);
  // oxlint-disable-next-line no-unsafe-type-assertion -- our own; a changed one does not open
  const { salt, sealed } = JSON.parse(readText(path, entry)) as { salt: string; sealed: string };
  const key = scryptSync(passphrase, Buffer.from(salt, "base64"), 32, SCRYPT);
  return unseal(key, PLACE, Buffer.from(sealed, "base64"));
}

/** After this a renamed file is there under its new name, whatever happens to the machine. */
export function syncDirectory(dir: string): void {
  // Windows cannot open a directory, and needs no such thing.
  if (process.platform === "win32") return;
  const file = openSync(dir, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
