// A thread that does nothing but wait and knock: it sleeps in the kernel, not in the runtime's timers, which have stopped for
// good after a suspend before (reliability.md 3.4, 4.1). It knows nothing of what is looked at when it knocks.

/** What the thread is started with: one cell, 0 until it shall end. */
export interface PulseOrder {
  cell: Int32Array;
  every_ms: number;
}

declare const self: Worker;

self.addEventListener("message", ({ data: { cell, every_ms } }: MessageEvent<PulseOrder>) => {
  while (Atomics.wait(cell, 0, 0, every_ms) === "timed-out") {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
    self.postMessage(null);
  }
});
