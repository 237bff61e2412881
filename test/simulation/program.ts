// The program of a simulation: the real desk over a real ledger file, ticked as the engine ticks it. It can be killed at
// every durable step: then all that is in memory is gone, and the next boot opens an image of the files.
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Log } from "../../src/core/log.ts";
import type { Random } from "../../src/core/random.ts";
import { type LedgerDesk, openLedgerDesk } from "../../src/engine/desk.ts";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";
import type { Chance } from "../world/chance.ts";
import type { Checks } from "./checks.ts";
import { type Fate, fragileLedger, isMade, Killed, type Point } from "./fragile-ledger.ts";
import type { MailOffice } from "./sim-mail.ts";
import type { Owner, VirtualTime } from "./virtual-time.ts";

/** What the engine calls its longest sleep: after an error it looks again within it. */
const LOOK_AGAIN_MS = 30_000;
const STOP_WITHIN_MS = 30_000;
/** Whoever looks after it starts it again when a start fails. */
const START_AGAIN_MS = 10 * 60_000;

const shm = "/dev/shm";
const scratch = join(existsSync(shm) ? shm : tmpdir(), `imail-simulation-${process.pid}`);
let template = "";
let images = 0;

const keys = {
  workspace_id: 1,
  mode: "live",
  installation_secret: new Uint8Array(32).fill(7),
  data_key: new Uint8Array(32).fill(8),
} as const;

function openFile(path: string, more: { random: Random; zone: string; time: VirtualTime | null }) {
  const { random, zone, time } = more;
  return (onNudge: (verb: string) => void) =>
    openLedger({
      path,
      ...keys,
      random,
      ...(time ? { clock: time.clock } : {}),
      workspace: () => ({ id: 1, name: "Test", zone, tier: "surge", postal_address: null }),
      onNudge,
      onError: () => undefined,
    });
}

/** An empty ledger, migrated once for all runs of this process. */
function emptyLedger(): string {
  if (template !== "") return template;
  mkdirSync(scratch, { recursive: true });
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
  const path = join(scratch, "template.db");
  // Chance of its own: the first run of a process must not draw other numbers than the second.
  const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length) };
  openFile(path, { random, zone: "UTC", time: null })(() => undefined).close();
  return (template = path);
}

/** Files of a ledger at this instant, as a start finds them; `safe` bytes of its journal at least are there. */
function imageOf(path: string, journal_bytes: number | null): string {
  const image = join(scratch, `${++images}.db`);
  copyFileSync(path, image);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${image}-wal`);
  const journal = path.replace(/\.db$/, ".sent");
  if (!existsSync(journal)) return image;
  const copied = image.replace(/\.db$/, ".sent");
  copyFileSync(journal, copied);
  if (journal_bytes !== null) truncateSync(copied, journal_bytes);
  return image;
}

function dropFiles(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`, path.replace(/\.db$/, ".sent")])
    rmSync(file, { force: true });
}

interface ProgramOptions {
  time: VirtualTime;
  random: Random;
  zone: string;
  office: MailOffice;
  checks: Checks;
  chance: Chance;
}

export type Program = ReturnType<typeof openProgram>;

