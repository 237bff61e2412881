// `bun run verify`: all that a commit must pass, cheapest first. Stops at the first red; every step shows its time.
// Fast tests are all but test/e2e, test/binary, test/commands (processes), *lab.test.ts (a mail lab) and *long.test.ts: `bun run test` runs those.

import { installWhenStale, ROOT } from "./install.ts";

const SLOW_TESTS = [
  "test/e2e/**",
  "test/binary/**",
  "test/commands/**",
  "**/*lab.test.ts",
  "**/*long.test.ts",
];

const bun = process.execPath;
/** For one test: a hang ends, and a busy machine is no failure. */
const TEST_WITHIN_MS = 30_000;
const STEPS: [name: string, command: string[]][] = [
  ["types", [bun, "check"]],
  ["format", [bun, "fmt", "--check"]],
  ["house rules", [bun, "test", "test/architecture.test.ts"]],
  ["readme", [bun, "scripts/readme.ts", "--check"]],
  ["lint", [bun, "--bun", "node_modules/.bin/oxlint"]],
  ["dead code", [bun, "--bun", "node_modules/.bin/knip"]],
  [
    "fast tests",
    [
      bun,
      "test",
      "--parallel",
      `--timeout=${TEST_WITHIN_MS}`,
      ...SLOW_TESTS.map((glob) => `--path-ignore-patterns=${glob}`),
    ],
  ],
];

function run([name, command]: (typeof STEPS)[number]): boolean {
  const start = performance.now();
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: ROOT, stdin: "ignore" });
  const seconds = ((performance.now() - start) / 1000).toFixed(2).padStart(6);
  process.stdout.write(`${exitCode === 0 ? "ok " : "RED"} ${seconds} s  ${name}\n`);
  if (exitCode !== 0) process.stdout.write(`${stdout.toString()}${stderr.toString()}\n`);
  return exitCode === 0;
}

installWhenStale();
process.exitCode = STEPS.every(run) ? 0 : 1;
