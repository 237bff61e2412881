// What scripts/bench/send.ts is measured against: nodemailer's pool with finished bytes, the same pool that composes the
// templates, and a queue as most services have it (Node, BullMQ, Redis, nodemailer, an event row). None keeps a commit point.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Liquid } from "liquidjs";
import { createTransport } from "nodemailer";

import type { MailServer } from "../../src/core/mail-port.ts";
import { cpuOf, freePort, onOneCore } from "./load-run.ts";

export interface Sample {
  per_s: number;
  cpu_us: number;
}

export interface Course {
  server: MailServer;
  mails: number;
  connections: number;
}

/** A mail as the engine made it. */
export interface Finished {
  from: string;
  to: string;
  bytes: Uint8Array;
}

/** What is written to a lead: the same for all that compose. */
export interface Words {
  subject: string;
  body: string;
}

const PEERS = ["bullmq@6.0.0", "ioredis@6.0.0", "nodemailer@10.6.0", "better-sqlite3@12.11.1"];
const LIQUID = "liquidjs@10.30.1";
const UP_WITHIN_MS = 10_000;

export async function measure(mails: number, work: () => Promise<void>): Promise<Sample> {
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { per_s: (mails * 1000) / (performance.now() - begin), cpu_us: (user + system) / mails };
}

function openPool({ server, connections }: Course) {
  return createTransport({
    pool: true,
    maxConnections: connections,
    maxMessages: Infinity,
    host: server.host,
    port: server.port,
    ignoreTLS: true,
    auth: { user: server.username, pass: server.password },
  });
}

/** nodemailer's pool, fed with the bytes that the engine has made. */
export async function sendByPool(course: Course, mails: readonly Finished[]): Promise<Sample> {
  const pool = openPool(course);
  const sample = await measure(mails.length, async () => {
    await Promise.all(
      mails.map(({ from, to, bytes }) =>
        pool.sendMail({ envelope: { from, to }, raw: Buffer.from(bytes) }),
      ),
    );
  });
  pool.close();
  return sample;
}

/** nodemailer's pool, which composes each mail from the same templates. */
export async function sendByComposer(course: Course, words: Words): Promise<Sample> {
  const pool = openPool(course);
  const liquid = new Liquid();
  const [subject, body] = [liquid.parse(words.subject), liquid.parse(words.body)];
  const sample = await measure(course.mails, async () => {
    await Promise.all(
      Array.from({ length: course.mails }, (_, i) => {
        const email = `lea${i}@lead${i}.test`;
        const lead = { first_name: "Lea", company: null, email };
        return pool.sendMail({
          from: { name: "Ana Sender", address: `ana${i % course.connections}@sender.test` },
          to: { name: "Lea", address: email },
          subject: liquid.renderSync(subject, lead),
          text: liquid.renderSync(body, lead),
          list: { unsubscribe: { url: `mailto:ana+u-${i}@sender.test` } },
        });
      }),
    );
  });
  pool.close();
  return sample;
}

