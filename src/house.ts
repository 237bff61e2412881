// Wires a house: settings -> lock -> databases -> mail -> engine -> app. One process holds one data directory, and what
// is opened here is closed here, in the reverse order.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { type App, listenOptions, openApp } from "./app.ts";
import { type Config, oauthClients } from "./config.ts";
import { pauseCopied } from "./copied.ts";
import type { Clock } from "./core/clock.ts";
import type { DnsPort } from "./core/dns-port.ts";
import { AppError } from "./core/faults.ts";
import type { Log } from "./core/log.ts";
import type { MailPort } from "./core/mail-port.ts";
import { MODES } from "./core/states.ts";
import { openSecondOpinion, type SecondOpinion } from "./engine/ask-classifier.ts";
import { type Engine, openEngine } from "./engine/engine.ts";
import { explainCampaign } from "./engine/explain/campaign.ts";
import { explainLead } from "./engine/explain/lead.ts";
import { openScene } from "./engine/explain/scene.ts";
import { type Forecasts, openForecasts } from "./engine/forecast/forecasts.ts";
import { openSandboxBox } from "./engine/sandbox-box.ts";
import { catchUp, doubtClaimed, isOlderThanJournal } from "./engine/send/catch-up.ts";
import { resolveDoubt } from "./engine/send/resolve.ts";
import { type Rate, RATES } from "./http/rate-limit.ts";
import type { SignIns } from "./http/sign-ins.ts";
import { openWiring, type WiringParts } from "./http/wiring.ts";
import { announceServer, openInstallation, prepareDirectory, settleIn } from "./installation.ts";
import { backupName, backupsIn, pruneBackups } from "./ledger/backup-files.ts";
import { needRoom, sizeOfData, writeBackup } from "./ledger/backup.ts";
import { type Backups, openBackups } from "./ledger/backups.ts";
import { openCheckpoints } from "./ledger/checkpoints.ts";
import { systemClock } from "./ledger/clock.ts";
import type { Control } from "./ledger/control.ts";
import { type Verb, versionOf } from "./ledger/database.ts";
import { isDiskFull, openDisk } from "./ledger/disk.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { type Ledgers, openLedgers } from "./ledger/ledgers.ts";
import { lockDirectory } from "./ledger/lock.ts";
import type { MasterKey } from "./ledger/master-key.ts";
import { isMigrationDue } from "./ledger/migration-due.ts";
import { systemRandom } from "./ledger/random.ts";
import { openLog } from "./log.ts";
import { openDnsPort } from "./mail/discover.ts";
import { type OAuthOptions, openOAuthPort } from "./mail/oauth.ts";
import { openMailPort } from "./mail/port.ts";
import { openSandboxPort } from "./mail/sandbox.ts";
import { authenticate } from "./resources/api-keys/actions.ts";
import { admitSession, openSessionKey } from "./resources/auth/actions.ts";
import { openSignIns, withTokens } from "./resources/inboxes/actions.ts";
import { createWorkspace, getWorkspace, openDataKey } from "./resources/workspaces/actions.ts";
import { listWorkspaces } from "./resources/workspaces/store.ts";
import { VERSION } from "./version.ts";

const OLDER = "the sent journal knows of mails that the database does not: it is an older copy";
const BALLAST_BYTES = 64 * 1024 * 1024;
/** Where imail listens unless it is told otherwise. */
export const DEFAULT_PORT = 7070;
const PORTS_TO_TRY = 11;
// The runtime cuts handlers that are at work, too, when nothing moves for this long (reliability.md 4.1): its most.
const IDLE_TIMEOUT_S = 255;

export interface HouseOptions {
  /** Other mail servers than the real ones and the sandbox, for tests. */
  mail?(ledger: Ledger): MailPort;
  /** Another DNS than the system's, for tests. */
  names?: DnsPort;
  /** Other OAuth providers than the real ones, for tests. */
  oauth?: Pick<OAuthOptions, "providers" | "answer_within_s">;
  /** How often each tier may ask, where that is not the contract's own: for tests and measurements. */
  rates?: WiringParts["rates"];
  /** The clock of live ledgers. */
  clock?: Clock;
  /** Where something serves the public addresses (`/o/`, `/c/`, `/u/`); nothing in this program does yet. */
  public_url?: string;
  /** No files at all, and no lock. */
  in_memory?: boolean;
  /** Keep room on the disk for the day on which it is full. */
  ballast?: boolean;
  log?: Log;
}

