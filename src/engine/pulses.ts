// The second of the three nudges (reliability.md 3.4): a thread of its own that knocks every few seconds, whatever becomes of
// the timers. Losing it costs nothing but the certainty: timers and requests nudge as well.

import type { PulseOrder } from "./pulse-worker.ts";

export interface Pulses {
  stop(): void;
}

/** Knocks every `every_ms` until it is stopped. `complain` is told when the thread cannot run. */
export function openPulses(
  every_ms: number,
  onPulse: () => void,
  complain: (fault: string) => void,
): Pulses {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  // In the compiled program all files lie in one place (scripts/build.ts); a test of the binary holds that.
  const worker = new Worker(new URL("./pulse-worker.ts", import.meta.url).href);
  worker.addEventListener("message", onPulse);
  worker.addEventListener("error", ({ message }) => complain(message));
  worker.unref();
  const order: PulseOrder = { cell, every_ms };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  worker.postMessage(order);
  return {
    stop() {
      Atomics.store(cell, 0, 1);
      Atomics.notify(cell, 0);
      worker.terminate();
    },
  };
}
