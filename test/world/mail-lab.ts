// A mail world of real servers: a private Postfix and Dovecot on loopback under one directory, with
// addresses that bounce, answer and delay as in real life. Closing it leaves nothing behind.
import fs from "node:fs";
import os from "node:os";

import { createTransport } from "nodemailer";

import type { MailServer, Security } from "../../src/core/mail-port.ts";
import { type LabCertificates, labCertificates } from "./mail-lab-certificates.ts";
import { type LabDaemon, type OauthStub, startLabDaemon } from "./mail-lab-daemon.ts";
import { writeDovecot } from "./mail-lab-dovecot.ts";
import {
  type Fault,
  type FaultPort,
  type FaultProxies,
  startFaultProxies,
} from "./mail-lab-faults.ts";
import { type LabGuard, startGuard } from "./mail-lab-guard.ts";
import { type LabMailboxes, labMailboxes } from "./mail-lab-mailboxes.ts";
import { mailLabMissing } from "./mail-lab-missing.ts";
import {
  DEFAULT_SETTINGS,
  type LabAccount,
  type LabPlan,
  type LabSettings,
  planLab,
} from "./mail-lab-plan.ts";
import {
  LAB_HOST,
  type LabPorts,
  PLAINTEXT_HOST,
  type PortBlock,
  type PortName,
  takePortBlock,
} from "./mail-lab-ports.ts";
import { postfixConfigDir, writePostfix } from "./mail-lab-postfix.ts";
import { processesIn, runCommand } from "./mail-lab-process.ts";
import { imapServer, type LabServer, smtpServer } from "./mail-lab-servers.ts";

export interface MailLabOptions extends Partial<LabSettings> {
  /** Must not exist; at most 70 characters; every parent o+x. Without it a fresh one is chosen. */
  dir?: string;
}

export interface Endpoint {
  host: string;
  port: number;
  security: Security;
}

/** One line of `postqueue -j`. */
export interface QueuedMail {
  queue_name: string;
  queue_id: string;
  sender: string;
  recipients: { address: string; delay_reason?: string }[];
}

export interface SmtpEndpoints {
  tls: Endpoint;
  starttls: Endpoint;
  tls_expired: Endpoint;
  tls_wrong_host: Endpoint;
  /** No login, any sender, any recipient. */
  relay: Endpoint;
}

export interface ImapEndpoints {
  tls: Endpoint;
  starttls: Endpoint;
  /** Offers no STARTTLS. */
  plaintext: Endpoint;
}

export interface MailLab extends LabMailboxes {
  dir: string;
  smtp: SmtpEndpoints & LabServer;
  imap: ImapEndpoints & LabServer;
  /** The same servers behind the proxies that `fault` commands. */
  faulty: Record<FaultPort, Endpoint>;
  /** Accepts connections and stays silent. */
  blackhole_port: number;
  oauth: OauthStub;
  ca_pem: string;
  users: LabAccount[];
  /** Throws where the lab has no such user. */
  account(email: string): LabAccount;
  /** An account's login at one of the endpoints, as the mail port wants it. */
  login(email: string, endpoint: Endpoint): MailServer;
  fault(port: FaultPort, fault: Fault): void;
  /** How often a fault struck at this port. */
  faultsStruck(port: FaultPort): number;
  /** Sends raw bytes from and to anybody through the relay port. */
  inject(mail: { from: string; to: string; raw: string }): Promise<void>;
  queue(): Promise<QueuedMail[]>;
  /** Tries all queued mail now. */
  flush(): Promise<void>;
  /** The last lines of each server's log. */
  log(lines?: number): string;
  /** Stops everything and removes the directory. May be called twice. */
  close(): Promise<void>;
}

// sockaddr_un has room for 108 bytes; the longest socket name below the directory takes 35 of them.
const MAX_DIR_LENGTH = 70;
const SEND_TIMEOUT_MS = 10_000;