export interface House {
  readonly config: Config;
  readonly control: Control;
  readonly ledgers: Ledgers;
  readonly engine: Engine;
  readonly app: App;
  readonly sign_ins: SignIns;
  readonly log: Log;
  /** Why the inboxes' logins cannot be opened, or null. */
  readonly key_problem: string | null;
  /** True at the first start in this directory. */
  readonly is_new: boolean;
  /** True where the directory was copied or restored, and its campaigns are paused for that. */
  readonly is_copy: boolean;
  /** Where it listens; null before `listen`. */
  readonly url: string | null;
  /** Starts to listen; answers the URL. Throws PortError. */
  listen(): string;
  /** Lets what is in flight finish, then closes everything. */
  close(): Promise<void>;
}

/** No port could be had. */
export class PortError extends Error {}

/** Opens the house of a data directory. Throws DirectoryLockedError, KeyFileError, MigrationError. */
export async function openHouse(config: Config, options: HouseOptions = {}): Promise<House> {
  const open = new DisposableStack();
  try {
    return furnish(config, options, open);
  } catch (error) {
    open.dispose();
    throw error;
  }
}

function furnish(config: Config, options: HouseOptions, open: DisposableStack): House {
  const in_memory = options.in_memory ?? false;
  const log = options.log ?? openLog(config.log_level);
  const lock_identity = in_memory ? null : takeDirectory(config.dir, open);
  if (!in_memory) backUpBeforeMigrating(config, log);
  const disk = in_memory
    ? null
    : openDisk(config.dir, options.ballast === false ? 0 : BALLAST_BYTES);
  const onError = (error: unknown) => {
    if (isDiskFull(error)) disk?.giveUpBallast();
  };
  const installation = openInstallation({ config, in_memory, lock_identity, onError });
  const { control, master_key, is_new, is_copy } = installation;
  open.defer(() => {
    control.close();
  });
  const ledgers = openAllLedgers({
    dir: in_memory ? ":memory:" : config.dir,
    control,
    master_key,
    apex_daily_limit: config.apex_daily_limit ?? null,
    ...(options.clock ? { clock: options.clock } : {}),
    public_url: options.public_url ?? null,
    onError,
    onNudge: (ledger, verb) => {
      engine.nudge(ledger, verb);
    },
  });
  open.defer(() => {
    ledgers.close();
  });
  const oauth = openOAuthPort({ clients: oauthClients(config), ...options.oauth });
  const mail = keepPorts((ledger) =>
    withTokens(options.mail?.(ledger) ?? portOf(ledger), { ledger, port: oauth, log }),
  );
  const tcpPort = () => app.server?.port ?? (config.port || DEFAULT_PORT);
  const sign_ins = openSignIns({ control, ledgers, port: oauth, mail, log, tcpPort });
  const checkpoints = openCheckpoints(
    () => [control.db, ...ledgers.all().map(({ db }) => db)],
    (fault) => log.warn({ fault }, "a write-ahead log could not be moved into its database"),
  );
  const engine: Engine = openEngine({
    ledgers: () => ledgers.all(),
    openNew: openNewLedgers(control, ledgers),
    mail,
    disk,
    checkpoints,
    backups: in_memory ? null : openDailyBackups(config, log),
    second_opinion: openClassifier(config, log),
    log,
  });
  const forecasts = openForecasts();
  open.defer(() => {
    forecasts.close();
  });
  const parts = { control, ledgers, master_key, mail, sign_ins, engine, forecasts, log };
  const app: App = openHouseApp(config, options, parts);
  takeStock(ledgers, installation.copy_reason, log);
  if (lock_identity !== null) settleIn(installation, lock_identity);
  const facts = { key_problem: master_key.problem, is_new, is_copy };
  return openDoor(
    { config, control, ledgers, engine, app, sign_ins, log, ...facts },
    in_memory,
    open,
  );
}

