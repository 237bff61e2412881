// Installs the dependencies when they are missing or older than bun.lock, so that a fresh clone needs one command only.
// Imports nothing from node_modules: there may be none yet.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "..");

const STAMP = join(ROOT, "node_modules", ".installed-from");

/** The package lists that the present node_modules were made from, as one hash. */
function wanted(): string {
  const text = ["package.json", "bun.lock"].map((file) => readFileSync(join(ROOT, file), "utf8"));
  return Bun.hash(text.join("\0")).toString(16);
}

/** Runs `bun install --frozen-lockfile` unless node_modules fit the lock file already. Exits 1 when that fails. */
export function installWhenStale(): void {
  const hash = wanted();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === hash) return;
  const { exitCode } = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (exitCode !== 0) process.exit(1);
  writeFileSync(STAMP, hash);
}
