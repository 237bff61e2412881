// Bytes that are no HTTP, one connection each. The server may close it or answer; it must not fall.
import { chanceOf, oneOf } from "../world/chance.ts";

const HEADS = [
  "",
  "GET / HTTP/1.1\r\n",
  "POST /v1/leads HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
  "POST /v1/leads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
  "GET /v1/leads HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
  "GET /%00%ff%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "\r\n\r\n",
];

/** So many connections, one after the other. */
export async function throwGarbage(url: string, seed: number, count: number): Promise<void> {
  const { hostname, port } = new URL(url);
  const chance = chanceOf(seed + 1);
  for (let i = 0; i < count; i++) {
    const bytes = Array.from({ length: Math.floor(chance() * 2_000) }, () => chance() * 256);
    const garbage = Buffer.concat([Buffer.from(oneOf(chance, HEADS)), Buffer.from(bytes)]);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await speak(hostname, Number(port), garbage);
  }
}

/** Writes, ends, and waits until the server has hung up. */
async function speak(hostname: string, port: number, bytes: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => resolve();
  const socket = await Bun.connect({
    hostname,
    port,
    socket: { data: () => undefined, close: done, error: done, connectError: done },
  });
  socket.write(bytes);
  socket.end();
  await promise;
}
