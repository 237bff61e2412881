// Whole durable sends per second and CPU per mail, through the engine and over real SMTP on loopback, against
// nodemailer's pool, which is fed finished bytes and keeps no record. Also our SMTP alone, to see what is whose.
// Goals G1 and G4 of the performance page: this version reports and judges nothing.
//   bun scripts/bench/send.ts [--rounds 5] [--mails 1000] [--connections 20]

import { join } from "node:path";

import { createTransport } from "nodemailer";

import type { MailboxSession, MailPort, MailServer } from "../../src/core/mail-port.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { systemClock } from "../../src/ledger/clock.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSmtp } from "../../src/mail/smtp.ts";
import { insertInbox } from "../../src/resources/inboxes/store.ts";
import { makerOf } from "../../test/world/make.ts";
import { ratio, readCounts, report, spread } from "./figures.ts";
import { openBenchLedger, openWorkplace } from "./ledger.ts";

const PLENTY = 1_000_000;
// 2 KB with three variables: what people write, not what a template engine finds hard.
const PROSE = "I saw what your team does with it, and it is good. ".repeat(35);
const BODY = `Hi {{ first_name }},\n\n${PROSE}{{ company | default: "Your team" }}.\n\n{{ email }}`;
const EVERY_DAY = {
  days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
  start: "00:00",
  end: "24:00",
} as const;

interface Sample {
  per_s: number;
  cpu_us: number;
}

/** A mail as the engine made it. */
interface Finished {
  from: string;
  to: string;
  bytes: Uint8Array;
}

interface Course {
  server: MailServer;
  mails: number;
  connections: number;
}

const workplace = openWorkplace("send");
const smtp = openSmtp();
try {
  await main();
  // A stopped engine keeps a timer for half a minute: there is nothing left to wait for.
  process.stdout.write("", () => process.exit());
} finally {
  workplace.rm();
}

async function main(): Promise<void> {
  const { rounds, mails, connections } = readCounts({ rounds: 5, mails: 1000, connections: 20 });
  const sink = await openSink();
  const course = { server: serverAt(sink.port), mails, connections };
  const samples = { pool: [] as Sample[], smtp: [] as Sample[], engine: [] as Sample[] };
  const finished = new Map<string, Finished>();
  for (let round = -1; round < rounds; round++) {
    // The first round warms up, and leaves its mails as the finished bytes of the others.
    // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would slow each other down
    const engine = await sendByEngine(course, round, finished);
    const ready = [...finished.values()].slice(0, mails);
    // oxlint-disable-next-line no-await-in-loop
    const alone = await sendBySmtp(course, ready);
    // oxlint-disable-next-line no-await-in-loop
    const pool = await sendByPool(course, ready);
    if (round < 0) continue;
    samples.engine.push(engine);
    samples.smtp.push(alone);
    samples.pool.push(pool);
  }
  const taken = await sink.close();
  if (taken !== (rounds + 1) * 3 * mails) throw new Error(`the sink took ${taken} mails`);
  const bytes = [...finished.values()][0]?.bytes.length ?? 0;
  tell({ rounds, mails, connections, bytes_per_mail: bytes }, samples);
}

function tell(run: object, samples: Record<"pool" | "smtp" | "engine", Sample[]>): void {
  const rates = (name: keyof typeof samples) => samples[name].map(({ per_s }) => per_s);
  const cpus = (name: keyof typeof samples) => samples[name].map(({ cpu_us }) => cpu_us);
  const told = (name: keyof typeof samples) => ({
    per_s: spread(rates(name), 0),
    cpu_us_per_mail: spread(cpus(name), 0),
  });
  report("send", {
    ...run,
    nodemailer_pool_finished_bytes: told("pool"),
    own_smtp_finished_bytes: told("smtp"),
    engine_durable: told("engine"),
    ratios: {
      engine_to_pool_rate: ratio(rates("engine"), rates("pool")),
      engine_to_pool_cpu: ratio(cpus("engine"), cpus("pool")),
      smtp_to_pool_cpu: ratio(cpus("smtp"), cpus("pool")),
      engine_to_smtp_cpu: ratio(cpus("engine"), cpus("smtp")),
    },
  });
}

async function measure(mails: number, work: () => Promise<void>): Promise<Sample> {
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { per_s: (mails * 1000) / (performance.now() - begin), cpu_us: (user + system) / mails };
}

/** Leads that are due now, one campaign, as many inboxes as connections: from start to the last settled mail. */
async function sendByEngine(
  { server, mails, connections }: Course,
  round: number,
  finished: Map<string, Finished>,
): Promise<Sample> {
  const done = Promise.withResolvers<void>();
  let settled = 0;
  const port = portTo((mail) => {
    finished.set(mail.to, mail);
    if (++settled === mails) done.resolve();
  });
  const ledger: Ledger = openBenchLedger({
    path: join(workplace.dir, `round${round}.db`),
    clock: systemClock,
    onNudge: (from, verb) => engine.nudge(from, verb),
  });
  const log = { info: () => undefined, warn: fail, error: fail };
  const engine: Engine = openEngine({ ledgers: () => [ledger], mail: () => port, disk: null, log });
  fill(ledger, { server, mails, connections });
  const sample = await measure(mails, async () => {
    engine.start();
    await done.promise;
  });
  await engine.stop();
  const { sent } = ledger.db
    .query<{ sent: number }, []>("SELECT count(*) AS sent FROM messages WHERE state = 'sent'")
    .get() ?? { sent: 0 };
  if (sent !== mails) throw new Error(`${sent} of ${mails} mails are sent`);
  ledger.close();
  return sample;
}

