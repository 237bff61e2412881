// The automatic backups of a running house: one a day, in a thread that lives only while it works. Told to look every second.

import { join } from "node:path";

import { backupName, backupsIn, type Keep, listBackups } from "./backup-files.ts";
import type { BackupAnswer, BackupWish } from "./backup-worker.ts";

const DAY_MS = 86_400_000;
/** A start is no time for it: the first look at the mailboxes comes before. */
const AFTER_START_MS = 20_000;
/** After one that failed (no room on the disk). */
const AGAIN_MS = 3_600_000;

export interface Backups {
  /** Called every second or so. */
  look(): void;
  /** Lets one that is being made end. */
  close(): Promise<void>;
}

interface BackupsOptions {
  /** The data directory. */
  dir: string;
  keep: Keep;
  version: string;
  /** ms UTC, of the system's clock. */
  now: () => number;
  onDone: (fault: string | null) => void;
}

/** The backups of a data directory. */
export function openBackups({ dir, keep, version, now, onDone }: BackupsOptions): Backups {
  const place = backupsIn(dir);
  const last = listBackups(place).find(({ reason }) => reason === "daily")?.at ?? 0;
  let next_at = Math.max(now() + AFTER_START_MS, last + DAY_MS);
  let work: Promise<void> | null = null;
  const make = async () => {
    const at = now();
    const out = join(place, backupName(at, "daily"));
    const order = { dir, out, reason: "daily" as const, version, now: at };
    const fault = await askThread({ order, keep });
    next_at = fault === null ? at + DAY_MS : now() + AGAIN_MS;
    onDone(fault);
    work = null;
  };
  return {
    look() {
      // A clock that was set back must not hold it up for ever.
      if (work === null && (now() >= next_at || now() < next_at - 2 * DAY_MS)) work = make();
    },
    async close() {
      await work;
    },
  };
}

async function askThread(wish: BackupWish): Promise<string | null> {
  // In the compiled program all files lie in one place (scripts/build.ts).
  const worker = new Worker(new URL("./backup-worker.ts", import.meta.url).href);
  const { promise, resolve } = Promise.withResolvers<string | null>();
  worker.addEventListener("message", ({ data }: MessageEvent<BackupAnswer>) => resolve(data.fault));
  worker.addEventListener("error", ({ message }) => resolve(message));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  worker.postMessage(wish);
  try {
    return await promise;
  } finally {
    worker.terminate();
  }
}
