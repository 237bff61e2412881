import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, cpSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  type Ended,
  type Running,
  runProgram,
  SOURCE,
  startProgram,
  temporaryDirectory,
} from "../world/program.ts";

let place: ReturnType<typeof temporaryDirectory>;
let dir: string;
const running: Running[] = [];

beforeEach(() => {
  place = temporaryDirectory();
  dir = join(place.path, "data");
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.end("SIGKILL")));
  place.remove();
});

async function start(...args: string[]): Promise<Running> {
  const program = await startProgram(["--dir", dir, ...args], { cwd: place.path });
  running.push(program);
  return program;
}

const run = (...args: string[]): Promise<Ended> =>
  runProgram([...args, "--dir", dir], { cwd: place.path });

const errorOf = ({ stderr }: Ended): { code: string; message: string } => JSON.parse(stderr).error;
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test("the first start makes a data directory that only its owner can read, with all that is needed in it", async () => {
  const program = await start();
  expect(modeOf(dir)).toBe("700");
  const files = readdirSync(dir);
  expect(files).toContain("control.db");
  expect(files).toContain("secret.key");
  expect(files.filter((name) => /^ws_[0-9a-z]{11}\.(live|test)\.db$/.test(name))).toHaveLength(2);
  expect(files.filter((name) => modeOf(join(dir, name)) !== "600")).toEqual([]);
  expect(program.banner).toContain(dir);
  expect((await program.end()).exit_code).toBe(0);
});

test("a start in a directory that is there already changes no key and loses nothing", async () => {
  await (await start()).end();
  const made = await run("keys", "create", "--mode", "live");
  const key = await Bun.file(join(dir, "secret.key")).text();
  await (await start()).end();
  expect(await Bun.file(join(dir, "secret.key")).text()).toBe(key);
  expect(JSON.parse((await run("keys", "list")).stdout)).toMatchObject([
    { id: JSON.parse(made.stdout).id },
  ]);
});

test("a second imail on the same directory is refused and told who holds it", async () => {
  const { pid } = await start();
  const second = await run("serve", "--port", "0");
  expect(second.exit_code).toBe(1);
  expect(errorOf(second)).toMatchObject({ code: "directory_locked" });
  expect(errorOf(second).message).toContain(`process ${pid}`);
  expect(second.stdout).toBe("");
});

test("after a kill the directory is free again", async () => {
  await (await start()).end("SIGKILL");
  expect((await (await start()).end()).exit_code).toBe(0);
});

test("SIGTERM, SIGINT and SIGHUP end it cleanly, and a repeated signal changes nothing", async () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one holder of the directory at a time
    const program = await start();
    process.kill(program.pid, signal);
    // oxlint-disable-next-line no-await-in-loop -- one holder of the directory at a time
    expect((await program.end(signal)).exit_code).toBe(0);
  }
});

test("a key that is made while the server runs opens it, and a revoked one closes it, on the next request", async () => {
  const { url } = await start();
  const status = async (key: string) => {
    const answer = await fetch(`${url}/v1/campaigns`, {
      headers: { authorization: `Bearer ${key}` },
    });
    await answer.body?.cancel();
    return answer.status;
  };
  const made = await run(
    "keys",
    "create",
    "--mode",
    "test",
    "--scopes",
    "campaigns:read,leads:write",
  );
  const { id, key, mode, scopes } = JSON.parse(made.stdout);
  expect(id).toMatch(/^key_[0-9a-z]{11}$/);
  expect(key).toStartWith("imk_test_");
  expect(mode).toBe("test");
  expect(scopes).toEqual(["campaigns:read", "leads:write"]);
  expect(await status(key)).toBe(200);
  expect((await run("keys", "revoke", id)).exit_code).toBe(0);
  expect(await status(key)).toBe(401);
});

