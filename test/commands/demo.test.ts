import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Ended, runProgram, temporaryDirectory } from "../world/program.ts";

let place: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  place = temporaryDirectory();
});

afterEach(() => {
  place.remove();
});

const run = (...args: string[]): Promise<Ended> =>
  runProgram(args, { cwd: place.path, env: { TMPDIR: place.path } });

test("the demo plays 14 days: mails go out, people answer, and their sequences stop", async () => {
  const { exit_code, stdout, stderr } = await run("demo");
  expect([exit_code, stderr]).toEqual([0, ""]);
  const days = stdout.match(/^[A-Z][a-z]{2} \d{2} [A-Z][a-z]{2,3} {2}.*$/gm) ?? [];
  expect(days).toHaveLength(14);
  const sent = [...stdout.matchAll(/(\d+) sent/g)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
  // 20 first mails; then those who answered, bounced or unsubscribed get none.
  expect(sent).toBeGreaterThan(20);
  expect(sent).toBeLessThan(60);
  expect(stdout).toMatch(/reply\+interested@\S+ .* stopped +replied/);
  expect(stdout).toMatch(/bounce\+hard@\S+ .* stopped +bounced/);
  expect(stdout).toMatch(/unsubscribe@\S+ .* stopped +unsubscribed/);
  expect(stdout).toMatch(/ben@\S+ .* completed +last_step/);
  expect(stdout).toContain(" keys create --mode live");
});

test("the demo leaves nothing behind", async () => {
  await run("demo");
  expect(readdirSync(place.path)).toEqual([]);
});

test("with a directory of its own it can be looked at afterwards", async () => {
  const dir = join(place.path, "played");
  const { stdout } = await run("demo", "--dir", dir);
  expect(stdout).toContain(` serve --dir ${dir}`);
  expect(existsSync(join(dir, "control.db"))).toBe(true);
  expect(JSON.parse((await run("keys", "list", "--dir", dir)).stdout)).toMatchObject([
    { mode: "test", name: "demo" },
  ]);
});

test("it never plays in a directory that has something in it", async () => {
  writeFileSync(join(place.path, "mine.txt"), "");
  const { exit_code, stderr } = await run("demo", "--dir", place.path);
  expect(exit_code).toBe(2);
  expect(JSON.parse(stderr).error.code).toBe("not_empty");
  expect(readdirSync(place.path)).toEqual(["mine.txt"]);
});