/** Brings up a lab within about a second. Throws with the servers' logs where it does not come up. */
export async function openMailLab(options: MailLabOptions = {}): Promise<MailLab> {
  const missing = mailLabMissing();
  if (missing !== null) throw new Error(missing);
  const { dir: wanted, ...settings } = options;
  const dir = makeLabDir(wanted);
  const guard = startGuard(dir);
  const certificates = await labCertificates();
  const block = await takePortBlock();
  const plan = planLab(dir, block.ports, { ...DEFAULT_SETTINGS, ...settings });
  const [smtp, imap] = [smtpServer(plan), imapServer(plan)];
  const parts: Parts = { plan, block, guard, smtp, imap, opened: [] };
  try {
    return await startLab(parts, certificates);
  } catch (error) {
    const log = readLogs(dir, 20);
    await closeParts(parts);
    throw new Error(`mail lab did not start\n${log}`, { cause: error });
  }
}

interface Parts {
  plan: LabPlan;
  block: PortBlock;
  guard: LabGuard;
  smtp: LabServer;
  imap: LabServer;
  opened: { close(): Promise<void> }[];
}

async function startLab(parts: Parts, certificates: LabCertificates): Promise<MailLab> {
  const { plan, opened } = parts;
  writeFiles(plan, certificates);
  const daemon = await startLabDaemon(plan.ports);
  opened.push(daemon);
  const proxies = await startFaultProxies(plan.ports, certificates);
  opened.push(proxies);
  // Dovecot first: a submission process that finds nobody to check logins with dies.
  await parts.imap.start();
  await parts.smtp.start();
  return assemble(parts, { certificates, daemon, proxies });
}

/** Servers that changed users read these files too, whatever umask the tests run under. */
function writeFiles(plan: LabPlan, certificates: LabCertificates): void {
  const umask = process.umask(0o022);
  try {
    fs.mkdirSync(`${plan.dir}/log`);
    writeDovecot(plan, certificates);
    writePostfix(plan, certificates);
  } finally {
    process.umask(umask);
  }
}

interface Running {
  certificates: LabCertificates;
  daemon: LabDaemon;
  proxies: FaultProxies;
}

function assemble(parts: Parts, { certificates, daemon, proxies }: Running): MailLab {
  const { dir, ports, accounts } = parts.plan;
  const { ca_pem } = certificates;
  const account = (email: string) => getAccount(accounts, email);
  return {
    dir,
    smtp: { ...smtpEndpoints(ports), ...parts.smtp },
    imap: { ...imapEndpoints(ports), ...parts.imap },
    faulty: faultyEndpoints(ports),
    blackhole_port: ports.blackhole,
    oauth: daemon.oauth,
    ca_pem,
    users: accounts,
    account,
    login: (email, endpoint) => {
      const { username, password } = account(email);
      return { ...endpoint, username, password, ca: ca_pem };
    },
    fault: (port, fault) => proxies.set(port, fault),
    faultsStruck: (port) => proxies.struck(port),
    ...labMailboxes(dir),
    inject: (mail) => inject(ports.smtp_relay, mail),
    queue: () => readQueue(dir),
    flush: async () => {
      await runCommand(["postqueue", "-c", postfixConfigDir(dir), "-f"]);
    },
    log: (lines = 40) => readLogs(dir, lines),
    close: () => closeParts(parts),
  };
}

function getAccount(accounts: LabAccount[], email: string): LabAccount {
  const found = accounts.find((a) => a.email === email);
  if (found === undefined) throw new Error(`the lab has no user ${email}`);
  return found;
}

function smtpEndpoints(ports: LabPorts): SmtpEndpoints {
  const at = endpointsOf(ports);
  return {
    tls: at("smtp_tls", "tls"),
    starttls: at("smtp_starttls", "starttls"),
    tls_expired: at("smtp_tls_expired", "tls"),
    tls_wrong_host: at("smtp_tls_wrong_host", "tls"),
    relay: at("smtp_relay", "none"),
  };
}

function imapEndpoints(ports: LabPorts): ImapEndpoints {
  const at = endpointsOf(ports);
  return {
    tls: at("imap_tls", "tls"),
    starttls: at("imap_starttls", "starttls"),
    plaintext: { ...at("imap_plaintext", "none"), host: PLAINTEXT_HOST },
  };
}

