// Processes of a mail lab: whatever has its working directory below the lab's counts as the lab's,
// so nothing that a server started can be forgotten.
import fs from "node:fs";

const SBIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const COMMAND_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 4000;
const ORPHAN_GRACE_MS = 200;
const POLL_MS = 10;

export interface CommandResult {
  ok: boolean;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end, at most 10 s. Failing is a result, not an exception. */
export async function tryCommand(command: string[], input = ""): Promise<CommandResult> {
  const child = Bun.spawn(command, {
    env: { PATH: SBIN_PATH },
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    timeout: COMMAND_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { ok: (await child.exited) === 0, stdout, stderr };
}

/** Runs a command and gives what it printed. Throws with its complaint where it fails. */
export async function runCommand(command: string[], input = ""): Promise<string> {
  const result = await tryCommand(command, input);
  if (!result.ok) throw new Error(`${command.join(" ")}: ${result.stderr || result.stdout}`);
  return result.stdout;
}

/** Asks again and again until `probe` gives something else than null. Throws at the deadline. */
export async function until<T>(
  what: string,
  timeout_ms: number,
  probe: () => Promise<T | null> | T | null,
): Promise<T> {
  const deadline = performance.now() + timeout_ms;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each question waits for the answer to the last one
    const found = await probe();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeout_ms} ms`);
    // oxlint-disable-next-line no-await-in-loop -- real servers have no clock that a test could move
    await Bun.sleep(POLL_MS);
  }
}

export interface ServerCommand {
  command: string[];
  cwd: string;
  log_path: string;
  env: Record<string, string>;
}

export type ServerProcess = Bun.Subprocess<"ignore", number, number>;

/** Starts a server in the foreground. */
export function spawnServer(server: ServerCommand): ServerProcess {
  const log = fs.openSync(server.log_path, "a");
  try {
    const child = Bun.spawn(server.command, {
      cwd: server.cwd,
      env: { PATH: SBIN_PATH, ...server.env },
      stdin: "ignore",
      stdout: log,
      stderr: log,
    });
    // A lab that nobody closed must not keep the test process from ending.
    child.unref();
    return child;
  } finally {
    fs.closeSync(log);
  }
}

export function isRunning(server: ServerProcess): boolean {
  return server.exitCode === null && server.signalCode === null;
}

/** Ends a server and all that works below `dir`: politely, then by force. */
export async function stopServer(server: ServerProcess, dir: string): Promise<void> {
  server.kill("SIGTERM");
  const has_ended = () => !isRunning(server);
  if (!(await comesTrue(STOP_TIMEOUT_MS, has_ended))) server.kill("SIGKILL");
  // Dovecot's auth stays as long as a Postfix process holds on to it, even after its master.
  const are_gone = () => has_ended() && processesIn(dir).length === 0;
  if (!(await comesTrue(ORPHAN_GRACE_MS, are_gone))) await killServer(server, dir);
}

/** Ends a server and all that works below `dir` as a power cut would. */
export async function killServer(server: ServerProcess, dir: string): Promise<void> {
  server.kill("SIGKILL");
  const are_gone = () => !isRunning(server) && processesIn(dir).length === 0;
  for (const pid of processesIn(dir)) kill(pid);
  if (await comesTrue(STOP_TIMEOUT_MS, are_gone)) return;
  throw new Error(`processes ${processesIn(dir).join(", ")} survive SIGKILL`);
}

/** Whether it came true before the deadline. */
async function comesTrue(timeout_ms: number, condition: () => boolean): Promise<boolean> {
  try {
    return await until("condition", timeout_ms, () => (condition() ? true : null));
  } catch {
    return false;
  }
}

/** Ids of the living processes whose working directory is `dir` or below it. */
export function processesIn(dir: string): number[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => belongsTo(name, dir))
    .map(Number);
}

function belongsTo(pid: string, dir: string): boolean {
  try {
    if (/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"))) return false;
    const cwd = fs.readlinkSync(`/proc/${pid}/cwd`);
    return `${cwd}/`.startsWith(`${dir}/`) || cwd === `${dir} (deleted)`;
  } catch {
    // It ended while we looked.
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself first: what we wanted.
  }
}
