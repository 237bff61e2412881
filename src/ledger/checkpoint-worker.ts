// Moves what stands in a write-ahead log into its database, in a thread of its own: it waits for the disk, and requests
// would wait with it. It writes nothing else, and knows nothing but the path of a file.

import { Database } from "bun:sqlite";

/** What the thread is asked for. */
export interface CheckpointOrder {
  path: string;
  /** Empty the log afterwards; else it is only moved, and nobody who writes is held up. */
  empty: boolean;
}

/** What it answers: a fault in words, or null. */
export interface CheckpointAnswer {
  fault: string | null;
}

// Nobody who writes waits longer than this for the moment in which the log is emptied.
const BUSY_MS = 50;

declare const self: Worker;

self.addEventListener("message", ({ data }: MessageEvent<CheckpointOrder>) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  self.postMessage(checkpoint(data));
});

function checkpoint({ path, empty }: CheckpointOrder): CheckpointAnswer {
  try {
    const db = new Database(path, { readwrite: true, create: false });
    try {
      db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
      // The bulk of it while others write; the rest, which is little then, with the log in hand.
      db.query("PRAGMA wal_checkpoint(PASSIVE)").all();
      if (empty) db.query("PRAGMA wal_checkpoint(TRUNCATE)").all();
    } finally {
      db.close();
    }
    return { fault: null };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