function faultyEndpoints(ports: LabPorts): Record<FaultPort, Endpoint> {
  const at = endpointsOf(ports);
  return {
    smtp_tls: at("fault_smtp_tls", "tls"),
    smtp_starttls: at("fault_smtp_starttls", "starttls"),
    smtp_relay: at("fault_smtp_relay", "none"),
    imap_tls: at("fault_imap_tls", "tls"),
    imap_starttls: at("fault_imap_starttls", "starttls"),
  };
}

function endpointsOf(ports: LabPorts) {
  return (name: PortName, security: Security): Endpoint => ({
    host: LAB_HOST,
    port: ports[name],
    security,
  });
}

async function inject(port: number, mail: { from: string; to: string; raw: string }) {
  const timeouts = { connectionTimeout: SEND_TIMEOUT_MS, socketTimeout: SEND_TIMEOUT_MS };
  const relay = createTransport({ host: LAB_HOST, port, ignoreTLS: true, ...timeouts });
  await relay.sendMail({ envelope: { from: mail.from, to: [mail.to] }, raw: mail.raw });
}

async function readQueue(dir: string): Promise<QueuedMail[]> {
  const lines = await runCommand(["postqueue", "-c", postfixConfigDir(dir), "-j"]);
  const entries = lines.split("\n").filter((line) => line !== "");
  return entries.map((line): QueuedMail => JSON.parse(line));
}

function readLogs(dir: string, lines: number): string {
  const log_dir = `${dir}/log`;
  if (!fs.existsSync(log_dir)) return "(no logs)";
  return fs
    .readdirSync(log_dir)
    .toSorted()
    .map((name) => ({ name, text: fs.readFileSync(`${log_dir}/${name}`, "utf8").trimEnd() }))
    .filter(({ text }) => text !== "")
    .map(({ name, text }) => `== ${name}\n${text.split("\n").slice(-lines).join("\n")}\n`)
    .join("");
}

async function closeParts({ plan, block, guard, smtp, imap, opened }: Parts): Promise<void> {
  // Nothing is worth a goodbye: the mail goes with the directory.
  await Promise.all([smtp.kill(), imap.kill()]);
  await Promise.all(opened.splice(0).map((part) => part.close()));
  block.blackhole.close();
  const left = processesIn(plan.dir);
  if (left.length > 0) throw new Error(`mail lab: processes ${left.join(", ")} are left`);
  fs.rmSync(plan.dir, { recursive: true, force: true });
  await guard.release();
}

function makeLabDir(wanted: string | undefined): string {
  if (wanted === undefined) return makeFreshDir();
  const complaint = unfit(wanted);
  if (complaint !== null) throw new Error(`mail lab: ${complaint}`);
  fs.mkdirSync(wanted, { mode: 0o755 });
  fs.chmodSync(wanted, 0o755);
  return fs.realpathSync(wanted);
}

/** TMPDIR may be long, or private to root: then the system's own places for such things do. */
function makeFreshDir(): string {
  const prefixes = [os.tmpdir(), "/tmp", "/var/tmp"].map((parent) => `${parent}/imail-lab-`);
  const prefix = prefixes.find((p) => unfit(`${p}XXXXXX`) === null);
  if (prefix === undefined) throw new Error(`mail lab: ${unfit(`${prefixes[0]}XXXXXX`)}`);
  const dir = fs.realpathSync(fs.mkdtempSync(prefix));
  fs.chmodSync(dir, 0o755);
  return dir;
}

function unfit(dir: string): string | null {
  if (!dir.startsWith("/")) return `${dir} is not an absolute path`;
  if (dir.length > MAX_DIR_LENGTH) return `${dir} is longer than ${MAX_DIR_LENGTH} characters`;
  const names = dir.split("/").slice(1, -1);
  const parents = names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`);
  const closed = parents.find((p) => !fs.existsSync(p) || (fs.statSync(p).mode & 0o001) === 0);
  return closed === undefined ? null : `${closed} cannot be entered by other users (o+x)`;
}
