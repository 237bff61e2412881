// One watch per inbox, started when the inbox appears and gone with it.
import type { Log } from "../core/log.ts";
import type { MailPort } from "../core/mail-port.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { listReadInboxes } from "../resources/inboxes/store.ts";
import { watchInbox } from "./read/watch.ts";
import type { Later } from "./send/commit-group.ts";

export interface Watches {
  /** Every inbox has its watch. */
  watchAll(): void;
  /** Look again now. */
  nudge(): void;
  /** Look again now, over new connections: those that slept may be dead without knowing it. */
  renew(): void;
  stop(): void;
  stopped(): Promise<void>;
}

interface WatchParts {
  ledger: Ledger;
  mail: MailPort;
  log: Log;
  later: Later;
  /** Reading this inbox has been tried. */
  onTried: (inbox_id: number) => void;
}

interface OneWatch {
  nudge: AbortController;
  connection: AbortController;
  done: Promise<void>;
}

/** The watches of one ledger. */
export function openWatches({ ledger, mail, log, later, onTried }: WatchParts): Watches {
  const watches = new Map<number, OneWatch>();
  const stop = new AbortController();

  const watch = (inbox_id: number) => {
    const one: OneWatch = {
      nudge: new AbortController(),
      connection: new AbortController(),
      done: Promise.resolve(),
    };
    // Controllers of their own, each for a minute or a connection: what hangs on a signal that lives for months leaks.
    const fresh = (which: "nudge" | "connection") => () => {
      one[which] = new AbortController();
      if (stop.signal.aborted) one[which].abort();
      return one[which].signal;
    };
    const nudged = fresh("nudge");
    watches.set(inbox_id, one);
    one.done = watchInbox({
      ledger,
      inbox_id,
      mail,
      log,
      signal: stop.signal,
      sleep: (ms) => sleepUntil(ms, nudged(), later),
      nudged,
      connection: fresh("connection"),
      crowd: () => watches.size,
      onTried: () => onTried(inbox_id),
    }).finally(() => watches.delete(inbox_id));
  };
  const abortAll = (...which: ("nudge" | "connection")[]) => {
    for (const one of watches.values()) for (const name of which) one[name].abort();
  };
  return {
    watchAll() {
      if (stop.signal.aborted) return;
      for (const { id } of listReadInboxes(ledger)) if (!watches.has(id)) watch(id);
    },
    nudge: () => abortAll("nudge"),
    renew: () => abortAll("connection", "nudge"),
    stop() {
      stop.abort();
      abortAll("connection", "nudge");
    },
    stopped: async () => void (await Promise.all([...watches.values()].map(({ done }) => done))),
  };
}

function sleepUntil(ms: number, signal: AbortSignal, later: Later): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(later(ms, resolve));
}