function fail(fields: object, text: string): void {
  throw new Error(`${text}: ${JSON.stringify(fields)}`);
}

function fill(ledger: Ledger, { server, mails, connections }: Course): void {
  const make = makerOf(ledger);
  const inbox_ids = Array.from({ length: connections }, (_, i) =>
    addInbox(ledger, server, `ana${i}@sender.test`),
  );
  const { id: campaign_id } = make.campaign({
    inbox_ids,
    steps: [{ body: BODY }, { delay: "P3D" }],
    send_window: { ...EVERY_DAY, days: [...EVERY_DAY.days] },
    daily_limit: PLENTY,
  });
  ledger.db.run("PRAGMA synchronous = OFF");
  for (let i = 0; i < mails; i++) make.lead({ email: `lea${i}@lead${i}.test`, campaign_id });
  ledger.db.run("PRAGMA synchronous = FULL");
}

function addInbox(ledger: Ledger, server: MailServer, email: string): number {
  return ledger.write((tx) => {
    const id = tx.id();
    const { password, ...stored } = server;
    const sealed = (column: string) =>
      ledger.vault.seal({ table: "inboxes", row: id, column }, password);
    insertInbox(tx, {
      id,
      email,
      name: "Ana Sender",
      provider: "smtp",
      smtp: stored,
      imap: stored,
      smtp_password: sealed("smtp_password"),
      imap_password: sealed("imap_password"),
      daily_limit: PLENTY,
      hourly_limit: PLENTY,
      min_gap_seconds: 0,
      signature: "",
      reply_to: null,
      save_sent: "never",
    });
    return id;
  });
}

/** Real SMTP, and mailboxes in which nothing ever happens. */
function portTo(onSettled: (mail: Finished) => void): MailPort {
  return {
    async send(account, order) {
      const outcome = await smtp.send(account, order);
      if (outcome.outcome !== "accepted") throw new Error(JSON.stringify(outcome));
      // After the engine's own continuation, which settles.
      setImmediate(() => onSettled({ ...order.envelope, bytes: order.bytes }));
      return outcome;
    },
    check: async () => ({ outcome: "ok" }),
    openMailbox: async () => quietMailbox(),
  };
}

function quietMailbox(): MailboxSession {
  return {
    folders: async () => [{ path: "INBOX", role: "inbox" }],
    status: async () => ({ uidvalidity: 1, uidnext: 1 }),
    fetchFrom: async () => [],
    firstUidSince: async () => null,
    findByHeader: async () => [],
    append: async () => undefined,
    wait: (_ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve("quiet");
        signal.addEventListener("abort", () => resolve("quiet"), { once: true });
      }),
    close: async () => undefined,
  };
}

/** Our SMTP without engine and ledger: what is held is let go at once. */
function sendBySmtp({ server, connections }: Course, mails: readonly Finished[]): Promise<Sample> {
  const account = { inbox_id: 1, email: "", provider: "smtp", smtp: server, imap: server } as const;
  const rest = [...mails];
  const lane = async (): Promise<void> => {
    const { signal } = new AbortController();
    for (let mail = rest.pop(); mail; mail = rest.pop()) {
      const { from, to, bytes } = mail;
      // oxlint-disable-next-line no-await-in-loop -- a lane sends one after the other
      const { outcome } = await smtp.send(
        { ...account, email: from },
        {
          envelope: { from, to },
          bytes,
          signal,
          has_next: true,
          onHeld: (held) => held.release(),
        },
      );
      if (outcome !== "accepted") throw new Error(outcome);
    }
  };
  return measure(mails.length, async () => {
    await Promise.all(Array.from({ length: connections }, lane));
  });
}

async function sendByPool(
  { server, connections }: Course,
  mails: readonly Finished[],
): Promise<Sample> {
  const pool = createTransport({
    pool: true,
    maxConnections: connections,
    maxMessages: Infinity,
    host: server.host,
    port: server.port,
    ignoreTLS: true,
    auth: { user: server.username, pass: server.password },
  });
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

function serverAt(port: number): MailServer {
  return {
    host: "127.0.0.1",
    port,
    security: "none",
    username: "ana",
    password: "secret",
    ca: null,
  };
}

/** The far end; `close` answers how many mails it took. */
async function openSink(): Promise<{ port: number; close(): Promise<number> }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "sink.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.on("exit", () => child.kill("SIGKILL"));
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => Number((await lines.read()).value?.trim());
  return {
    port: await next(),
    close() {
      child.kill("SIGTERM");
      return next();
    },
  };
}
