// Runs the mail fuzzer: one worker reads, this thread sees whether it stands still or eats memory.

import type { FuzzOrder } from "./mail-fuzz-worker.ts";

const HANG_MS = 5000;
const LOOK_MS = 250;
/** Beyond what the process has at its start (60 MB of a script of its own): 512 MB in all. */
const MOST_GROWTH_MB = 450;
const rssMb = (): number => Math.round(process.memoryUsage.rss() / 1024 / 1024);

export interface FuzzReport {
  mails: number;
  seed: number;
  crashes: number;
  hangs: number;
  peak_rss_mb: number;
  slowest_ms: number;
  seconds: number;
  /** How the mutants were judged. */
  kinds: Record<string, number>;
  problems: string[];
}

interface Ended {
  crashes: string[];
  kinds: Record<string, number>;
  slowest_ms: number;
}

/** Reads so many mutants. A worker that hangs is ended and the next mail is begun with. */
export async function fuzzMails(count: number, seed: number): Promise<FuzzReport> {
  const report: FuzzReport = {
    mails: count,
    seed,
    crashes: 0,
    hangs: 0,
    peak_rss_mb: 0,
    slowest_ms: 0,
    seconds: 0,
    kinds: {},
    problems: [],
  };
  const start = performance.now();
  const rss_at_start_mb = rssMb();
  let from = 0;
  while (from < count) from = await readFrom(from, report);
  report.seconds = Math.round((performance.now() - start) / 1000);
  if (report.peak_rss_mb - rss_at_start_mb > MOST_GROWTH_MB)
    report.problems.push(`${report.peak_rss_mb} MB of memory, ${rss_at_start_mb} MB at the start`);
  return report;
}

function readFrom(from: number, report: FuzzReport): Promise<number> {
  const place = new SharedArrayBuffer(8);
  const marks = new Int32Array(place);
  const worker = new Worker(new URL("mail-fuzz-worker.ts", import.meta.url).href);
  const order: FuzzOrder = { from, to: report.mails, seed: report.seed, place };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  worker.postMessage(order);
  return new Promise((resolve) => {
    let last = -1;
    let since = performance.now();
    const end = (next: number) => {
      clearInterval(watch);
      worker.terminate();
      report.crashes += Atomics.load(marks, 1);
      resolve(next);
    };
    const watch = setInterval(() => {
      report.peak_rss_mb = Math.max(report.peak_rss_mb, rssMb());
      const now = Atomics.load(marks, 0);
      if (now !== last) [last, since] = [now, performance.now()];
      if (performance.now() - since < HANG_MS || now >= report.mails) return;
      report.hangs++;
      report.problems.push(`mail ${now} took more than ${HANG_MS} ms`);
      end(now + 1);
    }, LOOK_MS);
    worker.addEventListener("message", ({ data }: MessageEvent<Ended>) => {
      report.problems.push(...data.crashes);
      report.slowest_ms = Math.max(report.slowest_ms, data.slowest_ms);
      for (const [kind, times] of Object.entries(data.kinds))
        report.kinds[kind] = (report.kinds[kind] ?? 0) + times;
      end(report.mails);
    });
    worker.addEventListener("error", (event) => {
      report.problems.push(`mail ${Atomics.load(marks, 0)}: ${event.message}`);
      report.crashes++;
      end(Atomics.load(marks, 0) + 1);
    });
  });
}
