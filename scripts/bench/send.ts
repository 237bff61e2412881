// Whole durable sends (due, claim, Liquid, MIME, commit point, SMTP, event, counters, next step) per second and CPU per
// mail, on one core, against peers that keep no commit point (send-peers.ts). Goals G1 to G4 of the performance page.
//   bun scripts/bench/send.ts [--rounds 5] [--warm 3] [--mails 2000] [--connections 20]      (npm installs the queue's packages once)

import { join } from "node:path";

import type {
  MailAccount,
  MailboxSession,
  MailPort,
  MailServer,
  SendOrder,
  SendOutcome,
} from "../../src/core/mail-port.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { openCheckpoints } from "../../src/ledger/checkpoints.ts";
import { systemClock } from "../../src/ledger/clock.ts";
import { openDisk } from "../../src/ledger/disk.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSmtp } from "../../src/mail/smtp.ts";
import { insertInbox } from "../../src/resources/inboxes/store.ts";
import { makerOf } from "../../test/world/make.ts";
import { goal, ratio, readCounts, report, spread } from "./figures.ts";
import { openBenchLedger, openWorkplace } from "./ledger.ts";
import {
  type Course,
  type Finished,
  measure,
  openQueuePeer,
  type Sample,
  sendByComposer,
  sendByPool,
} from "./send-peers.ts";

const PLENTY = 1_000_000;
// 2 KB with three variables: what people write, not what a template engine finds hard.
const PROSE = "I saw what your team does with it, and it is good. ".repeat(35);
const BODY = `Hi {{ first_name }},\n\n${PROSE}{{ company | default: "Your team" }}.\n\n{{ email }}`;
const EVERY_DAY = {
  days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
  start: "00:00",
  end: "24:00",
} as const;

const WORDS = { subject: "Hello {{ first_name }}", body: BODY };
const LEAST = { pool: 0.8, composer: 2.5, queue: 3.5 };
const DURABLE_SHARE_MOST = 0.15;
const NAMES = ["pool", "composer", "queue", "smtp", "state", "engine"] as const;
type Name = (typeof NAMES)[number];

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
  const { rounds, warm, mails, connections } = readCounts({
    rounds: 5,
    warm: 3,
    mails: 2000,
    connections: 20,
  });
  stayOnOneCore();
  const sink = await openSink();
  const queue = await openQueuePeer(workplace.dir);
  const course = { server: serverAt(sink.port), mails, connections };
  const samples = Object.fromEntries(NAMES.map((name) => [name, [] as Sample[]]));
  const finished = new Map<string, Finished>();
  for (let round = -warm; round < rounds; round++) {
    // The first rounds warm up (a server has run for days, and a compiler at work is nobody's mail) and leave their mails as
    // the finished bytes of the others. One after the other, or they would slow each other down.
    const engine = await sendByEngine(course, {
      name: `${round}`,
      finished,
      send: (account, order) => smtp.send(account, order),
    });
    const ready = [...finished.values()].slice(0, mails);
    const one: Record<Name, Sample> = {
      engine,
      smtp: await sendBySmtp(course, ready),
      pool: await sendByPool(course, ready),
      composer: await sendByComposer(course, WORDS),
      queue: await queue.send(course, WORDS),
      state: await sendByEngine(course, { name: `${round}state`, finished, send: sendNowhere }),
    };
    if (round >= 0) for (const name of NAMES) samples[name]?.push(one[name]);
  }
  await queue.stop();
  const taken = await sink.close();
  if (taken !== (rounds + warm) * 5 * mails) throw new Error(`the sink took ${taken} mails`);
  const bytes_per_mail = [...finished.values()][0]?.bytes.length ?? 0;
  tell({ rounds, warm, mails, connections, bytes_per_mail }, (name) => samples[name] ?? []);
}

/** This process on the first core, as its peers; the sink goes to another one. */
function stayOnOneCore(): void {
  if (Bun.which("taskset") !== null)
    Bun.spawnSync(["taskset", "-a", "-p", "-c", "0", String(process.pid)], { stdout: "ignore" });
}

