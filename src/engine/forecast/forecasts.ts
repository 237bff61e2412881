// Has forecasts made by a thread that lives only for one of them: one at a time per ledger, kept for a moment as long as
// nothing was written, and given up after a while.

import { AppError } from "../../core/faults.ts";
import type { ForecastRun, ForecastWish, MadeForecast } from "../../core/forecast.ts";
import type { CopySource } from "../../ledger/copy.ts";
import { changesOf } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { ForecastAnswer, ForecastOrder } from "./order.ts";

export interface Forecasts {
  /** Throws `forecast_running`, `forecast_too_large`, and `unavailable` when it takes too long. */
  make(ledger: Ledger, wish: ForecastWish): Promise<MadeForecast>;
  /** Ends the threads. */
  close(): void;
}

const DEADLINE_MS = 60_000;
/** An answer is given again for so long, if nothing was written to the ledger. */
const KEPT_MS = 10_000;

interface Kept {
  key: string;
  changes: number;
  as_of: number;
  made: Promise<MadeForecast>;
}

export function openForecasts(): Forecasts {
  const running = new Map<Ledger, Kept>();
  const kept = new WeakMap<Ledger, Kept>();
  const threads = new Set<Thread>();
  const begin = (ledger: Ledger, wish: ForecastWish, key: string): Kept => {
    const as_of = ledger.clock.now();
    const thread = openThread(orderOf(ledger, wish, as_of));
    threads.add(thread);
    const made = thread.answer
      .then((answer) => ({ ...runOf(answer), as_of }))
      .finally(() => end(ledger, thread));
    return { key, changes: changesOf(ledger), as_of, made };
  };
  const end = (ledger: Ledger, thread: Thread) => {
    running.delete(ledger);
    threads.delete(thread);
    thread.end();
  };
  return {
    make(ledger, wish) {
      const key = `${wish.campaign_id}|${wish.days}`;
      const now = running.get(ledger);
      // Who asks for the same at the same time gets the same.
      if (now?.key === key) return now.made;
      if (now) throw new AppError("forecast_running", undefined, { retry_after_s: 5 });
      const last = kept.get(ledger);
      const is_fresh =
        last?.key === key &&
        last.changes === changesOf(ledger) &&
        Math.abs(ledger.clock.now() - last.as_of) < KEPT_MS;
      if (is_fresh) return last.made;
      const begun = begin(ledger, wish, key);
      running.set(ledger, begun);
      begun.made.then(
        () => kept.set(ledger, begun),
        () => undefined,
      );
      return begun.made;
    },
    close() {
      for (const thread of threads) thread.end();
    },
  };
}

function orderOf(ledger: Ledger, wish: ForecastWish, now: number): ForecastOrder {
  const { mode, keys, boot_id, db } = ledger;
  const in_memory = db.filename === "" || db.filename === ":memory:";
  // A ledger in memory can be reached from no other thread: it goes along as it is.
  const source: CopySource = in_memory ? { image: db.serialize() } : { path: db.filename };
  return { source, workspace: ledger.workspace(), mode, keys, boot_id, now, ...wish };
}

function runOf(answer: ForecastAnswer): ForecastRun {
  if (answer.result === "done") return answer.run;
  if (answer.result === "failed") throw new Error(`the forecast failed: ${answer.fault}`);
  const message = `A forecast plays at most ${answer.limit} leads, and here it would be ${answer.leads} or more: of this campaign and of those that share its inboxes or leads. Ask for fewer days.`;
  throw new AppError("forecast_too_large", message);
}

interface Thread {
  answer: Promise<ForecastAnswer>;
  end(): void;
}

function openThread(order: ForecastOrder): Thread {
  const { promise, resolve, reject } = Promise.withResolvers<ForecastAnswer>();
  // In the compiled program all files lie in one place (scripts/build.ts); a test of the binary holds that.
  const worker = new Worker(new URL("./forecast-worker.ts", import.meta.url).href);
  const late = AbortSignal.timeout(DEADLINE_MS);
  const giveUp = () => {
    const message = `The forecast was given up after ${DEADLINE_MS / 1000} s: the machine has too much to do. Ask for fewer days.`;
    reject(new AppError("unavailable", message));
  };
  late.addEventListener("abort", giveUp, { once: true });
  worker.addEventListener("message", ({ data }: MessageEvent<ForecastAnswer>) => resolve(data));
  worker.addEventListener("error", ({ message }) => reject(new Error(message)));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  worker.postMessage(order);
  return {
    answer: promise,
    end() {
      late.removeEventListener("abort", giveUp);
      worker.terminate();
      reject(new AppError("unavailable", "The server is being stopped."));
    },
  };
}