const QUEUE = `import Database from "better-sqlite3";
import { Queue, Worker } from "bullmq";
import { Liquid } from "liquidjs";
import { createTransport } from "nodemailer";
const { redis, server, mails, connections, words, file } = JSON.parse(process.argv[2]);
const connection = { host: "127.0.0.1", port: redis, maxRetriesPerRequest: null };
const queue = new Queue("mails", { connection });
const liquid = new Liquid();
const [subject, body] = [liquid.parse(words.subject), liquid.parse(words.body)];
const db = new Database(file);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = NORMAL");
db.exec("CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, event TEXT, lead TEXT, created_at INTEGER, detail TEXT)");
const insert = db.prepare("INSERT INTO events (event, lead, created_at, detail) VALUES ('email.sent', ?, ?, ?)");
const pool = createTransport({ pool: true, maxConnections: connections, maxMessages: Infinity, host: server.host,
  port: server.port, ignoreTLS: true, auth: { user: server.username, pass: server.password } });
const jobs = Array.from({ length: mails }, (_, i) => ({ name: "mail", data: { i, email: "lea" + i + "@lead" + i + ".test" },
  opts: { removeOnComplete: true } }));
for (let at = 0; at < mails; at += 1000) await queue.addBulk(jobs.slice(at, at + 1000));
const cpu = process.cpuUsage();
const begin = performance.now();
let done = 0;
const finished = Promise.withResolvers ? Promise.withResolvers() : (() => { const d = {};
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject })); return d; })();
const worker = new Worker("mails", async ({ data: { i, email } }) => {
  const lead = { first_name: "Lea", company: null, email };
  const info = await pool.sendMail({ from: { name: "Ana Sender", address: "ana" + (i % connections) + "@sender.test" },
    to: { name: "Lea", address: email }, subject: liquid.renderSync(subject, lead), text: liquid.renderSync(body, lead),
    list: { unsubscribe: { url: "mailto:ana+u-" + i + "@sender.test" } } });
  insert.run(email, Date.now(), info.response);
}, { connection, concurrency: connections });
worker.on("completed", () => { if (++done === mails) finished.resolve(); });
worker.on("failed", (_, error) => finished.reject(error));
await finished.promise;
const ms = performance.now() - begin;
const { user, system } = process.cpuUsage(cpu);
process.stdout.write(JSON.stringify({ per_s: mails * 1000 / ms, cpu_us: (user + system) / mails }) + "\\n");
process.exit(0);
`;

export interface QueuePeer {
  /** Jobs that wait in Redis, from the first that is taken to the last that is done. Redis's CPU is counted too. */
  send(course: Course, words: Words): Promise<Sample>;
  stop(): Promise<void>;
}

/** Installs the queue's packages once, by npm, and starts a Redis of its own. */
export async function openQueuePeer(dir: string): Promise<QueuePeer> {
  const peers = join(tmpdir(), "imail-bench-send-peers");
  if (!existsSync(join(peers, "node_modules", "bullmq"))) {
    mkdirSync(peers, { recursive: true });
    writeFileSync(join(peers, "package.json"), '{ "type": "module", "private": true }\n');
    run(["npm", "install", "--prefix", peers, "--no-audit", "--no-fund", ...PEERS, LIQUID]);
  }
  writeFileSync(join(peers, "queue.mjs"), QUEUE);
  const port = freePort();
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir];
  const redis = Bun.spawn([...onOneCore(["redis-server"]), ...flags], { stdout: "ignore" });
  process.on("exit", () => redis.kill("SIGKILL"));
  await answersAt(port);
  let runs = 0;
  return {
    async send(course, words) {
      const file = join(dir, `queue${runs++}.db`);
      const order = JSON.stringify({ ...course, redis: port, words, file });
      const before = cpuOf(redis.pid);
      const child = Bun.spawn([...onOneCore(["node", join(peers, "queue.mjs"), order])], {
        stdout: "pipe",
        stderr: "inherit",
        env: { PATH: process.env["PATH"] ?? "", NODE_ENV: "production" },
      });
      const text = await child.stdout.text();
      if ((await child.exited) !== 0) throw new Error("the queue failed");
      // oxlint-disable-next-line no-unsafe-type-assertion -- queue.mjs prints it
      const { per_s, cpu_us } = JSON.parse(text) as Sample;
      return { per_s, cpu_us: cpu_us + ((cpuOf(redis.pid) - before) * 1e6) / course.mails };
    },
    async stop() {
      redis.kill("SIGTERM");
      await redis.exited;
    },
  };
}

async function answersAt(port: number): Promise<void> {
  const deadline = performance.now() + UP_WITHIN_MS;
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- a poll
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { data: () => undefined },
      });
      socket.end();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      // oxlint-disable-next-line no-await-in-loop
      await Bun.sleep(20);
    }
  }
}

function run(command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}
