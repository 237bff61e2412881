// One process per data directory: a lock database that is held open in an exclusive transaction for as long as the
// process lives. The kernel drops it at a kill -9, and a stopped process still holds it.
import { Database } from "bun:sqlite";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Another process holds the data directory. */
export class DirectoryLockedError extends Error {}

export interface DirectoryLock {
  /** Inode and birth time of the lock file: a copied directory has another one. */
  identity: string;
  release(): void;
}

// Referenced for ever: the garbage collector would close it and drop the lock. Never open this file with fs:
// closing any descriptor of it drops the process's POSIX locks (sqlite.org/howtocorrupt 2.2).
const held = new Map<string, Database>();

/** Takes the lock of `dir` or throws DirectoryLockedError with the holder's process id. */
export function lockDirectory(dir: string): DirectoryLock {
  const path = join(dir, "lock.db");
  const holder = join(dir, "lock.pid");
  const db = new Database(path, { create: true });
  try {
    db.run("PRAGMA busy_timeout = 0");
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("BEGIN EXCLUSIVE");
  } catch {
    db.close();
    throw new DirectoryLockedError(
      `Another imail uses ${dir} (${describeHolder(holder)}). Stop it first, or name another directory with --dir.`,
    );
  }
  held.set(path, db);
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 });
  const { ino, birthtimeMs } = statSync(path);
  return {
    identity: `${ino}:${Math.round(birthtimeMs)}`,
    release() {
      held.delete(path);
      if (db.inTransaction) db.run("ROLLBACK");
      db.close();
    },
  };
}

/** Does another process hold the lock of `dir` now? Only looks. */
export function isDirectoryHeld(dir: string): boolean {
  const path = join(dir, "lock.db");
  if (held.has(path) || !existsSync(path)) return false;
  const db = new Database(path, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 0");
    db.query("SELECT count(*) AS n FROM sqlite_schema").get();
    return false;
  } catch {
    return true;
  } finally {
    db.close();
  }
}

/** Who holds the lock, or held it last, in words. */
export function holderOf(dir: string): string {
  return describeHolder(join(dir, "lock.pid"));
}

function describeHolder(path: string): string {
  try {
    return `process ${readFileSync(path, "utf8").trim()}`;
  } catch {
    return "its process is not known";
  }
}
