// Makes the daily backup in a thread of its own, on connections of its own: the server goes on meanwhile.

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import { dropUnfinished, type Keep, pruneBackups } from "./backup-files.ts";
import { type BackupOrder, writeBackup } from "./backup.ts";

/** What the thread is asked for. */
export interface BackupWish {
  order: Omit<BackupOrder, "key">;
  keep: Keep;
}

/** What it answers: a fault in words, or null. */
export interface BackupAnswer {
  fault: string | null;
}

declare const self: Worker;

self.addEventListener("message", ({ data }: MessageEvent<BackupWish>) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  self.postMessage(make(data));
});

function make({ order, keep }: BackupWish): BackupAnswer {
  try {
    const place = dirname(order.out);
    mkdirSync(place, { recursive: true, mode: 0o700 });
    dropUnfinished(place);
    writeBackup({ ...order, key: null });
    pruneBackups(place, keep);
    return { fault: null };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
