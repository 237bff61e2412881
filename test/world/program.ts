// The program as a user runs it: a process of its own, from source or compiled, with an environment of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bun and the entry of the program. */
export const SOURCE = [process.execPath, join(import.meta.dir, "../../src/main.ts")];

export interface ProgramOptions {
  /** Its command: the source by default, or the path of a compiled program. */
  command?: string[];
  cwd?: string;
  env?: Record<string, string>;
  stdin?: string;
}

export interface Ended {
  exit_code: number;
  stdout: string;
  stderr: string;
}

export interface Running {
  url: string;
  pid: number;
  /** All that it has printed until its address stood there. */
  banner: string;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
}

function spawn(
  args: string[],
  { command = SOURCE, cwd = tmpdir(), env = {}, stdin = "" }: ProgramOptions,
) {
  return Bun.spawn([...command, ...args], {
    cwd,
    // Nothing of the machine's environment: what a developer has set must not decide a test.
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: cwd,
      TZ: "Europe/Berlin",
      // From the source Bun would keep what it has compiled in the home directory.
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
      ...env,
    },
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Runs the program to its end. */
export async function runProgram(args: string[], options: ProgramOptions = {}): Promise<Ended> {
  const child = spawn(args, options);
  const [stdout, stderr, exit_code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { exit_code, stdout, stderr };
}

/** Starts `imail serve` on a free port and waits until it has said where it listens. */
export async function startProgram(args: string[], options: ProgramOptions = {}): Promise<Running> {
  const child = spawn(["serve", "--port", "0", ...args], options);
  const stderr = child.stderr.text();
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  let stdout = "";
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (value) stdout += decoder.decode(value, { stream: true });
    return !done;
  };
  // oxlint-disable-next-line no-await-in-loop -- one piece after the other
  while (!/http:\/\/\S+\/v1/.test(stdout) && (await read()));
  const [url] = /http:\/\/[^/\s]+/.exec(stdout) ?? [];
  if (url === undefined) throw new Error(`imail did not start: ${stdout}${await stderr}`);
  return {
    url,
    pid: child.pid,
    banner: stdout,
    async end(signal = "SIGTERM") {
      child.kill(signal);
      // oxlint-disable-next-line no-await-in-loop -- one piece after the other
      while (await read());
      return { exit_code: await child.exited, stdout, stderr: await stderr };
    },
  };
}

/** A fresh directory below the system's temporary one, and how to be rid of it. */
export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "imail-test-"));
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}