function tell(run: object, of: (name: Name) => Sample[]): void {
  const rates = (name: Name) => of(name).map(({ per_s }) => per_s);
  const cpus = (name: Name) => of(name).map(({ cpu_us }) => cpu_us);
  const told = (name: Name) => ({
    per_s: spread(rates(name), 0),
    cpu_us_per_mail: spread(cpus(name), 0),
  });
  const against = (name: Name) => ({
    rate: ratio(rates("engine"), rates(name)),
    cpu: ratio(cpus(name), cpus("engine")),
  });
  const least = (name: keyof typeof LEAST) => {
    const reached = against(name).rate;
    return { reached, least: LEAST[name], ok: reached >= LEAST[name] };
  };
  const share = ratio(cpus("state"), cpus("engine"));
  report("send", {
    ...run,
    nodemailer_pool_finished_bytes: told("pool"),
    nodemailer_pool_composing: told("composer"),
    node_bullmq_redis_nodemailer: told("queue"),
    own_smtp_finished_bytes: told("smtp"),
    engine_without_smtp: told("state"),
    engine_durable: told("engine"),
    // How many times the engine's rate is theirs, and their CPU for a mail the engine's.
    ratios: { pool: against("pool"), composer: against("composer"), queue: against("queue") },
    // Rounds, gates and composing are in it, too: what claims, commits and settles cost is less.
    share_without_smtp: share,
    goals: {
      pool: least("pool"),
      composer: least("composer"),
      queue: least("queue"),
      durable_share: goal(share, DURABLE_SHARE_MOST),
    },
  });
}

interface EngineRun {
  name: string;
  finished: Map<string, Finished>;
  send: MailPort["send"];
}

/** A server that takes every mail at once. */
function sendNowhere(_account: MailAccount, order: SendOrder): Promise<SendOutcome> {
  const { promise, resolve } = Promise.withResolvers<SendOutcome>();
  const release = () =>
    void setImmediate(() => resolve({ outcome: "accepted", response: "250 2.0.0 taken" }));
  const refuse = () => resolve({ outcome: "refused" });
  setImmediate(() => order.onHeld({ release, refuse }));
  return promise;
}

/** Leads that are due now, one campaign, as many inboxes as connections: from start to the last settled mail. */
async function sendByEngine(
  { server, mails, connections }: Course,
  { name, finished, send }: EngineRun,
): Promise<Sample> {
  const done = Promise.withResolvers<void>();
  let settled = 0;
  const port = portTo(send, (mail) => {
    finished.set(mail.to, mail);
    if (++settled === mails) done.resolve();
  });
  const ledger: Ledger = openBenchLedger({
    path: join(workplace.dir, `round${name}.db`),
    clock: systemClock,
    onNudge: (from, verb) => engine.nudge(from, verb),
  });
  const log = { info: () => undefined, warn: fail, error: fail };
  const engine: Engine = openEngine({
    ledgers: () => [ledger],
    mail: () => port,
    disk: openDisk(workplace.dir, 0),
    checkpoints: openCheckpoints(
      () => [ledger.db],
      (fault) => fail({}, fault),
    ),
    log,
  });
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
    steps: [WORDS, { delay: "P3D" }],
    send_window: { ...EVERY_DAY, days: [...EVERY_DAY.days] },
    daily_limit: PLENTY,
  });
  ledger.db.run("PRAGMA synchronous = OFF");
  for (let i = 0; i < mails; i++) make.lead({ email: `lea${i}@lead${i}.test`, campaign_id });
  ledger.db.run("PRAGMA synchronous = FULL");
  // A log that is written over, as in a program that has run for a minute: one that grows costs the disk ten times as much.
  ledger.db.run("PRAGMA wal_checkpoint(RESTART)");
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
function portTo(send: MailPort["send"], onSettled: (mail: Finished) => void): MailPort {
  return {
    async send(account, order) {
      const outcome = await send(account, order);
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
    fetchHeaders: async (_folder, from_uid) => ({ mails: [], next_uid: from_uid }),
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
  const elsewhere = Bun.which("taskset") === null ? [] : ["taskset", "-c", "1"];
  const command = [...elsewhere, process.execPath, join(import.meta.dir, "sink.ts")];
  const child = Bun.spawn(command, {
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
