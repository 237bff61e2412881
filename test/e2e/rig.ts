// The program as a user runs it, on the mail lab: a data directory, a key, an API over HTTP, and a kill -9 at hand.
import { join } from "node:path";

import type { MailLab } from "../world/mail-lab.ts";
import {
  type ProgramOptions,
  type Running,
  runProgram,
  startProgram,
  temporaryDirectory,
} from "../world/program.ts";

interface Answer<T> {
  success: boolean;
  data: T;
  message?: string;
}

export interface Rig {
  /** The data directory. */
  readonly dir: string;
  /** Runs the program, as the rig was told to or as it is told now. */
  start(options?: ProgramOptions): Promise<void>;
  /** Of the running program; 0 while none runs. */
  pid(): number;
  /** What the programs that have ended have logged. */
  logged(): string;
  kill(): Promise<void>;
  stop(): Promise<number>;
  /** Stops the process for a while (SIGSTOP), or lets it go on (SIGCONT). */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** All items of a list, over its pages. */
  all<T>(path: string): Promise<T[]>;
  close(): Promise<void>;
}

export interface RigOptions {
  /** How the program is run; the source by default. */
  program?: ProgramOptions;
  /** Holds the data directory, and stays after `close`; a temporary one by default. */
  place?: string;
}

/** Makes a data directory and a live key; `start` runs the program in it. */
export async function openRig({ program = {}, place }: RigOptions = {}): Promise<Rig> {
  const directory = place === undefined ? temporaryDirectory() : { path: place, remove() {} };
  const dir = join(directory.path, "data");
  const made = await runProgram(
    ["keys", "create", "--mode", "live", "--scopes", "all", "--json", "--dir", dir],
    program,
  );
  const { key } = JSON.parse(made.stdout) as { key: string };
  // A test asks more often than the first tier allows.
  await runProgram(["workspaces", "set", "--tier", "apex", "--dir", dir], program);
  let running: Running | null = null;

  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    if (!running) throw new Error("the program does not run");
    const answer = await fetch(`${running.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await answer.json()) as Answer<T>;
    if (!json.success)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
    return json.data;
  };
  let logged = "";
  const end = async (signal: NodeJS.Signals) => {
    const ended = await running?.end(signal);
    logged += ended?.stderr ?? "";
    running = null;
    return ended?.exit_code ?? 0;
  };
  return {
    dir,
    async start(options = program) {
      running = await startProgram(["--dir", dir], options);
    },
    pid: () => running?.pid ?? 0,
    logged: () => logged,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    signal: (name) => void (running && process.kill(running.pid, name)),
    call,
    async all<T>(path: string) {
      const items: T[] = [];
      let cursor: string | null = null;
      do {
        if (!running) throw new Error("the program does not run");
        const url: string = `${running.url}${path}${path.includes("?") ? "&" : "?"}limit=100${cursor === null ? "" : `&cursor=${cursor}`}`;
        const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
        const json = (await answer.json()) as {
          data: T[];
          pagination: { next_cursor: string | null };
        };
        items.push(...json.data);
        cursor = json.pagination.next_cursor;
      } while (cursor !== null);
      return items;
    },
    async close() {
      await end("SIGKILL");
      directory.remove();
    },
  };
}

/** The body that connects a mailbox of the lab over TLS. */
export function labInbox(lab: MailLab, email: string, more: object = {}) {
  const { password } = lab.account(email);
  const server = (endpoint: { host: string; port: number; security: string }) => ({
    ...endpoint,
    username: email,
    password,
    ca: lab.ca_pem,
  });
  return {
    email,
    name: "Ana Sender",
    smtp: server(lab.smtp.tls),
    imap: server(lab.imap.tls),
    ...more,
  };
}

/** Always open, in every zone. */
export const ALWAYS = {
  timezone: "lead",
  days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
  start: "00:00",
  end: "24:00",
  exclude_dates: [],
};

/** The value of one header of a raw mail (LF line ends), unfolded, or null. */
export function headerOf(mail: string, name: string): string | null {
  const head = mail.slice(0, mail.indexOf("\n\n")).replace(/\n[ \t]+/g, " ");
  const line = head
    .split("\n")
    .find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line === undefined ? null : line.slice(name.length + 1).trim();
}