test("a key can be made before the first start", async () => {
  const made = await run("keys", "create", "--mode", "live", "--scopes", "all");
  expect(made.exit_code).toBe(0);
  expect(modeOf(dir)).toBe("700");
  const { url } = await start();
  const answer = await fetch(`${url}/v1/leads`, {
    headers: { authorization: `Bearer ${JSON.parse(made.stdout).key}` },
  });
  expect(answer.status).toBe(200);
});

test("a port that is taken is refused by name; nobody shares it in silence", async () => {
  const { url } = await start();
  const other = await runProgram([
    "serve",
    "--dir",
    join(place.path, "other"),
    "--port",
    new URL(url).port,
  ]);
  expect(other.exit_code).toBe(1);
  expect(errorOf(other)).toMatchObject({ code: "port_taken" });
});

test("it listens beyond this machine only when there is a key or an account to lock the door with", async () => {
  const refused = await run("serve", "--port", "0", "--host", "0.0.0.0");
  expect(refused.exit_code).toBe(2);
  expect(errorOf(refused)).toMatchObject({ code: "open_door" });
  await run("keys", "create", "--mode", "live");
  const program = await start("--host", "0.0.0.0");
  expect((await program.end()).exit_code).toBe(0);
});

test("a key file that others can read is refused, with the command that closes it", async () => {
  await (await start()).end();
  chmodSync(join(dir, "secret.key"), 0o644);
  const refused = await run("serve", "--port", "0");
  expect(refused.exit_code).toBe(1);
  expect(errorOf(refused).message).toContain(`chmod 600 ${join(dir, "secret.key")}`);
});

test("with a missing or wrong master key it starts and says so; it never makes another one", async () => {
  await (await start()).end();
  renameSync(join(dir, "secret.key"), join(dir, "kept.key"));
  const without = await start();
  expect(without.banner).toContain("master key is missing");
  expect((await without.end()).exit_code).toBe(0);
  expect(readdirSync(dir)).not.toContain("secret.key");
  writeFileSync(join(dir, "secret.key"), `${"ab".repeat(32)}\n`, { mode: 0o600 });
  const wrong = await start();
  expect(wrong.banner).toContain("not the one that sealed");
  expect((await wrong.end()).exit_code).toBe(0);
});

test("a master key from the environment leaves no key file behind", async () => {
  const env = { IMAIL_MASTER_KEY: "cd".repeat(32) };
  const program = await startProgram(["--dir", dir], { cwd: place.path, env });
  running.push(program);
  expect(readdirSync(dir)).not.toContain("secret.key");
  expect((await program.end()).stderr).not.toContain(env.IMAIL_MASTER_KEY);
});

test("a copy of the directory starts with its campaigns paused and says so, once", async () => {
  await (await start()).end();
  const copy = join(place.path, "copy");
  cpSync(dir, copy, { recursive: true });
  const of = async (where: string) => {
    const program = await startProgram(["--dir", where], { cwd: place.path });
    running.push(program);
    await program.end();
    return program.banner;
  };
  expect(await of(copy)).toContain("was copied or restored");
  expect(await of(copy)).not.toContain("was copied or restored");
  expect(await of(dir)).not.toContain("was copied or restored");
});

test("a bug ends it with exit code 70 and one line in the log, with nothing in it that steers a terminal", async () => {
  const preload = join(place.path, "bug.ts");
  const bug = 'process.on("SIGUSR2", () => { throw new Error("boom \u009b31m \u2028 end"); });';
  writeFileSync(preload, bug);
  const [bun = "", main = ""] = SOURCE;
  const command = [bun, "--preload", preload, main];
  const program = await startProgram(["--dir", dir], { cwd: place.path, command });
  running.push(program);
  const { exit_code, stderr } = await program.end("SIGUSR2");
  expect(exit_code).toBe(70);
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  expect(JSON.parse(last)).toMatchObject({
    level: "error",
    error: { name: "Error", message: "boom \u009b31m \u2028 end" },
  });
  expect(stderr).not.toMatch(/[\u007f-\u009f\u2028]/);
});
