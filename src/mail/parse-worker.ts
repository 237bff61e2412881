// Parses mails in a thread of its own: what a stranger has built to take hours or gigabytes takes them here, where it can be
// ended from outside. It knows nothing but the bytes that it is given.

import type { ParsedMail } from "../core/inbound.ts";
import { parseMail } from "./parse.ts";

/** What the thread is asked for; the buffer is handed over. */
export interface ParseOrder {
  order: number;
  bytes: Uint8Array;
}

/** What it answers. */
export interface ParseAnswer {
  order: number;
  mail: ParsedMail | null;
  fault: string | null;
}

declare const self: Worker;

self.addEventListener("message", ({ data }: MessageEvent<ParseOrder>) => {
  void parse(data);
});

async function parse({ order, bytes }: ParseOrder): Promise<void> {
  let answer: ParseAnswer;
  try {
    answer = { order, mail: await parseMail(bytes), fault: null };
  } catch (error) {
    answer = { order, mail: null, fault: error instanceof Error ? error.message : String(error) };
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  self.postMessage(answer);
}
