// A block of free ports for one lab. Two labs never get the same block: the black hole listens on
// its first port from the choice until the lab is closed, and is the lock of the block.
import { randomInt } from "node:crypto";
import net from "node:net";

export type LabPorts = ReturnType<typeof portsFrom>;
export type PortName = keyof LabPorts;

function portsFrom(first: number) {
  return {
    blackhole: first,
    smtp_tls: first + 1,
    smtp_starttls: first + 2,
    smtp_relay: first + 3,
    smtp_tls_expired: first + 4,
    smtp_tls_wrong_host: first + 5,
    mx: first + 6,
    imap_tls: first + 7,
    imap_starttls: first + 8,
    imap_plaintext: first + 9,
    policy: first + 10,
    oauth: first + 11,
    fault_smtp_tls: first + 12,
    fault_smtp_starttls: first + 13,
    fault_smtp_relay: first + 14,
    fault_imap_tls: first + 15,
    fault_imap_starttls: first + 16,
  };
}

/** Servers without STARTTLS listen here: Dovecot switches TLS by local address, not by port. */
export const PLAINTEXT_HOST = "127.0.0.2";
export const LAB_HOST = "127.0.0.1";

// Below 32768, where Linux starts to hand out ports of its own choice.
const FIRST_PORT = 20_000;
const BLOCK_SIZE = 20;
const BLOCK_COUNT = 600;
const MAX_TRIES = 100;

export interface PortBlock {
  ports: LabPorts;
  /** Accepts and stays silent. Closing it gives the block back. */
  blackhole: net.Server;
}

/** Finds a block of free ports and holds it. Throws after 100 blocks that are in use. */
export async function takePortBlock(): Promise<PortBlock> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const first = FIRST_PORT + BLOCK_SIZE * randomInt(BLOCK_COUNT);
    // oxlint-disable-next-line no-await-in-loop -- the next block is only needed if this one is taken
    const block = await tryBlock(first);
    if (block !== null) return block;
  }
  throw new Error(`no free block of ports found on ${LAB_HOST}`);
}

async function tryBlock(first: number): Promise<PortBlock | null> {
  const sockets = new Set<net.Socket>();
  const blackhole = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.resume();
  });
  blackhole.on("close", () => sockets.forEach((socket) => socket.destroy()));
  if (!(await listens(blackhole, first, LAB_HOST))) return null;
  const { blackhole: _held, ...others } = portsFrom(first);
  const free = await Promise.all(
    Object.entries(others).map(([name, port]) =>
      isFree(port, name === "imap_plaintext" ? PLAINTEXT_HOST : LAB_HOST),
    ),
  );
  if (free.every(Boolean)) return { ports: portsFrom(first), blackhole };
  blackhole.close();
  return null;
}

async function isFree(port: number, host: string): Promise<boolean> {
  const probe = net.createServer();
  const free = await listens(probe, port, host);
  if (free) await new Promise((resolve) => probe.close(resolve));
  return free;
}

/** Resolves to false where the port is taken. */
export function listens(server: net.Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, host, () => resolve(true));
  });
}