/** A backup a day, unless that is switched off. */
function openDailyBackups({ dir, backups }: Config, log: Log): Backups | null {
  if (backups === null) return null;
  return openBackups({
    dir,
    keep: backups,
    version: VERSION,
    now: () => systemClock.now(),
    onDone(fault) {
      if (fault === null) log.info({}, "backup made");
      else log.error({ fault }, "a backup could not be made");
    },
  });
}

/** An upgrade changes the databases: before it a copy is made, or nothing is changed (Invariant of reliability.md 3.7). */
function backUpBeforeMigrating({ dir, backups }: Config, log: Log): void {
  if (!isMigrationDue(dir)) return;
  needRoom(dir, 2.5 * sizeOfData(dir), "An upgrade of the databases");
  if (backups === null) return;
  const place = backupsIn(dir);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const now = systemClock.now();
  const out = join(place, backupName(now, "migration"));
  writeBackup({ dir, out, reason: "migration", version: VERSION, now, key: null });
  pruneBackups(place, backups);
  log.info({ file: out }, "backup made before the databases are upgraded");
}

/** Before anything is sent: a copy pauses, and what the sent journal knows beyond the database is applied. */
function takeStock(ledgers: Ledgers, copy_reason: string | null, log: Log): void {
  for (const ledger of ledgers.all().filter(({ mode }) => mode === "live")) {
    const reason = copy_reason ?? (isOlderThanJournal(ledger) ? OLDER : null);
    if (reason !== null) pauseCopied(ledger, reason);
    const caught_up = catchUp(ledger);
    const doubtful = copy_reason === null ? 0 : doubtClaimed(ledger);
    if (reason === null && Object.values(caught_up).every((count) => count === 0)) continue;
    const facts = { ledger: ledger.workspace_id, reason, ...caught_up, doubtful };
    log.warn(facts, "this data is a copy or older than what was sent");
  }
}

/** What listens and closes, around what was furnished. */
function openDoor(
  parts: Omit<House, "url" | "listen" | "close">,
  in_memory: boolean,
  open: DisposableStack,
): House {
  const { config, engine, app } = parts;
  let url: string | null = null;
  return {
    ...parts,
    get url() {
      return url;
    },
    listen() {
      url = listen(app, config);
      if (!in_memory) open.defer(announceServer(config.dir, url));
      return url;
    },
    async close() {
      await engine.stop();
      // Lets requests that are being answered finish; new ones are refused from here on.
      if (app.server) await app.stop();
      open.dispose();
    },
  };
}

type AppParts = Pick<House, "control" | "ledgers" | "engine" | "log"> & {
  mail: (ledger: Ledger) => MailPort;
  sign_ins: SignIns;
  master_key: MasterKey;
  forecasts: Forecasts;
};

function openHouseApp(config: Config, options: HouseOptions, parts: AppParts): App {
  const { control, ledgers, engine, mail, log } = parts;
  const session_key = openSessionKey(control, parts.master_key.key);
  const wiring = openWiring({
    control,
    ledgers,
    mail,
    names: options.names ?? openDnsPort(),
    sign_ins: parts.sign_ins,
    advance: (ledger, until) => engine.advance(ledger, until),
    receive: (ledger, inbox_id, bytes) => engine.receive(ledger, inbox_id, bytes),
    forecast: (ledger, wish) => parts.forecasts.make(ledger, wish),
    sendTestMail: (ledger, order) => engine.sendTestMail(ledger, order),
    sendAnswer: (ledger, order) => engine.sendAnswer(ledger, order),
    openUntracked: (ledger, id) => engine.openUntracked(ledger, id),
    resolve: resolveDoubt,
    explainCampaign: (ledger, id) => explainCampaign(openScene(ledger, engine.signs(ledger)), id),
    explainLead: (ledger, id) => explainLead(openScene(ledger, engine.signs(ledger)), id),
    authenticate: (key) => authenticate(control, key),
    admitSession: (wish) => admitSession({ control, session_key }, wish),
    session_key,
    addWorkspace: (order) => addWorkspace(parts, order),
    last_tick_at: () => engine.last_tick_at(),
    pulse: () => engine.pulse(),
    allowed_hosts: config.allow_host,
    log,
    started_at: systemClock.now(),
    version: VERSION,
    rates: { apex: apexRate(config), ...options.rates },
  });
  return openApp(wiring);
}

