// A disk that can be filled and freed at will: a tmpfs of its own, at times filled by a file and at times made smaller.

import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

import { type Chance } from "../../test/world/chance.ts";

const MB = 1024 * 1024;
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
    const failed = mount(["-o", `remount,size=${Math.ceil(bytes / 4096) * 4096}`, path]);
    if (failed !== null) throw new Error(failed);
  };
  return {
    path,
    async fill(room) {
      if (chance() < 0.5) {
        // It grows while it is measured: what cannot be had is tried again.
        for (let i = 0; i < 20 && !shrunk(() => remount(usedOn(path) + room)); i++);
        return;
      }
      const bytes = freeOn(path) - room;
      const run = Bun.spawn(["fallocate", "-l", String(Math.max(1, bytes)), filler], {
        stdio: ["ignore", "ignore", "ignore"],
      });
      await run.exited;
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

function shrunk(remount: () => void): boolean {
  try {
    remount();
    return true;
  } catch {
    return false;
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
