// Plays one forecast in a thread of its own, so that requests and mails go on meanwhile. It opens the ledger's file for
// reading only, and writes to nothing but memory.

import type { ForecastAnswer, ForecastOrder } from "./order.ts";
import { playForecast } from "./play.ts";

declare const self: Worker;

self.addEventListener("message", ({ data }: MessageEvent<ForecastOrder>) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  self.postMessage(play(data));
});

function play(order: ForecastOrder): ForecastAnswer {
  try {
    return playForecast(order);
  } catch (error) {
    return { result: "failed", fault: error instanceof Error ? error.message : String(error) };
  }
}
