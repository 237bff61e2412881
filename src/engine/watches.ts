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

/** The watches of one ledger. */
export function openWatches({ ledger, mail, log, later, onTried }: WatchParts): Watches {
  const watches = new Map<number, { nudge: AbortController; done: Promise<void> }>();
  const stop = new AbortController();
  let generation = 0;

  const watch = (inbox_id: number) => {
    const one = { nudge: new AbortController(), done: Promise.resolve() };
    const nudged = () => {
      one.nudge = new AbortController();
      return AbortSignal.any([stop.signal, one.nudge.signal]);
    };
    const sleep = (ms: number) => sleepUntil(ms, nudged(), later);
    watches.set(inbox_id, one);
    const desk = { ledger, inbox_id, mail, log, signal: stop.signal, sleep, nudged };
    const age = { generation: () => generation };
    one.done = watchInbox({ ...desk, ...age, onTried: () => onTried(inbox_id) }).finally(() =>
      watches.delete(inbox_id),
    );
  };
  const nudge = () => {
    for (const one of watches.values()) one.nudge.abort();
  };
  return {
    watchAll() {
      if (stop.signal.aborted) return;
      for (const { id } of listReadInboxes(ledger)) if (!watches.has(id)) watch(id);
    },
    nudge,
    renew() {
      generation++;
      nudge();
    },
    stop: () => stop.abort(),
    stopped: async () => void (await Promise.all([...watches.values()].map(({ done }) => done))),
  };
}

function sleepUntil(ms: number, signal: AbortSignal, later: Later): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(later(ms, resolve));
}
