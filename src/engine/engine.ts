// The only timers of the house, and what starts and stops. A tick only says "look": what may be sent is decided by the
// round from the database and the clock, so a lost, late or doubled tick costs seconds and never a mail.
import { Cron } from "croner";

import type { AdvanceReport } from "../core/advance-report.ts";
import { AppError } from "../core/faults.ts";
import type { Log } from "../core/log.ts";
import type { MailPort } from "../core/mail-port.ts";
import type { Received } from "../core/received-mail.ts";
import type { TestMailOrder } from "../core/test-mail.ts";
import type { Backups } from "../ledger/backups.ts";
import type { Checkpoints } from "../ledger/checkpoints.ts";
import type { Verb } from "../ledger/database.ts";
import { type Disk, isDiskFull } from "../ledger/disk.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { followZone } from "../resources/enrollments/actions.ts";
import { advanceClock, alone } from "./advance.ts";
import { type LedgerDesk, openLedgerDesk } from "./desk.ts";
import type { EngineSigns } from "./explain/scene.ts";
import { receiveMail } from "./receive.ts";
import type { Later } from "./send/commit-group.ts";
import { hasRoom } from "./send/gates.ts";
import { claimTestMail } from "./send/test-mail.ts";
import { tend } from "./tend.ts";

/** The longest sleep between two looks: suspended laptops and changed clocks are noticed within it. */
const LONGEST_SLEEP_MS = 30_000;
/** How long in-flight mails may take to end when the house closes. */
const STOP_WITHIN_MS = 30_000;

export interface EngineOptions {
  ledgers(): Ledger[];
  /** Opens the ledgers of workspaces that the command line has made beside the server. */
  openNew?(): void;
  mail(ledger: Ledger): MailPort;
  disk: Disk | null;
  /** Keeps the databases' logs short. */
  checkpoints?: Checkpoints;
  /** The automatic backups. */
  backups?: Backups | null;
  /** Codes that people type elsewhere: their providers are asked about them. */
  sign_ins?: { look(): Promise<void> };
  log: Log;
}

export interface Engine {
  start(): void;
  /** A ledger that was opened after the start: from now on it is looked at like the others. */
  takeUp(ledger: Ledger): void;
  /** Nothing new is claimed from now on; what is in flight ends, within 30 s. */
  stop(): Promise<void>;
  nudge(ledger: Ledger, verb: Verb): void;
  /** Does everything that is due at this instant of the ledger's clock; the next instant, or null. */
  runDue(ledger: Ledger): Promise<number | null>;
  advance(ledger: Ledger, until: number): Promise<AdvanceReport>;
  /** Takes a raw mail into a sandbox inbox. Throws `clock_running` while the clock is being moved. */
  receive(ledger: Ledger, inbox_id: number, bytes: Uint8Array): Promise<Received>;
  /** Sends one step to oneself and waits for its outcome. Throws `clock_running` while the test clock is being moved. */
  sendTestMail(ledger: Ledger, order: TestMailOrder): Promise<void>;
  /** What the engine knows of a ledger beside its rows, for `explain`. */
  signs(ledger: Ledger): EngineSigns;
  /** When each live ledger was last looked at, the one longest ago: ms of the ledger's clock, or null. */
  last_tick_at(): number | null;
}

const later: Later = (ms, work) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};

