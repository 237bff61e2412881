// Housekeeping once a second. It counts time that has passed, not the time of day: a calendar stands still for as long as a
// clock is set back (reliability.md S9). Each job runs once at a time, and one that fails is told and tried again.

import type { Log } from "../core/log.ts";
import type { Later } from "./send/commit-group.ts";

const EVERY_MS = 1000;
/** The timers are dead when nothing has run for so long: then whoever nudges does the work. */
const DEAD_MS = 5000;

export interface Jobs {
  /** Runs what is overdue. */
  pulse(): void;
  stop(): void;
}

interface JobParts {
  work: readonly (() => unknown)[];
  later: Later;
  mono: () => number;
  log: Log;
}

/** Starts the jobs; each one runs every second until they are stopped. */
export function openJobs({ work, later, mono, log }: JobParts): Jobs {
  const busy = new Set<() => unknown>();
  let ran_at = mono();
  let is_stopped = false;

  const run = async (job: () => unknown) => {
    if (busy.has(job)) return;
    busy.add(job);
    try {
      await job();
    } catch (error) {
      log.error({ error: String(error) }, "tending failed");
    } finally {
      busy.delete(job);
    }
  };
  const runAll = () => {
    if (is_stopped) return;
    ran_at = mono();
    cancel();
    cancel = later(EVERY_MS, runAll);
    for (const job of work) void run(job);
  };
  let cancel = later(EVERY_MS, runAll);
  return {
    pulse() {
      if (mono() - ran_at > DEAD_MS) runAll();
    },
    stop() {
      is_stopped = true;
      cancel();
    },
  };
}
