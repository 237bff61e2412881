// `imail backup`: makes, checks and puts back copies of a data directory. It makes them beside a running server; putting one
// back needs the directory to itself.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { type Config, readKeyText } from "../config.ts";
import { prepareDirectory } from "../installation.ts";
import { backupName, backupsIn } from "../ledger/backup-files.ts";
import {
  BackupError,
  checkDeeply,
  type Manifest,
  readBackup,
  writeBackup,
} from "../ledger/backup.ts";
import { systemClock } from "../ledger/clock.ts";
import { JOURNAL_KEEPS_MS } from "../ledger/ledger.ts";
import { lockDirectory } from "../ledger/lock.ts";
import { masterKeyFile } from "../ledger/master-key.ts";
import { systemRandom } from "../ledger/random.ts";
import { restoreBackup } from "../ledger/restore.ts";
import { VERSION } from "../version.ts";
import { CommandError, EXIT, PROGRAM, say, sayJson, wantsJson } from "./output.ts";

interface CreateOrder {
  out?: string;
  passphraseFile?: string;
  json?: boolean;
}

interface RestoreOrder {
  passphraseFile?: string;
  json?: boolean;
}

/** `backup create`: beside a running server or without one. */
export function createBackup(config: Config, order: CreateOrder): void {
  process.umask(0o077);
  const now = systemClock.now();
  const out = resolve(order.out ?? join(backupsIn(config.dir), backupName(now, "manual")));
  needData(config.dir);
  if (order.out === undefined) mkdirSync(dirname(out), { recursive: true, mode: 0o700 });
  const passphrase = readPassphrase(order.passphraseFile);
  const master_key = passphrase === null ? null : readKey(config);
  const key =
    passphrase === null || master_key === null
      ? null
      : { master_key, passphrase, random: systemRandom };
  const manifest = attempt(() =>
    writeBackup({ dir: config.dir, out, reason: "manual", version: VERSION, now, key }),
  );
  const facts = { file: out, bytes: statSync(out).size, ...summary(manifest) };
  if (wantsJson(order.json)) return sayJson(facts);
  say(`${out} (${megabytes(facts.bytes)}), read back and sound.`);
  say(
    manifest.key === "sealed"
      ? "The master key is in it, sealed with your passphrase."
      : `The master key is not in it: keep ${masterKeyFile(config.dir)} elsewhere, or make one with --passphrase-file.`,
  );
}

/** `backup verify`: every part against its hash, every database by SQLite's full check. */
export function verifyBackup(file: string, json: boolean | undefined): void {
  process.umask(0o077);
  needFile(file);
  const scratch = mkdtempSync(join(tmpdir(), "imail-verify-"));
  try {
    const manifest = attempt(() => readBackup(file));
    const complaints = attempt(() => checkDeeply(file, manifest, scratch));
    if (complaints.length > 0) {
      throw new CommandError("backup_damaged", EXIT.failed, `${file}: ${complaints.join("; ")}`);
    }
    if (wantsJson(json)) return sayJson({ file, sound: true, ...summary(manifest) });
    const { created_at, version, databases, key } = manifest;
    say(`${file} is sound: made ${created_at} by imail ${version}, ${databases.length} databases,`);
    say(key === "sealed" ? "with the master key, sealed." : "without the master key.");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `backup restore`: into an empty directory, or over the same installation while imail does not run there. */
export function restoreFrom(config: Config, file: string, order: RestoreOrder): void {
  needFile(file);
  prepareDirectory(config.dir);
  const passphrase = readPassphrase(order.passphraseFile);
  const lock = lockDirectory(config.dir);
  try {
    const now = systemClock.now();
    const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const done = attempt(() => restoreBackup({ file, dir: config.dir, passphrase, stamp }));
    const { manifest, kept, key } = done;
    const is_old = now - Date.parse(manifest.created_at) > JOURNAL_KEEPS_MS;
    if (wantsJson(order.json)) {
      return sayJson({ dir: config.dir, kept, key, ...summary(manifest) });
    }
    say(`${config.dir} is as it was at ${manifest.created_at}.`);
    if (kept !== null) say(`What was there is in ${kept}.`);
    if (key === "absent") {
      say(`There is no master key: put secret.key there, or give every inbox its login anew.`);
    }
    if (is_old) say("It is older than the sent journal reaches back: check before you resume.");
    say(
      `All campaigns are paused at the next start (${PROGRAM} serve --dir ${config.dir}): look, then resume them.`,
    );
  } finally {
    lock.release();
  }
}

function summary({ created_at, version, key, databases }: Manifest) {
  const shown = databases.map(({ name, bytes, sha256, highest_id }) => ({
    name,
    bytes,
    sha256,
    highest_id,
  }));
  return { created_at, version, master_key: key, databases: shown };
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function needData(dir: string): void {
  if (existsSync(join(dir, "control.db"))) return;
  const message = `There is no data in ${dir}. Name the data directory with --dir.`;
  throw new CommandError("not_found", EXIT.not_found, message);
}

function needFile(file: string): void {
  if (existsSync(file)) return;
  throw new CommandError("not_found", EXIT.not_found, `There is no file ${file}.`);
}

function readPassphrase(path: string | undefined): string | null {
  if (path === undefined) return null;
  let text: string;
  try {
    // A file ends in a line break that is no part of the passphrase.
    text = readFileSync(path === "-" ? 0 : path, "utf8").replace(/\r?\n$/, "");
  } catch {
    const message = `The passphrase file ${path} cannot be read.`;
    throw new CommandError("not_found", EXIT.not_found, message);
  }
  if (text.length >= 8) return text;
  throw new CommandError("usage", EXIT.usage, "The passphrase must have at least 8 characters.");
}

function readKey(config: Config): Uint8Array {
  const path = masterKeyFile(config.dir);
  const key =
    config.master_key ?? (existsSync(path) ? readKeyText(readFileSync(path, "utf8")) : null);
  if (key) return key;
  const message = `There is no master key in ${path}: without --passphrase-file the backup is made without it.`;
  throw new CommandError("not_found", EXIT.not_found, message);
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new CommandError("backup", EXIT.failed, error.message);
  }
}