/** The engine of a house. */
export function openEngine(options: EngineOptions): Engine {
  const { disk, log } = options;
  const desks = new Map<Ledger, LedgerDesk>();
  const jobs: Cron[] = [];
  let stopping = false;
  let running = false;
  const ticks = new Map<Ledger, number>();

  const deskOf = (ledger: Ledger): LedgerDesk => {
    const known = desks.get(ledger);
    if (known) return known;
    const look = () => alarms.set(ledger, 0);
    const lookBy = (at: number) => alarms.bringForward(ledger, at);
    const mayGoOn = () =>
      running && !stopping && ledger.mode === "live" && hasRoom(disk?.level() ?? null);
    const mail = options.mail(ledger);
    const desk = openLedgerDesk({ ledger, mail, log, later, look, lookBy, mayGoOn });
    desks.set(ledger, desk);
    return desk;
  };
  const tick = (ledger: Ledger) => {
    if (stopping) return;
    const desk = deskOf(ledger);
    let next: number | null = null;
    try {
      desk.settleKept();
      desk.watchAll();
      if (hasRoom(disk?.level() ?? null)) next = desk.round();
      ticks.set(ledger, ledger.clock.now());
    } catch (error) {
      noteFailure(options, ledger, error);
    }
    alarms.set(ledger, Math.max(0, (next ?? Infinity) - ledger.clock.now()));
  };
  const alarms = openAlarms(tick);

  const taken = new Set<Ledger>();
  const takeUp = (ledger: Ledger) => {
    if (!running || stopping || taken.has(ledger)) return;
    const recovery = deskOf(ledger).recover();
    taken.add(ledger);
    log.info({ ledger: ledger.workspace_id, mode: ledger.mode, ...recovery }, "recovered");
    if (ledger.mode === "live") tick(ledger);
  };

  return {
    takeUp,
    start() {
      running = true;
      alarms.start();
      options.ledgers().forEach(takeUp);
      jobs.push(...startJobs(options, takeUp));
    },
    async stop() {
      stopping = true;
      alarms.stop();
      for (const job of jobs) job.stop();
      await Promise.all([...desks.values()].map((desk) => desk.close(STOP_WITHIN_MS)));
      await Promise.all([options.backups?.close(), options.checkpoints?.close()]);
    },
    nudge(ledger, verb) {
      if (!running || stopping || ledger.mode === "test") return;
      if (verb === "read") desks.get(ledger)?.nudgeReading();
      alarms.set(ledger, 0);
    },
    runDue: (ledger) => deskOf(ledger).runDue(),
    advance: (ledger, until) => advanceClock(ledger, deskOf(ledger), until),
    receive: (ledger, id, bytes) => receiveMail(ledger, options.mail(ledger), id, bytes),
    sendTestMail: (ledger, order) => sendBeside({ ledger, desk: deskOf(ledger), disk }, order),
    signs: (ledger) => signsOf(deskOf(ledger), disk),
    last_tick_at: () => (ticks.size === 0 ? null : Math.min(...ticks.values())),
  };
}

/** One timer for each ledger; a new one takes the place of the one before. Between start and stop only. */
function openAlarms(ring: (ledger: Ledger) => void) {
  const timers = new Map<Ledger, ReturnType<typeof setTimeout>>();
  /** When each rings, ms of the ledger's clock. */
  const wakes = new Map<Ledger, number>();
  let running = false;
  const set = (ledger: Ledger, wait_ms: number) => {
    if (!running) return;
    clearTimeout(timers.get(ledger));
    const sleep_ms = Math.min(wait_ms, LONGEST_SLEEP_MS);
    wakes.set(ledger, ledger.clock.now() + sleep_ms);
    const timer = setTimeout(() => ring(ledger), sleep_ms);
    timers.set(ledger, timer);
  };
  return {
    set,
    /** Rings at that instant, if it would ring later. */
    bringForward(ledger: Ledger, at: number) {
      if (at < (wakes.get(ledger) ?? 0)) set(ledger, Math.max(0, at - ledger.clock.now()));
    },
    start: () => void (running = true),
    stop() {
      running = false;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

interface Beside {
  ledger: Ledger;
  desk: LedgerDesk;
  disk: Disk | null;
}

async function sendBeside({ ledger, desk, disk }: Beside, order: TestMailOrder): Promise<void> {
  if (desk.isClosing()) throw new AppError("unavailable", "The server is being stopped.");
  if (!hasRoom(disk?.level() ?? null))
    throw new AppError("unavailable", "The disk is full: nothing is sent.");
  const send = () => desk.sendNow(claimTestMail(ledger, order));
  await (ledger.mode === "test" ? alone(ledger, send) : send());
}
function noteFailure({ disk, log }: EngineOptions, ledger: Ledger, error: unknown): void {
  if (isDiskFull(error)) disk?.giveUpBallast();
  log.error({ ledger: ledger.workspace_id, error: String(error) }, "a round failed");
}

const signsOf = (desk: LedgerDesk, disk: Disk | null): EngineSigns => ({
  disk_level: disk?.level() ?? null,
  is_stuck: desk.isStuck(),
  mayStart: (inbox_id) => desk.mayStart(inbox_id),
});

function startJobs(options: EngineOptions, takeUp: (ledger: Ledger) => void): Cron[] {
  const { disk, log } = options;
  return [
    everySecond(() => tend(options.ledgers(), disk), log),
    everySecond(() => followZones(options.ledgers()), log),
    everySecond(() => options.checkpoints?.look(), log),
    everySecond(() => options.sign_ins?.look(), log),
    everySecond(() => options.backups?.look(), log),
    everySecond(() => {
      options.openNew?.();
      options.ledgers().forEach(takeUp);
    }, log),
  ];
}

/**
 * The command line changes a workspace's zone beside the server: whoever waits by it follows. A job of its own, for a
 * million leads take longer than a second.
 */
async function followZones(ledgers: readonly Ledger[]): Promise<void> {
  for (const ledger of ledgers) await followZone(ledger);
}

function everySecond(work: () => void | Promise<void>, log: Log): Cron {
  const caught = (error: unknown) => log.error({ error: String(error) }, "tending failed");
  return new Cron("* * * * * *", { protect: true, catch: caught, utcOffset: 0 }, work);
}
