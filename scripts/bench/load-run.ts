// Puts load on a server that runs as a process of its own, and says what each answer cost that process.

import { readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "../install.ts";

export interface Load {
  answers: number;
  per_s: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
  refused: Record<string, number>;
}

export interface Target {
  port: number;
  path: string;
  /** One connection for each; "none" for a connection without a key. */
  tokens: readonly string[];
}

/** Asks for so many seconds. Throws when anything but 200 comes back. */
export async function runLoad({ port, path, tokens }: Target, seconds: number): Promise<Load> {
  const client = Bun.spawn(
    [
      ...onOtherCores([process.execPath]),
      join(ROOT, "scripts/bench/load.ts"),
      String(port),
      String(seconds),
      path,
      ...tokens,
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  const text = await client.stdout.text();
  if ((await client.exited) !== 0) throw new Error("the load client failed");
  // oxlint-disable-next-line no-unsafe-type-assertion -- load.ts prints it
  const load = JSON.parse(text) as Load;
  if (Object.keys(load.refused).length > 0) throw new Error(`refused: ${text}`);
  return load;
}

const TICKS_PER_S = 100;

/** CPU seconds of a process and its threads since its start (Linux). */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

export interface Peer {
  pid: number;
  port: number;
  stop(): Promise<void>;
}

const UP_WITHIN_MS = 30_000;

/** Puts a server on one core, where the system can do that: then what it answers in a second is comparable. */
export const onOneCore = (command: readonly string[]) =>
  Bun.which("taskset") === null ? command : ["taskset", "-c", "0", ...command];

/** Keeps the client off that core: what it takes there would be missing from the server's second. */
const onOtherCores = (command: readonly string[]) =>
  Bun.which("taskset") === null || cpus().length < 2
    ? command
    : ["taskset", "-c", `1-${cpus().length - 1}`, ...command];

/** Starts a server and waits until it answers. */
export async function startPeer(
  command: readonly string[],
  port: number,
  path: string,
): Promise<Peer> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), NODE_ENV: "production" };
  const server = Bun.spawn([...command], { env, stdout: "ignore", stderr: "inherit" });
  const deadline = performance.now() + UP_WITHIN_MS;
  while (!(await answers(`http://127.0.0.1:${port}${path}`))) {
    if (server.exitCode !== null || performance.now() > deadline) {
      throw new Error(`${command.join(" ")} did not come up`);
    }
    // oxlint-disable-next-line no-await-in-loop -- a poll
    await Bun.sleep(20);
  }
  return {
    pid: server.pid,
    port,
    async stop() {
      server.kill("SIGTERM");
      await server.exited;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status < 500;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}
