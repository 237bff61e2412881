// Room on the disk: a ballast file that is given up when the disk is full, so that what was sent can still be
// recorded, and the level at which sending stops before that (reliability.md 3.6).
import { existsSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MB = 1024 * 1024;

export type DiskLevel = "ok" | "low" | "stop" | "critical";

export interface Disk {
  level(): DiskLevel;
  free_bytes(): number;
  /** Makes room after SQLITE_FULL: the ballast goes. */
  giveUpBallast(): void;
  /** Lays the ballast again where there is room for it. */
  layBallast(): void;
}

/** Watches the disk that holds `dir`. `ballast_bytes` 0 lays none. */
export function openDisk(dir: string, ballast_bytes: number): Disk {
  const path = join(dir, "ballast");
  const free = () => {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  };
  return {
    free_bytes: free,
    level() {
      const bytes = free();
      return bytes < 64 * MB
        ? "critical"
        : bytes < 200 * MB
          ? "stop"
          : bytes < 500 * MB
            ? "low"
            : "ok";
    },
    giveUpBallast() {
      rmSync(path, { force: true });
    },
    layBallast() {
      if (ballast_bytes === 0 || existsSync(path) || free() < 1024 * MB) return;
      writeFileSync(path, Buffer.alloc(ballast_bytes), { mode: 0o600 });
    },
  };
}

/** Did SQLite find no room? (SQLITE_FULL, or an I/O error that says so.) */
export function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    /^SQLITE_(FULL|IOERR_(SHMSIZE|WRITE))/.test(String(error.code))
  );
}
