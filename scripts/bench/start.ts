// How long `imail serve` takes from exec to its first 200, and what it weighs when idle, against a program that is
// `Bun.serve` and nothing else, compiled in the same way. Goals G15 and G16 of the performance page.
//   bun scripts/bench/start.ts [--rounds 7]

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "../install.ts";
import { goal, median, ratio, readCounts, report, spread } from "./figures.ts";

const TIME_MOST = 5;
const RSS_MOST = 4;
const SETTLE_MS = 1500;
const UP_WITHIN_MS = 20_000;

const BARE = `Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  routes: { "/livez": () => new Response("ok") },
});
`;

interface Figures {
  ms: number;
  cpu_ms: number;
  rss_mb: number;
}

interface Subject {
  name: string;
  /** The command for this round; what it needs is there when it is asked for. */
  command(port: number): string[];
  figures: Figures[];
}

const work = mkdtempSync(join(tmpdir(), "imail-bench-start-"));
try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const { rounds } = readCounts({ rounds: 7 });
  const [imail, bare] = [join(work, "imail"), join(work, "bare")];
  buildImail(imail);
  await buildBare(bare);
  const serve = (dir: string) => (port: number) => [
    imail,
    "serve",
    `--dir=${dir}`,
    `--port=${port}`,
    "--log-level=error",
  ];
  let fresh = 0;
  const subjects = {
    bare: { name: "bare", command: (port: number) => [bare, String(port)], figures: [] },
    restart: { name: "restart", command: serve(join(work, "kept")), figures: [] },
    first_start: {
      name: "first_start",
      command: (port: number) => serve(join(work, `fresh-${fresh++}`))(port),
      figures: [],
    },
  } satisfies Record<string, Subject>;
  // The first run of each reads its binary from disk and makes the kept directory: it counts for nothing.
  for (let round = -1; round < rounds; round++) {
    for (const subject of Object.values<Subject>(subjects)) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would slow each other down
      const figures = await run(subject);
      if (round >= 0) subject.figures.push(figures);
    }
  }
  tell(rounds, subjects);
}

function tell(
  rounds: number,
  { bare, restart, first_start }: Record<"bare" | "restart" | "first_start", Subject>,
): void {
  const all = (subject: Subject, figure: keyof Figures) =>
    subject.figures.map((one) => one[figure]);
  const told = (subject: Subject) => ({
    first_200_ms: spread(all(subject, "ms")),
    cpu_ms: spread(all(subject, "cpu_ms")),
    idle_rss_mb: spread(all(subject, "rss_mb")),
  });
  report("start", {
    rounds,
    bare: told(bare),
    imail: told(restart),
    imail_first_start: told(first_start),
    ratios: {
      time: ratio(all(restart, "ms"), all(bare, "ms")),
      time_first_start: ratio(all(first_start, "ms"), all(bare, "ms")),
      rss: ratio(all(restart, "rss_mb"), all(bare, "rss_mb")),
      added_ms: Math.round(median(all(restart, "ms")) - median(all(bare, "ms"))),
    },
    goals: {
      time: goal(ratio(all(restart, "ms"), all(bare, "ms")), TIME_MOST),
      rss: goal(ratio(all(restart, "rss_mb"), all(bare, "rss_mb")), RSS_MOST),
    },
  });
}

function buildImail(outfile: string): void {
  const { exitCode, stderr } = Bun.spawnSync(
    [process.execPath, join(ROOT, "scripts/build.ts"), "--outfile", outfile],
    { cwd: ROOT },
  );
  if (exitCode !== 0) throw new Error(`imail was not built: ${stderr.toString()}`);
}

async function buildBare(outfile: string): Promise<void> {
  const source = join(work, "bare.ts");
  writeFileSync(source, BARE);
  await Bun.build({
    entrypoints: [source],
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  });
}

/** One start: exec, the first 200, the weight when it has come to rest. */
async function run(subject: Subject): Promise<Figures> {
  const port = freePort();
  const command = subject.command(port);
  const url = `http://127.0.0.1:${port}/livez`;
  const begin = performance.now();
  const server = Bun.spawn(command, {
    cwd: work,
    env: { PATH: process.env["PATH"] ?? "", HOME: work },
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    while (!(await answers(url))) {
      if (server.exitCode !== null || performance.now() - begin > UP_WITHIN_MS) {
        server.kill("SIGKILL");
        throw new Error(`${subject.name} did not come up: ${await server.stderr.text()}`);
      }
      // oxlint-disable-next-line no-await-in-loop -- a poll
      await Bun.sleep(1);
    }
    const ms = performance.now() - begin;
    await Bun.sleep(SETTLE_MS);
    const rss_mb = rssOf(server.pid);
    server.kill("SIGTERM");
    await server.exited;
    const cpu = Number(server.resourceUsage()?.cpuTime.total ?? 0);
    return { ms, cpu_ms: cpu / 1000, rss_mb };
  } finally {
    server.kill("SIGKILL");
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const { status } = await fetch(url, { headers: { connection: "close" } });
    return status === 200;
  } catch {
    return false;
  }
}

function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}

/** Resident memory in MB, as `ps` says it: the same on Linux and macOS. */
function rssOf(pid: number): number {
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)]);
  return Number(stdout.toString().trim()) / 1024;
}
