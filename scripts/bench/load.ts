// A client that asks as fast as it is answered, over connections that stay open: one request under way on each. Run as a
// process of its own, so that what it costs does not count for the server. Prints one JSON line.
//   bun scripts/bench/load.ts PORT SECONDS PATH TOKEN...      (one connection for each token; "-" for none)

import { parseArgs } from "node:util";

interface Seen {
  ms: number[];
  /** Answers other than 200, by their status. */
  refused: Record<string, number>;
}

const { positionals } = parseArgs({ allowPositionals: true });
const [port = "", seconds = "", path = "", ...tokens] = positionals;
const seen: Seen = { ms: [], refused: {} };
const begin = performance.now();
const until = begin + Number(seconds) * 1000;

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /content-length: *(\d+)/i;

/** How long the answer at the start of `bytes` is, and its status; null while it is not whole. */
function readAnswer(bytes: Buffer): { status: string; length: number } | null {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const head = bytes.toString("latin1", 0, end);
  const length = end + HEAD_END.length + Number(LENGTH.exec(head)?.[1] ?? 0);
  return bytes.length < length ? null : { status: head.slice(9, 12), length };
}

function connect(token: string): Promise<void> {
  const authorization = token === "none" ? "" : `Authorization: Bearer ${token}\r\n`;
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${authorization}\r\n`;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let rest: Buffer = Buffer.alloc(0);
  let asked_at = 0;
  void Bun.connect({
    hostname: "127.0.0.1",
    port: Number(port),
    socket: {
      open(socket) {
        asked_at = performance.now();
        socket.write(request);
      },
      data(socket, piece) {
        rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
        const answer = readAnswer(rest);
        if (!answer) return;
        const now = performance.now();
        if (answer.status === "200") seen.ms.push(now - asked_at);
        else seen.refused[answer.status] = (seen.refused[answer.status] ?? 0) + 1;
        rest = rest.subarray(answer.length);
        if (now >= until) {
          socket.end();
          return;
        }
        asked_at = now;
        socket.write(request);
      },
      close() {
        resolve();
      },
      error(_, error) {
        reject(error);
      },
    },
  }).catch(reject);
  return promise;
}

await Promise.all(tokens.map(connect));
const ms = seen.ms.toSorted((one, other) => one - other);
const at = (share: number) => Number((ms[Math.floor(ms.length * share)] ?? 0).toFixed(2));
const wall_s = (performance.now() - begin) / 1000;
const answer = {
  answers: ms.length,
  per_s: Math.round(ms.length / wall_s),
  p50_ms: at(0.5),
  p99_ms: at(0.99),
  max_ms: at(0.999_999_9),
  refused: seen.refused,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
