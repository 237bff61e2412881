// `bun run build`: one executable per platform, each with a SHA-256 file beside it. Without arguments for this machine
// (dist/imail); `--target bun-linux-arm64` for another one, `--all` for all.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { installWhenStale, ROOT } from "./install.ts";

const TARGETS = [
  "bun-linux-x64",
  "bun-linux-x64-baseline",
  "bun-linux-x64-musl",
  "bun-linux-arm64",
  "bun-linux-arm64-musl",
  "bun-darwin-x64",
  "bun-darwin-arm64",
  "bun-windows-x64",
  "bun-windows-arm64",
] as const satisfies Bun.Build.CompileTarget[];

type Target = (typeof TARGETS)[number];

interface Artefact {
  target: Target | null;
  outfile: string;
}

function outfileOf(target: Target): string {
  return `imail-${target.slice("bun-".length)}${target.includes("windows") ? ".exe" : ""}`;
}

function readTargets(): Artefact[] {
  const { values } = parseArgs({
    options: {
      all: { type: "boolean" },
      target: { type: "string", multiple: true },
      outfile: { type: "string" },
    },
  });
  const own = process.platform === "win32" ? "imail.exe" : "imail";
  const names = values.all ? [...TARGETS] : (values.target ?? []);
  if (names.length === 0) {
    return [{ target: null, outfile: values.outfile ?? join(ROOT, "dist", own) }];
  }
  return names.map((name) => {
    const target = TARGETS.find((known) => known === name);
    if (!target) throw new Error(`${name} is not one of ${TARGETS.join(", ")}`);
    return { target, outfile: join(ROOT, "dist", outfileOf(target)) };
  });
}

async function build({ target, outfile }: Artefact): Promise<void> {
  const start = performance.now();
  mkdirSync(dirname(outfile), { recursive: true });
  const result = await Bun.build({
    // A thread's file is an entry of its own: by its URL it is found beside the program's.
    entrypoints: [
      "src/main.ts",
      "src/ledger/checkpoint-worker.ts",
      "src/engine/pulse-worker.ts",
      "src/engine/forecast/forecast-worker.ts",
      "src/ledger/backup-worker.ts",
      "src/mail/parse-worker.ts",
    ].map((file) => join(ROOT, file)),
    // All in one place, as checkpoints.ts, pulses.ts, forecasts.ts, backups.ts and parse-pool.ts look for
    // their threads: beside what is running.
    naming: { entry: "[name].[ext]" },
    target: "bun",
    format: "esm",
    minify: true,
    // First request 302 -> 117 ms after the start (libraries.md 0.6); only with format esm.
    bytecode: true,
    compile: {
      ...(target ? { target } : {}),
      outfile,
      // Else the program would run whatever a bunfig.toml or .env in the current directory says (libraries.md 0.1).
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    define: { "process.env.NODE_ENV": '"production"' },
    throw: false,
  });
  if (!result.success) throw new AggregateError(result.logs, `${outfile} was not built`);
  const bytes = await Bun.file(outfile).bytes();
  const sum = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  writeFileSync(`${outfile}.sha256`, `${sum}  ${basename(outfile)}\n`);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const megabytes = Math.round(bytes.length / 1e6);
  process.stdout.write(`${outfile}  ${megabytes} MB  ${seconds} s  sha256 ${sum}\n`);
}

installWhenStale();
for (const artefact of readTargets()) {
  // oxlint-disable-next-line no-await-in-loop -- one at a time: each one takes 2-4 s of all cores and 120 MB
  await build(artefact);
}
