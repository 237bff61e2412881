// A disk that can be filled and freed at will: a tmpfs of its own, at times filled by a file and at times made smaller.

import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

import type { Chance } from "../../test/world/chance.ts";

const MB = 1024 * 1024;
const PAGE_BYTES = 4096;
/** More than imail writes in the time that a command takes. */
const SLACK_MB = 4;
/** Enough for imail to send: below 200 MB it stops by itself. */
const ROOMY_MB = 400;
/** Enough for imail to lay its ballast. */
const LARGE_MB = 1200;

export interface SmallDisk {
  path: string;
  /** Leaves so many bytes. */
  fill(room: number): Promise<void>;
  free(): void;
  /** As large as a disk that is not full for long. */
  grow(): void;
  close(): void;
}

/** Mounts a tmpfs at `path`, or answers why it cannot, in words. */
export function openSmallDisk(path: string, chance: Chance): SmallDisk | string {
  mkdirSync(path, { recursive: true });
  const fault = mount(["-t", "tmpfs", "-o", `size=${LARGE_MB}m`, "tmpfs", path]);
  if (fault !== null)
    return `a tmpfs cannot be mounted here (it takes root, in a container CAP_SYS_ADMIN): ${fault}`;
  const filler = join(path, "filler");
  const remount = (bytes: number) => {
    const failed = mount([
      "-o",
      `remount,size=${Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES}`,
      path,
    ]);
    if (failed !== null) throw new Error(failed);
  };
  return {
    path,
    async fill(room) {
      // The bulk of it while others write, the rest in one go: a disk that is nearly full proves little.
      const leave = room + SLACK_MB * MB;
      if (chance() < 0.5) remount(usedOn(path) + leave);
      else await allocate(filler, freeOn(path) - leave);
      writeUntilFull(filler, () => freeOn(path) - room);
    },
    free() {
      rmSync(filler, { force: true });
      remount(usedOn(path) + ROOMY_MB * MB);
    },
    grow() {
      rmSync(filler, { force: true });
      remount(LARGE_MB * MB);
    },
    close() {
      Bun.spawnSync(["umount", "-l", path]);
    },
  };
}

async function allocate(file: string, bytes: number): Promise<void> {
  if (bytes <= 0) return;
  const run = Bun.spawn(["fallocate", "-l", String(bytes), file], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  await run.exited;
}

/** Appends as long as something is left, to the last page. */
function writeUntilFull(path: string, left: () => number): void {
  const file = openSync(path, "a");
  const piece = Buffer.alloc(PAGE_BYTES);
  try {
    while (left() > 0) writeSync(file, piece);
  } catch {
    // Full: just what it was for.
  } finally {
    closeSync(file);
  }
}

function mount(flags: string[]): string | null {
  const { exitCode, stderr } = Bun.spawnSync(["mount", ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return exitCode === 0 ? null : stderr.toString().trim();
}

function usedOn(path: string): number {
  const { blocks, bfree, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize;
}

function freeOn(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
