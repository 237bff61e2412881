// The only timers of the house, and what starts and stops. A tick only says "look": what may be sent is decided by the
// round from the database and the clock, so a lost, late or doubled tick costs seconds and never a mail. Three nudges that
// know nothing of each other run the same tick: timers, a thread, and every API request (reliability.md 3.4).
import type { AdvanceReport } from "../core/advance-report.ts";
import type { AnswerOrder } from "../core/answer-mail.ts";
import { AppError } from "../core/faults.ts";
import type { Log } from "../core/log.ts";
import type { MailPort } from "../core/mail-port.ts";
import type { OpenedMail } from "../core/opened-mail.ts";
import type { Received } from "../core/received-mail.ts";
import type { TestMailOrder } from "../core/test-mail.ts";
import type { Backups } from "../ledger/backups.ts";
import type { Checkpoints } from "../ledger/checkpoints.ts";
import { systemClock } from "../ledger/clock.ts";
import type { Verb } from "../ledger/database.ts";
import { type Disk, isDiskFull } from "../ledger/disk.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { followZone } from "../resources/enrollments/actions.ts";
import { advanceClock, alone } from "./advance.ts";
import type { SecondOpinion } from "./ask-classifier.ts";
import { type LedgerDesk, openLedgerDesk } from "./desk.ts";
import type { EngineSigns } from "./explain/scene.ts";
import { LOOK_AGAIN_MS } from "./flights.ts";
import { openJobs } from "./jobs.ts";
import { openPulses } from "./pulses.ts";
import { openUntracked } from "./read/untracked.ts";
import { receiveMail } from "./receive.ts";
import { sendAnswer } from "./send/answer.ts";
import type { Later } from "./send/commit-group.ts";
import { hasRoom } from "./send/gates.ts";
import { claimTestMail } from "./send/test-mail.ts";
import { tend } from "./tend.ts";
import { openTicker, type Ticker } from "./ticker.ts";

/** How often the thread knocks. */
const PULSE_EVERY_MS = 10_000;
/** So long after something was noted the ledger is looked at. */
const NOTED_MS = 200;
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
  /** Asked about replies that imail is unsure of; null or left out: nobody is. */
  second_opinion?: SecondOpinion | null;
  log: Log;
  /** Time that has passed, in ms, which nobody sets: the machine's own unless told otherwise. */
  mono?(): number;
}

export interface Engine {
  start(): void;
  /** A ledger that was opened after the start: from now on it is looked at like the others. */
  takeUp(ledger: Ledger): void;
  /** Nothing new is claimed from now on; what is in flight ends, within 30 s. */
  stop(): Promise<void>;
  nudge(ledger: Ledger, verb: Verb): void;
  /** "Are you awake?": ticks whatever is overdue. Costs next to nothing, so every request asks. */
  pulse(): void;
  /** Does everything that is due at this instant of the ledger's clock; the next instant, or null. */
  runDue(ledger: Ledger): Promise<number | null>;
  advance(ledger: Ledger, until: number): Promise<AdvanceReport>;
  /** Takes a raw mail into a sandbox inbox. Throws `clock_running` while the clock is being moved. */
  receive(ledger: Ledger, inbox_id: number, bytes: Uint8Array): Promise<Received>;
  /** Sends one step to oneself and waits for its outcome. Throws `clock_running` while the test clock is being moved. */
  sendTestMail(ledger: Ledger, order: TestMailOrder): Promise<void>;
  /** Answers a reply and waits for the outcome. Throws where it cannot be sent, and `clock_running`. */
  sendAnswer(ledger: Ledger, order: AnswerOrder): Promise<void>;
  /** Fetches the body of a mail of which only the envelope is kept. Throws `not_found`, `unavailable`. */
  openUntracked(ledger: Ledger, reply_id: number): Promise<OpenedMail>;
  /** What the engine knows of a ledger beside its rows, for `explain`. */
  signs(ledger: Ledger): EngineSigns;
  /** When each live ledger was last looked at, the one longest ago: ms of the ledger's clock, or null. */
  last_tick_at(): number | null;
}

const later: Later = (ms, work) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};

const monoOf = (options: EngineOptions) => () => options.mono?.() ?? systemClock.mono();

/** What works beside the desks lets go of the ledgers. */
const closeBeside = ({ backups, checkpoints, second_opinion }: EngineOptions) =>
  Promise.all([backups?.close(), checkpoints?.close(), second_opinion?.close()]);

/** At once; what was only noted is seldom a reason to send more, and each mail notes something: one look for many. */
function planLook(ticker: Ticker, ledger: Ledger, verb: Verb): void {
  if (verb === "notify") ticker.bringForward(ledger, ledger.clock.now() + NOTED_MS);
  else ticker.plan(ledger, 0);
}

