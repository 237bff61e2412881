// Invariant 6 and M8: nothing in test mode opens a socket. Each program runs in a process of its own in which every
// way to the network is counted and shut.
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");

async function run(args: string[]) {
  const program = Bun.spawn(
    [process.execPath, "--preload", join(ROOT, "test/world/socket-counter.ts"), ...args],
    { cwd: ROOT, stdout: "pipe", stderr: "pipe" },
  );
  const [output, errors, exit_code] = await Promise.all([
    program.stdout.text(),
    program.stderr.text(),
    program.exited,
  ]);
  const [, count = "", ways = ""] = /^reached (\d+): (.*)$/m.exec(errors) ?? [];
  return { output, errors, exit_code, reached: count === "" ? null : Number(count), ways };
}

test("a campaign with every magic address, inbound mails and the demo's fourteen days reach for nothing", async () => {
  const played = await run([join(ROOT, "test/world/play-test-mode.ts")]);
  expect(played.errors).toContain("reached 0: ");
  expect(played.exit_code).toBe(0);
  expect(played.output).toMatch(/^1\d mails, inbound answered 200$/m);
  const demo = await run([join(ROOT, "src/main.ts"), "demo"]);
  expect(demo.errors).toContain("reached 0: ");
  expect(demo.exit_code).toBe(0);
}, 60_000);

test("the counter counts: a program that connects, resolves or fetches is caught", async () => {
  const dir = mkdtempSync(join(tmpdir(), "imail-sockets-"));
  const file = join(dir, "reaches.ts");
  await Bun.write(
    file,
    `import net from "node:net";
     import { connect } from "node:tls";
     import { Resolver } from "node:dns/promises";
     const ways = [
       () => net.connect(25, "127.0.0.1"),
       () => new net.Socket().connect(25, "127.0.0.1"),
       () => connect(465, "127.0.0.1"),
       () => new Resolver().resolveMx("example.test"),
       () => fetch("http://127.0.0.1:9"),
       () => Bun.connect({ hostname: "127.0.0.1", port: 9, socket: {} }),
     ];
     for (const way of ways) try { await way(); } catch {}`,
  );
  try {
    const { reached, ways } = await run([file]);
    expect([reached, ways]).toEqual([6, ways]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
