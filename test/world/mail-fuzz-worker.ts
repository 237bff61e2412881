// The reading half of the mail fuzzer: makes each mutant, parses and judges it, and tells by shared memory where it stands.

import { judgeMail } from "../../src/core/classify.ts";
import { newText } from "../../src/core/reply-text.ts";
import { parseMail } from "../../src/mail/parse.ts";
import { readAnswers, readMail } from "./corpus.ts";
import { mutantOf } from "./mail-mutations.ts";

export interface FuzzOrder {
  from: number;
  to: number;
  seed: number;
  /** Of two: the number of the mail that is being read, then how many crashed. */
  place: SharedArrayBuffer;
}

const received_at = Date.UTC(2026, 10, 21, 9);
const secret = new Uint8Array(32).fill(7);

declare const self: Worker;
self.addEventListener("message", ({ data }: MessageEvent<FuzzOrder>) => {
  void read(data);
});

async function read({ from, to, seed, place }: FuzzOrder): Promise<void> {
  const mails = await Promise.all(
    (await readAnswers()).map(async ({ file }) => Buffer.from(await readMail(file))),
  );
  const marks = new Int32Array(place);
  const crashes: string[] = [];
  const kinds: Record<string, number> = {};
  let slowest_ms = 0;
  for (let number = from; number < to; number++) {
    Atomics.store(marks, 0, number);
    const start = performance.now();
    try {
      const mail = await parseMail(mutantOf(mails, seed + number));
      const judgement = judgeMail(mail, { received_at, secret, issued: () => true });
      const text = newText(mail);
      kinds[judgement.kind] = (kinds[judgement.kind] ?? 0) + 1;
      if (text.length > 64 * 1024 || text.includes("\0")) throw new Error("unbounded text");
      const stated = judgement.return_date;
      if (stated !== null && stated < "2026-11-20")
        throw new Error(`a return in the past: ${stated}`);
    } catch (error) {
      if (crashes.length < 20) crashes.push(`mail ${number}: ${String(error)}`);
      Atomics.add(marks, 1, 1);
    }
    slowest_ms = Math.max(slowest_ms, performance.now() - start);
  }
  Atomics.store(marks, 0, to);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a thread, not to a window
  self.postMessage({ crashes, kinds, slowest_ms: Math.round(slowest_ms) });
}
