// Reads inbound mails without ever being held up or brought down by one: small ones at once, all others in a thread that is
// ended when it takes too long or too much memory. Bun ignores a Worker's `resourceLimits`, so it is watched from outside.

import { createHash } from "node:crypto";

import type { ParsedMail } from "../core/inbound.ts";
import type { ParseAnswer, ParseOrder } from "./parse-worker.ts";
import { headerBlock, parseMail } from "./parse.ts";

/** A mail could not be read. `header` is what its header alone has told. */
export class UnreadableMail extends Error {
  readonly header: ParsedMail;
  /** Of its bytes. */
  readonly sha256: Uint8Array;
  constructor(reason: string, header: ParsedMail, sha256: Uint8Array) {
    super(reason);
    this.header = header;
    this.sha256 = sha256;
  }
}

export interface ParseLimits {
  /** Larger input is not parsed at all, in bytes. */
  input_bytes: number;
  /** Up to here a mail with few parts is read at once: no such mail takes 50 ms (test/mail/parse-pool.test.ts). */
  at_once_bytes: number;
  within_ms: number;
  /** By so much may the process grow while one mail is read. */
  growth_bytes: number;
  /** After so long without work the thread ends. */
  rest_ms: number;
}

export interface ParsePool {
  /** Hands the bytes over: afterwards the caller's are empty. Throws UnreadableMail. */
  parse(bytes: Uint8Array): Promise<ParsedMail>;
  /** Ends the thread; the next mail starts another one. */
  rest(): void;
}

const MB = 1024 * 1024;
const LIMITS: ParseLimits = {
  // What a session brings of a mail that is just below its cap, and a little more.
  input_bytes: 10 * MB + 64 * 1024,
  at_once_bytes: 16 * 1024,
  within_ms: 5000,
  growth_bytes: 256 * MB,
  rest_ms: 60_000,
};
const FEW_PARTS = 16;
const WATCH_EVERY_MS = 100;

/** A pool of one thread, which is started by the first mail that needs it. */
export function openParsePool(changes: Partial<ParseLimits> = {}): ParsePool {
  const limits = { ...LIMITS, ...changes };
  const thread = openThread(limits);
  // One after the other: what the process grows by is the doing of one mail.
  let queue: Promise<unknown> = Promise.resolve();
  return {
    async parse(bytes) {
      if (bytes.byteLength <= limits.at_once_bytes && hasFewParts(bytes)) return parseMail(bytes);
      // Both before the bytes are handed over.
      const size = bytes.byteLength;
      const sha256 = createHash("sha256").update(bytes).digest();
      const header = headerBlock(bytes).slice();
      const turn = queue.then(() =>
        bytes.byteLength > limits.input_bytes
          ? `it is larger than ${limits.input_bytes} bytes`
          : thread.ask(bytes),
      );
      queue = turn;
      const answer = await turn;
      if (typeof answer !== "string") return answer;
      const told = await parseMail(header.subarray(0, limits.at_once_bytes));
      throw new UnreadableMail(answer, { ...told, size }, sha256);
    },
    rest: () => thread.rest(),
  };
}

/** The pool of this process. */
const pool = openParsePool();

/** Reads one mail within 5 s and 256 MB. Hands the bytes over. Throws UnreadableMail, which says what the header tells. */
export function readMail(bytes: Uint8Array): Promise<ParsedMail> {
  return pool.parse(bytes);
}

/** The same, for whom the header does where the mail cannot be read. */
export function readMailOrHeader(bytes: Uint8Array): Promise<ParsedMail> {
  return pool.parse(bytes).catch((error: unknown) => {
    if (error instanceof UnreadableMail) return error.header;
    throw error;
  });
}

/** Every part begins behind a line that begins with two hyphens (RFC 2046 5.1.1). */
function hasFewParts(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let lines = 0;
  for (let at = text.indexOf("\n--"); at !== -1; at = text.indexOf("\n--", at + 3))
    if (++lines > FEW_PARTS) return false;
  return true;
}

interface Thread {
  /** The mail, or why there is none. Never rejects. */
  ask(bytes: Uint8Array): Promise<ParsedMail | string>;
  rest(): void;
}

function openThread(limits: ParseLimits): Thread {
  let worker: Worker | null = null;
  let orders = 0;
  let settle: ((answer: ParsedMail | string) => void) | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;
  const rest = () => {
    worker?.terminate();
    worker = null;
  };
  const start = () => {
    // In the compiled program all files lie in one place (scripts/build.ts); a test of the binary holds that.
    const made = new Worker(new URL("./parse-worker.ts", import.meta.url).href);
    made.addEventListener("message", ({ data }: MessageEvent<ParseAnswer>) => {
      if (data.order === orders) settle?.(data.mail ?? data.fault ?? "no answer");
    });
    const onEnd = (words: string) => {
      if (worker !== made) return;
      worker = null;
      settle?.(words);
    };
    made.addEventListener("error", ({ message }) => onEnd(`the thread failed: ${message}`));
    made.addEventListener("close", () => onEnd("the thread ended"));
    made.unref();
    return made;
  };
  return {
    rest,
    async ask(bytes) {
      clearTimeout(resting);
      const { promise, resolve } = Promise.withResolvers<ParsedMail | string>();
      settle = resolve;
      worker ??= start();
      const handed = owned(bytes);
      const order: ParseOrder = { order: ++orders, bytes: handed };
      const unwatch = watchOver(limits, (fault) => {
        rest();
        resolve(fault);
      });
      worker.postMessage(order, [handed.buffer]);
      const answer = await promise;
      unwatch();
      settle = null;
      resting = setTimeout(rest, limits.rest_ms);
      resting.unref();
      return answer;
    },
  };
}

/** What is handed over takes its whole buffer with it: a piece of a larger one is copied out. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

/** Calls once when it takes too long or the process grows too much. */
function watchOver(limits: ParseLimits, onFault: (fault: string) => void): () => void {
  const rss = process.memoryUsage.rss();
  const late = setTimeout(
    () => onFault(`it took more than ${limits.within_ms / 1000} s to read`),
    limits.within_ms,
  );
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() - rss > limits.growth_bytes)
      onFault(`it took more than ${limits.growth_bytes / MB} MB to read`);
  }, WATCH_EVERY_MS);
  return () => {
    clearTimeout(late);
    clearInterval(watch);
  };
}
