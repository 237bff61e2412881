// `bun run test`: installs what is missing, then runs the whole suite (mail lab and compiled program included). Extra
// arguments go to `bun test`. Ends with one line `N passed, N failed`; the exit code is that of `bun test`.

import { installWhenStale, ROOT } from "./install.ts";

/** The last number before `word` in a summary line of `bun test`. */
function counted(output: string, word: string): number {
  const lines = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}s?$`, "gm"))];
  return Number(lines.at(-1)?.[1] ?? 0);
}

/** Passes a stream on as it comes and returns all of it as text. */
async function passOn(stream: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    to.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

installWhenStale();

/** For one test: a hang ends, and a busy machine is no failure. */
const TEST_WITHIN = "--timeout=30000";
const run = Bun.spawn([process.execPath, "test", TEST_WITHIN, ...process.argv.slice(2)], {
  cwd: ROOT,
  env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
  stdio: ["ignore", "pipe", "pipe"],
});
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => run.kill(signal));
const [, report] = await Promise.all([
  passOn(run.stdout, process.stdout),
  passOn(run.stderr, process.stderr),
]);
const exit_code = await run.exited;
const summary = Bun.stripANSI(report);
const passed = counted(summary, "pass");
// An error outside of a test, or a crash without a summary, is a failure too.
const failed = Math.max(
  counted(summary, "fail") + counted(summary, "error"),
  exit_code === 0 ? 0 : 1,
);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = exit_code;