/** The engine of a house. */
export function openEngine(options: EngineOptions): Engine {
  const { disk, log } = options;
  const desks = new Map<Ledger, LedgerDesk>();
  let nudges: Nudges | null = null;
  let stopping = false;
  let running = false;
  const ticks = new Map<Ledger, number>();

  const deskOf = (ledger: Ledger): LedgerDesk => {
    const known = desks.get(ledger);
    if (known) return known;
    // A test clock stands still: nothing in test mode moves by itself.
    const look = () => void (ledger.mode === "live" && ticker.plan(ledger, 0));
    const lookBy = (at: number) => ticker.bringForward(ledger, at);
    const mayGoOn = () =>
      running && !stopping && ledger.mode === "live" && hasRoom(disk?.level() ?? null);
    const mail = options.mail(ledger);
    const desk = openLedgerDesk({ ledger, mail, log, later, look, lookBy, mayGoOn });
    desks.set(ledger, desk);
    return desk;
  };
  const tick = (ledger: Ledger) => {
    if (stopping) return;
    const again_at = ledger.clock.now() + LOOK_AGAIN_MS;
    let next: number | null = again_at;
    try {
      next = lookAt(deskOf(ledger), disk, again_at);
      ticks.set(ledger, ledger.clock.now());
    } catch (error) {
      noteFailure(options, ledger, error);
    }
    ticker.plan(ledger, Math.max(0, (next ?? Infinity) - ledger.clock.now()));
  };
  const ticker = openTicker({ tick, later, mono: monoOf(options) });

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
      ticker.start();
      options.ledgers().forEach(takeUp);
      nudges = startNudges(options, takeUp, ticker);
    },
    async stop() {
      stopping = true;
      nudges?.stop();
      await Promise.all([...desks.values()].map((desk) => desk.close(STOP_WITHIN_MS)));
      await closeBeside(options);
    },
    nudge(ledger, verb) {
      if (!running || stopping || ledger.mode === "test") return;
      if (verb === "read") desks.get(ledger)?.nudgeReading();
      planLook(ticker, ledger, verb);
    },
    pulse: () => nudges?.pulse(),
    runDue: (ledger) => deskOf(ledger).runDue(),
    advance: (ledger, until) => advanceClock(ledger, deskOf(ledger), until),
    receive: (ledger, id, bytes) => receiveMail(ledger, options.mail(ledger), id, bytes),
    sendTestMail: (ledger, order) => sendTest({ ledger, desk: deskOf(ledger), disk }, order),
    sendAnswer: (ledger, order) => answerBeside({ ledger, desk: deskOf(ledger), disk }, order),
    openUntracked: (ledger, id) => openUntracked(ledger, options.mail(ledger), id),
    signs: (ledger) => signsOf(deskOf(ledger), disk),
    last_tick_at: () => (ticks.size === 0 ? null : Math.min(...ticks.values())),
  };
}

function lookAt(desk: LedgerDesk, disk: Disk | null, again_at: number): number | null {
  desk.settleKept();
  desk.watchAll();
  return hasRoom(disk?.level() ?? null) ? desk.round() : again_at;
}

interface Beside {
  ledger: Ledger;
  desk: LedgerDesk;
  disk: Disk | null;
}

const sendTest = (beside: Beside, order: TestMailOrder) =>
  sendBeside(beside, (desk) => desk.sendNow(claimTestMail(beside.ledger, order)));

const answerBeside = (beside: Beside, order: AnswerOrder) =>
  sendBeside(beside, (desk) => sendAnswer(beside.ledger, desk, order));

async function sendBeside(
  { ledger, desk, disk }: Beside,
  work: (desk: LedgerDesk) => Promise<void>,
): Promise<void> {
  if (desk.isClosing()) throw new AppError("unavailable", "The server is being stopped.");
  if (!hasRoom(disk?.level() ?? null))
    throw new AppError("unavailable", "The disk is full: nothing is sent.");
  await (ledger.mode === "test" ? alone(ledger, () => work(desk)) : work(desk));
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

interface Nudges {
  pulse(): void;
  stop(): void;
}

/** Housekeeping and the thread that knocks; `pulse` is what the thread and every request call. */
function startNudges(
  options: EngineOptions,
  takeUp: (ledger: Ledger) => void,
  ticker: Ticker,
): Nudges {
  const { disk, log } = options;
  const work = [
    () => tend(options.ledgers(), disk),
    () => followZones(options.ledgers()),
    () => options.checkpoints?.look(),
    () => options.sign_ins?.look(),
    () => options.backups?.look(),
    () => options.second_opinion?.askOnce(options.ledgers()),
    () => {
      options.openNew?.();
      options.ledgers().forEach(takeUp);
    },
  ];
  const jobs = openJobs({ work, later, mono: monoOf(options), log });
  const pulse = () => {
    jobs.pulse();
    ticker.pulse();
  };
  const pulses = openPulses(PULSE_EVERY_MS, pulse, (fault) =>
    log.warn({ fault }, "the second nudge does not run"),
  );
  return {
    pulse,
    stop() {
      pulses.stop();
      jobs.stop();
      ticker.stop();
    },
  };
}

/**
 * The command line changes a workspace's zone beside the server: whoever waits by it follows. A job of its own, for a
 * million leads take longer than a second.
 */
async function followZones(ledgers: readonly Ledger[]): Promise<void> {
  for (const ledger of ledgers) await followZone(ledger);
}
