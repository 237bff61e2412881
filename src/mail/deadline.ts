// A wait that always ends. Socket timeouts do not fire on Bun while writes stall (oven-sh/bun#42403),
// so every answer that we wait for has a timer of its own and the caller's signal.

/** Why a wait ended without its answer: it took too long, or our own side stopped it. */
export class Late extends Error {
  readonly stopped: boolean;
  constructor(message: string, stopped: boolean) {
    super(message);
    this.stopped = stopped;
  }
}

export interface Limit {
  ms: number;
  signal: AbortSignal | null;
  /** What is waited for, for the message: `the answer to EXAMINE`. */
  what: string;
}

/** Ends with the work's answer, or throws Late. The work itself goes on: whoever calls closes its connection. */
export function within<T>(work: Promise<T>, limit: Limit): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const stop = () => reject(new Late(`stopped while waiting for ${limit.what}`, true));
  const timer = setTimeout(() => {
    reject(new Late(`no end of ${limit.what} within ${limit.ms / 1000} s`, false));
  }, limit.ms);
  if (limit.signal?.aborted === true) stop();
  limit.signal?.addEventListener("abort", stop);
  work.then(resolve, reject);
  return promise.finally(() => {
    clearTimeout(timer);
    limit.signal?.removeEventListener("abort", stop);
  });
}
