// Keeps the write-ahead logs short without holding up a request. A commit never pays for it: small logs are emptied in quiet
// moments, large ones by a thread that lives only while there is work for it (performance.md 5, "Checkpoint").

import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";

import type { CheckpointAnswer, CheckpointOrder } from "./checkpoint-worker.ts";
import { shrinkCache } from "./database.ts";

/** Up to this size the disk takes a millisecond or two, and no thread is worth it. */
const SMALL_BYTES = 1024 * 1024;
/** Above this the log is emptied though somebody writes: only an empty log begins anew, one that was moved grows on. */
const LARGE_BYTES = 16 * 1024 * 1024;
/** So many looks without work, and the thread goes. */
const REST_LOOKS = 30;
/** So many looks at a log that has not moved, and the memory that an import took goes back. */
const QUIET_LOOKS = 10;

export interface Checkpoints {
  /** Called every second or so. */
  look(): void;
  /** Lets what is under way end. Before the databases are closed: the last connection empties the log itself. */
  close(): Promise<void>;
}

interface Log {
  bytes: number;
  changed_at: number;
  /** Looks since it changed. */
  quiet: number;
}

type Complain = (fault: string) => void;

/** Looks after the logs of these databases. */
export function openCheckpoints(databases: () => Database[], complain: Complain): Checkpoints {
  const seen = new Map<string, Log>();
  const thread = openThread(complain);
  const lookAt = (db: Database) => {
    const log = measure(db.filename, seen.get(db.filename));
    if (!log) return;
    seen.set(db.filename, log);
    if (log.quiet === QUIET_LOOKS) shrinkCache({ db });
    if (log.bytes === 0) return;
    // While somebody writes, the next look finds more, and all of it at once.
    if (log.bytes > SMALL_BYTES && !thread.is_broken()) {
      thread.ask({ path: db.filename, empty: log.quiet > 0 || log.bytes > LARGE_BYTES });
    } else if (log.quiet > 0 && !thread.is_busy()) {
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
  };
  return {
    look() {
      for (const db of databases()) lookAt(db);
      thread.look();
    },
    close: () => thread.close(),
  };
}

// By its entry in the directory: opening a file of a database would drop its locks (sqlite.org/howtocorrupt 2.2).
function measure(path: string, before: Log | undefined): Log | null {
  if (path === "" || path === ":memory:") return null;
  const found = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (!found) return null;
  const { size: bytes, mtimeMs: changed_at } = found;
  const is_same = before?.changed_at === changed_at && before.bytes === bytes;
  return { bytes, changed_at, quiet: is_same ? before.quiet + 1 : 0 };
}

interface Thread {
  /** Takes one file at a time: while it works, an order is left for the next look. */
  ask(order: CheckpointOrder): void;
  is_busy(): boolean;
  /** It could not be started: the commits' own thread has to do it. */
  is_broken(): boolean;
  look(): void;
  close(): Promise<void>;
}

function openThread(complain: Complain): Thread {
  let worker: Worker | null = null;
  let work: PromiseWithResolvers<void> | null = null;
  let rest = 0;
  let broken = false;
  const done = (fault: string | null) => {
    if (fault !== null) complain(fault);
    work?.resolve();
    work = null;
  };
  const start = () => {
    // In the compiled program all files lie in one place (scripts/build.ts); a test of the binary holds that.
    const made = new Worker(new URL("./checkpoint-worker.ts", import.meta.url).href);
    made.addEventListener("message", ({ data }: MessageEvent<CheckpointAnswer>) =>
      done(data.fault),
    );
    made.addEventListener("error", ({ message }) => {
      worker = null;
      broken = true;
      done(message);
    });
    made.unref();
    return made;
  };
  return {
    ask(order) {
      rest = 0;
      if (work) return;
      work = Promise.withResolvers();
      worker ??= start();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
      worker.postMessage(order);
    },
    is_busy: () => work !== null,
    is_broken: () => broken,
    look() {
      if (work || ++rest < REST_LOOKS) return;
      worker?.terminate();
      worker = null;
    },
    async close() {
      await work?.promise;
      worker?.terminate();
      worker = null;
    },
  };
}