/** Off until both its place and its model are named. */
function openClassifier(config: Config, log: Log): SecondOpinion | null {
  const { classifier_url: url, classifier_model: model, classifier_key: key } = config;
  return url && model ? openSecondOpinion({ url, model, key: key ?? null }, log) : null;
}

/** The contract leaves this tier to who runs imail. */
const apexRate = ({ apex_rate, apex_burst }: Config): Rate => ({
  per_minute: apex_rate ?? RATES.apex.per_minute,
  burst: apex_burst ?? RATES.apex.burst,
});

/** A workspace that is made while the house is open: both its ledgers are there at once, and looked at like the others. */
function addWorkspace(
  { control, ledgers, engine, master_key }: AppParts,
  order: { name: string; zone: string },
): number {
  if (master_key.key === null) throw new AppError("unavailable", master_key.problem);
  const id = createWorkspace(control, order, master_key.key);
  for (const mode of MODES) engine.takeUp(ledgers.get(id, mode));
  return id;
}

/** Takes the data directory for this process; answers the identity of its lock. */
function takeDirectory(dir: string, open: DisposableStack): string {
  prepareDirectory(dir);
  const lock = lockDirectory(dir);
  open.defer(() => {
    lock.release();
  });
  return lock.identity;
}

interface AllLedgers {
  dir: string;
  control: Control;
  master_key: MasterKey;
  apex_daily_limit: number | null;
  clock?: Clock;
  public_url: string | null;
  onError(error: unknown): void;
  onNudge(ledger: Ledger, verb: Verb): void;
}

/** Opens both ledgers of every workspace: what is due in them must go out, whether anybody asks or not. */
function openAllLedgers({ control, master_key, apex_daily_limit, ...rest }: AllLedgers): Ledgers {
  const ledgers = openLedgers({
    ...rest,
    random: systemRandom,
    installation_secret: control.installation_secret,
    workspace(id) {
      const workspace = getWorkspace(control, id);
      return workspace.tier === "apex" ? { ...workspace, daily_top: apex_daily_limit } : workspace;
    },
    dataKey: (id) => openDataKey(control, id, master_key.key),
  });
  try {
    for (const { id } of listWorkspaces(control)) for (const mode of MODES) ledgers.get(id, mode);
  } catch (error) {
    ledgers.close();
    throw error;
  }
  return ledgers;
}

/** The command line makes workspaces beside the server: a look at the version of control.db tells whether it did. */
function openNewLedgers(control: Control, ledgers: Ledgers): () => void {
  let seen = versionOf(control);
  return () => {
    const now = versionOf(control);
    if (now === seen) return;
    for (const { id } of listWorkspaces(control)) for (const mode of MODES) ledgers.get(id, mode);
    seen = now;
  };
}

/** A test ledger has the sandbox and no other: nothing of it can reach a server (Invariant 6). */
function portOf(ledger: Ledger): MailPort {
  return ledger.mode === "test" ? openSandboxPort(openSandboxBox(ledger)) : openMailPort();
}

/** One port per ledger. */
function keepPorts(open: (ledger: Ledger) => MailPort): (ledger: Ledger) => MailPort {
  const ports = new Map<Ledger, MailPort>();
  return (ledger) => {
    const port = ports.get(ledger) ?? open(ledger);
    ports.set(ledger, port);
    return port;
  };
}

/** Listens on the port that was asked for, else on the first free one from 7070 on. */
function listen(app: App, { host, port }: Config): string {
  const tries =
    port === null ? Array.from({ length: PORTS_TO_TRY }, (_, i) => DEFAULT_PORT + i) : [port];
  const found = tries.find((one) => listensOn(app, host, one));
  if (found === undefined) {
    const range = `${tries[0]}${tries.length > 1 ? ` to ${tries.at(-1)}` : ""}`;
    throw new PortError(`Port ${range} on ${host} is taken. Name another one with --port.`);
  }
  const shown = host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${app.server?.port ?? found}`;
}

function listensOn(app: App, hostname: string, port: number): boolean {
  try {
    // Without `reusePort: false` a port that another server holds would be shared with it in silence.
    app.listen({
      ...listenOptions,
      hostname,
      port,
      reusePort: false,
      development: false,
      idleTimeout: IDLE_TIMEOUT_S,
    });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  }
}
