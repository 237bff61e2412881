// What a process did to its files and when it let go of a mail, as strace saw it: every write, truncation, removal and
// fsync of the database, its log and the journal, and every final dot on its way to the sink, in one order.

import { readFileSync } from "node:fs";

import { fieldOf } from "./sent-folders.ts";

/** A change of a file. `at` is when it may begin to reach the disk, `done` when the call came back. */
export interface Change {
  file: string;
  at: number;
  done: number;
  kind: "write" | "truncate" | "remove";
  /** Where it was written, or the new size. */
  offset: number;
  bytes: Buffer;
}

/** All that was done to `file` before `at` is on the disk from `done` on. */
export interface Sync {
  file: string;
  at: number;
  done: number;
}

/** The final dot of a mail went to the socket. */
export interface Dot {
  message_id: string;
  at: number;
}

export interface Recording {
  changes: Change[];
  syncs: Sync[];
  dots: Dot[];
  /** How many calls there were: the instants at which the power may fail. */
  length: number;
}

/** Why a process cannot be recorded here, in words, or null. */
export function whyNoRecorder(): string | null {
  const tried = Bun.spawnSync(["strace", "-qq", "-e", "trace=none", "true"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (tried.exitCode === 0) return null;
  return `strace is missing or not allowed here (apt-get install strace; containers need CAP_SYS_PTRACE): ${tried.stderr.toString().trim()}`;
}

const CALLS =
  "pwrite64,pwritev,pwritev2,write,writev,ftruncate,fallocate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,sendto,sendmsg";

/**
 * The command that runs `command` and writes what it does to `trace`. The process stays the caller's child; the recorder
 * holds its output open until the trace is whole.
 */
export function recorded(command: readonly string[], trace: string): string[] {
  const how = ["-D", "-f", "--seccomp-bpf", "-q", "-yy", "-xx", "-s", "16777216"];
  return ["strace", ...how, "-e", `trace=${CALLS}`, "-e", "signal=none", "-o", trace, ...command];
}

interface Call {
  name: string;
  arguments: string;
  result: number;
  at: number;
  done: number;
}

/** Reads a trace: of the files below `dir`, and of the connections to `port`. */
export function readRecording(trace: string, dir: string, port: number): Recording {
  const recording: Recording = { changes: [], syncs: [], dots: [], length: 0 };
  const mails = new Map<string, string>();
  for (const call of callsIn(readFileSync(trace, "latin1"))) {
    recording.length = Math.max(recording.length, call.done + 1);
    const place = placeOf(call.arguments);
    if (place.includes(`->127.0.0.1:${port}]`)) noteDot(recording, mails, place, call);
    else if (place.startsWith(`${dir}/`)) noteFile(recording, place.slice(dir.length + 1), call);
  }
  return recording;
}

/** The calls in the order of their beginning. */
function callsIn(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, Call>();
  let at = 0;
  for (const line of trace.split("\n")) {
    at++;
    const [, pid = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (resumed) {
      const call = open.get(pid);
      if (call) Object.assign(call, { done: at, result: resultOf(resumed[1] ?? "") });
      open.delete(pid);
      continue;
    }
    const name = /^\w+(?=\()/.exec(rest)?.[0];
    if (name === undefined) continue;
    const call = {
      name,
      arguments: rest.slice(name.length + 1),
      result: resultOf(rest),
      at,
      done: at,
    };
    calls.push(call);
    if (!rest.endsWith("<unfinished ...>")) continue;
    // It never came back: what it wrote may be there or not.
    call.done = Infinity;
    open.set(pid, call);
  }
  for (const call of calls) if (call.done === Infinity) call.done = at;
  return calls;
}

const resultOf = (text: string) => Number(/= (-?\d+)[^=]*$/.exec(text.slice(-200))?.[1] ?? NaN);

/** The path or the connection that a call's first descriptor stands for; for unlink, its path. */
function placeOf(text: string): string {
  const cut = text.slice(0, 4000);
  const [, descriptor, path] =
    /^\d+<((?:->|[^>])*)>|^(?:AT_FDCWD(?:<[^>]*>)?, )?"([^"]*)"/.exec(cut) ?? [];
  return unhex(descriptor ?? path ?? "").toString("latin1");
}

/** `\x41\x42` and plain text both. */
function unhex(text: string): Buffer {
  return text.startsWith("\\x")
    ? Buffer.from(text.replaceAll("\\x", ""), "hex")
    : Buffer.from(text, "latin1");
}

/** All quoted pieces of a call in one: an iovec has many. */
function bytesOf(text: string): Buffer {
  return Buffer.concat([...text.matchAll(/"([^"]*)"/g)].map((match) => unhex(match[1] ?? "")));
}

function noteDot(
  recording: Recording,
  mails: Map<string, string>,
  place: string,
  call: Call,
): void {
  if (!/^(write|writev|sendto|sendmsg)$/.test(call.name)) return;
  const said = (mails.get(place) ?? "") + bytesOf(call.arguments).toString("latin1");
  mails.set(place, said);
  if (!said.endsWith("\r\n.\r\n")) return;
  const message_id = fieldOf(said, "X-Imail-Id");
  if (message_id === null) throw new Error("a mail without its id was let go");
  recording.dots.push({ message_id, at: call.at });
  mails.set(place, "");
}

function noteFile({ changes, syncs }: Recording, file: string, call: Call): void {
  if (!/\.(db|db-wal|sent)$/.test(file)) return;
  const { at, done } = call;
  const change = (kind: Change["kind"], offset: number, bytes: Buffer = Buffer.alloc(0)) =>
    changes.push({ file, at, done, kind, offset, bytes });
  switch (call.name) {
    case "fsync":
    case "fdatasync":
      if (call.result === 0) syncs.push({ file, at, done });
      return;
    case "pwrite64": {
      const bytes = bytesOf(call.arguments);
      const offset = Number(
        /, \d+, (\d+)(?:\)|\s*<unfinished)/.exec(call.arguments.slice(-100))?.[1],
      );
      if (Number.isNaN(offset)) throw new Error(`not understood: ${call.arguments.slice(-100)}`);
      change("write", offset, bytes);
      return;
    }
    case "write":
      // The journal is appended to: its place is its end.
      change("write", -1, bytesOf(call.arguments));
      return;
    case "ftruncate":
      change("truncate", Number(/, (\d+)/.exec(call.arguments)?.[1]));
      return;
    case "unlink":
      change("remove", 0);
      return;
    default:
      throw new Error(`a call that nobody expects here: ${call.name} of ${file}`);
  }
}
