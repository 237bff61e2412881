// Opens control.db: users, workspaces, API keys, and this installation's secret.
import { Database } from "bun:sqlite";
import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { systemClock } from "./clock.ts";
import { closeDatabase, openDatabase, openWriter, type Reading, type Write } from "./database.ts";
import { CONTROL_MIGRATIONS } from "./migrations.ts";

export interface Installation {
  secret: Uint8Array;
  key_fingerprint: Uint8Array | null;
  lock_identity: string | null;
}

export interface Control extends Reading {
  readonly clock: Clock;
  readonly random: Random;
  readonly write: Write;
  /** Many writes as one transaction (database.ts). */
  readonly together: Write;
  readonly installation_secret: Uint8Array;
  close(): void;
}

interface ControlOptions {
  /** The data directory, or ":memory:". */
  dir: string;
  random: Random;
  onError: (error: unknown) => void;
}

/** In place of a lock's identity in a control.db that comes from a backup; the instant of the backup follows. */
export const RESTORED = "restored ";

/** Opens control.db of a data directory; the first opening makes the installation secret. */
export function openControl({ dir, random, onError }: ControlOptions): Control {
  const db = openDatabase(dir === ":memory:" ? dir : join(dir, "control.db"), CONTROL_MIGRATIONS);
  const clock = systemClock;
  const { write, together } = openWriter({ db, clock, onNudge: () => undefined, onError });
  const installation_secret =
    findInstallation({ db })?.secret ??
    write((tx) => {
      const secret = random.bytes(32);
      tx.db
        .query("INSERT INTO installation (id, secret, created_at) VALUES (1, ?, ?)")
        .run(secret, tx.now);
      return secret;
    });
  const close = () => closeDatabase(db);
  return { db, clock, random, write, together, installation_secret, close };
}

/** This installation's one row, or null before the first start. */
export function findInstallation({ db }: Reading): Installation | null {
  return db
    .query<Installation, []>(
      "SELECT secret, key_fingerprint, lock_identity FROM installation WHERE id = 1",
    )
    .get();
}

/** Makes a control.db that was copied out of a backup say so: its first start pauses everything, and says why. */
export function markRestored(path: string, created_at: string): void {
  const db = new Database(path, { create: false, readwrite: true, strict: true });
  try {
    db.query("UPDATE installation SET lock_identity = ? WHERE id = 1").run(RESTORED + created_at);
  } finally {
    db.close();
  }
}

/** Remembers which master key sealed the data keys, and which lock file this data directory had. */
export function rememberInstallation(
  control: Control,
  facts: { key_fingerprint: Uint8Array; lock_identity: string | null },
): void {
  control.write(({ db }) => {
    db.query("UPDATE installation SET key_fingerprint = ?, lock_identity = ? WHERE id = 1").run(
      facts.key_fingerprint,
      facts.lock_identity,
    );
  });
}