/** One program over its boots. */
export function openProgram({ time, random, zone, office, checks, chance }: ProgramOptions) {
  let path = imageOf(emptyLedger(), null);
  let boots = 0;
  let owner: Owner & { closing: boolean } = { dead: true, closing: false };
  let real: Ledger | null = null;
  let ledger: Ledger | null = null;
  let desk: LedgerDesk | null = null;
  let cancelTick: (() => void) | null = null;
  let disk_full = 0;
  let points_left = Infinity;
  let wanted: Point | null = null;
  let journal_safe = 0;
  const opens = { random, zone, time };

  const journalSize = () => {
    const file = path.replace(/\.db$/, ".sent");
    return existsSync(file) ? statSync(file).size : 0;
  };
  const fate: Fate = {
    reach(point) {
      if (points_left === Infinity || (wanted !== null && wanted !== point)) return;
      if (--points_left <= 0) die();
    },
    isDiskFull: () => disk_full > 0 && chance() < disk_full,
    onJournalSynced: () => void (journal_safe = journalSize()),
  };
  const log = (mine: Owner): Log => ({
    info: () => undefined,
    warn: () => undefined,
    error: (fields, text) => {
      const told = JSON.stringify(fields);
      if (!mine.dead && !isMade(told)) checks.violate(`a bug was logged: ${text} ${told}`);
    },
  });
  const die = () => {
    owner.dead = true;
    points_left = Infinity;
    checks.onUnsteady();
  };
  const schedule = (wait_ms: number) => {
    if (owner.closing) return;
    cancelTick?.();
    cancelTick = time.after(wait_ms, tick, owner);
  };
  const tick = () => {
    if (!desk || !ledger || owner.dead || owner.closing) return;
    const mine = owner;
    let wait: number | null = LOOK_AGAIN_MS;
    try {
      desk.settleKept();
      desk.watchAll();
      const next = desk.round();
      wait = next === null ? null : Math.max(0, next - time.clock.now());
      if (chance() < 0.3) ledger.journal.sync();
    } catch (error) {
      if (!isMade(String(error)) && !mine.dead) checks.violate(`a round failed: ${String(error)}`);
    }
    // Without an instant of its own the engine looks again within 30 s; here only where something is kept or full.
    if (wait === null && disk_full > 0) wait = LOOK_AGAIN_MS;
    if (wait !== null && !mine.dead) schedule(wait);
  };
  const boot = () => {
    // Two things may have wanted to start it: there is one process per directory.
    if (!owner.dead) return;
    if (real) {
      const lost = journalSize() - journal_safe;
      const bytes = chance() < 0.3 ? journal_safe + Math.floor(chance() * (lost + 1)) : null;
      const image = imageOf(path, bytes);
      real.close();
      dropFiles(path);
      path = image;
    }
    const mine = (owner = { dead: false, closing: false });
    boots++;
    real = openFile(
      path,
      opens,
    )((verb) => {
      if (mine.dead) return;
      if (verb === "read") desk?.nudgeReading();
      schedule(0);
    });
    journal_safe = journalSize();
    ledger = fragileLedger(real, mine, fate, boots);
    const later = (ms: number, work: () => void) => time.after(ms, work, mine);
    const mail = office.portFor(mine);
    desk = openLedgerDesk({ ledger, mail, log: log(mine), later, look: () => schedule(0) });
    try {
      desk.recover();
    } catch (error) {
      if (!isMade(String(error))) checks.violate(`recovery failed: ${String(error)}`);
      die();
    }
    if (mine.dead) time.after(START_AGAIN_MS, boot);
    else {
      tick();
      checks.audit(real);
    }
  };
  const restartIn = (ms: number) => void time.after(ms, boot);

  return {
    boot,
    /** Opens an empty ledger, before the first boot. */
    prepare<T>(work: (ledger: Ledger) => T): T {
      const first = openFile(path, opens)(() => undefined);
      try {
        return work(first);
      } finally {
        first.close();
      }
    },
    /** The ledger as it stands on the disk: for looking only. */
    reading: (): Ledger => {
      if (!real) throw new Error("the program was never started");
      return real;
    },
    /** A person does something through the running program. Null: it is not running, or it died of it, or it said no. */
    ask<T>(work: (ledger: Ledger) => T): { done: T } | null {
      if (!ledger || owner.dead || owner.closing) return null;
      try {
        return { done: work(ledger) };
      } catch (error) {
        if (error instanceof Error && error.constructor.name === "AppError") return null;
        if (error instanceof Killed || isMade(String(error))) return null;
        throw error;
      }
    },
    isUp: () => !owner.dead && !owner.closing,
    isBusy: () => !owner.dead && office.isBusy(owner),
    isClosing: (): boolean => owner.closing,
    /** Dies at the nth durable step from now, of this kind if one is named; at the latest after a while. */
    killAt(points: number, point: Point | null, down_ms: number) {
      const mine = owner;
      if (mine.dead || mine.closing) return;
      points_left = points;
      wanted = point;
      time.after(chance() * 600_000, () => {
        if (owner !== mine) return;
        if (!mine.dead) die();
        restartIn(down_ms);
      });
    },
    /** SIGTERM: what is in flight ends, then the process goes. */
    terminate(down_ms: number) {
      if (owner.dead || owner.closing || !desk) return;
      const mine = owner;
      mine.closing = true;
      cancelTick?.();
      const end = () => {
        if (mine.dead) return;
        die();
        restartIn(down_ms);
      };
      desk.close(STOP_WITHIN_MS).then(
        () => time.after(0, end, null),
        (error: unknown) => {
          if (!isMade(String(error)) && !mine.dead) checks.violate(`close: ${String(error)}`);
          time.after(0, end, null);
        },
      );
    },
    setDiskFull: (share: number) => void (disk_full = share),
    look: () => schedule(0),
    lookWithin: (ms: number) => {
      const mine = owner;
      time.after(
        ms,
        () => {
          if (!mine.dead) tick();
        },
        mine,
      );
    },
    boots: () => boots,
    close() {
      die();
      real?.close();
      dropFiles(path);
    },
  };
}
