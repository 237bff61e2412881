// `bun start`: installs what is missing, then runs imail from its source. Everything after `start` goes to `imail serve`.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { installWhenStale, ROOT } from "./install.ts";

const ORPHAN_POLL_MS = 500;

/** The parent of the `bun run` that runs this script, or null where the system does not say (no /proc). */
function grandparent(): string | null {
  try {
    const status = readFileSync(`/proc/${process.ppid}/status`, "utf8");
    return /^PPid:\s+(\d+)/m.exec(status)?.[1] ?? null;
  } catch {
    return null;
  }
}

installWhenStale();

const server = Bun.spawn(
  [process.execPath, join(ROOT, "src/main.ts"), "serve", ...process.argv.slice(2)],
  { stdio: ["inherit", "inherit", "inherit"] },
);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => server.kill(signal));
}

const launcher = grandparent();
if (process.env["npm_config_user_agent"]?.startsWith("npm/") && launcher !== null) {
  // npx dies of a SIGTERM without passing it on to `bun run`, which would then hold the port for ever.
  const watch = setInterval(() => {
    if (grandparent() !== launcher) server.kill("SIGTERM");
  }, ORPHAN_POLL_MS);
  watch.unref();
}
process.exitCode = await server.exited;
