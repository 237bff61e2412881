// `status`, `healthcheck` and `doctor`, against a running server and without one, and what they say when it is bad.

import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { type Ended, runProgram, startProgram, temporaryDirectory } from "../world/program.ts";

let place: ReturnType<typeof temporaryDirectory>;
let dir: string;

beforeEach(() => {
  place = temporaryDirectory();
  dir = join(place.path, "data");
});

afterEach(() => {
  place.remove();
});

const run = (...args: string[]): Promise<Ended> =>
  runProgram([...args, "--dir", dir], { cwd: place.path });

const serve = () => startProgram(["--dir", dir], { cwd: place.path });

/** Every database with its size and when it was written. */
const sizes = () =>
  readdirSync(dir)
    .filter((name) => name.endsWith(".db"))
    .map((name) => [name, statSync(join(dir, name)).size, statSync(join(dir, name)).mtimeMs]);

const keyIn = (findings: Finding[]) => findings.find(({ check }) => check === "key");

const codeOf = ({ stderr }: Ended): string => JSON.parse(stderr).error.code;

interface Finding {
  check: string;
  result: string;
  found: string;
  means: string | null;
  do: string | null;
}

async function examine(): Promise<{ exit_code: number; healthy: boolean; findings: Finding[] }> {
  const { exit_code, stdout } = await run("doctor");
  return { exit_code, ...JSON.parse(stdout) };
}

test("status asks the running server", async () => {
  const server = await serve();
  try {
    const { exit_code, stdout } = await run("status");
    expect(exit_code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dir,
      server: { up: true, url: server.url },
      workspaces: [
        {
          name: "My workspace",
          sent_today: 0,
          inboxes: [],
          campaigns: { active: 0, paused: 0 },
          waiting: { due: 0, later: 0, uncertain: 0 },
        },
      ],
    });
  } finally {
    await server.end();
  }
});

test("status reads the data directory when no server runs, and changes nothing in it", async () => {
  await (await serve()).end();
  const before = sizes();
  const { exit_code, stdout } = await run("status");
  expect(exit_code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    server: { up: false, url: null },
    workspaces: [{ name: "My workspace", sent_today: 0 }],
  });
  expect(sizes()).toEqual(before);
});

test("status and doctor make no data directory: where none is, that is exit code 4", async () => {
  for (const verb of ["status", "doctor"]) {
    // oxlint-disable-next-line no-await-in-loop -- few processes at a time
    const ended = await run(verb);
    expect([ended.exit_code, codeOf(ended), existsSync(dir)]).toEqual([4, "not_found", false]);
  }
});

test("what status shows is for the owner of the data directory: no key of the API opens it", async () => {
  const server = await serve();
  try {
    const made = await run("keys", "create", "--mode", "live");
    const { key } = JSON.parse(made.stdout);
    const of = (authorization: string) =>
      fetch(`${server.url}/local/status`, { headers: { authorization } });
    const answers = await Promise.all(
      [`Bearer ${key}`, "", "Bearer 9999999999999.AAAA"].map((authorization) => of(authorization)),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
  } finally {
    await server.end();
  }
});

test("the health check exits 0 while the server does its work and 1 when it is gone", async () => {
  const server = await serve();
  const healthy = await run("healthcheck");
  expect(healthy.exit_code).toBe(0);
  expect(JSON.parse(healthy.stdout)).toEqual({ url: server.url, live: true, ready: true });
  const { port } = new URL(server.url);
  await server.end("SIGKILL");
  const gone = await run("healthcheck");
  expect([gone.exit_code, codeOf(gone)]).toEqual([1, "not_live"]);
  const by_port = await run("healthcheck", "--port", port);
  expect(by_port.exit_code).toBe(1);
});

test("a workspace that is made beside the server is taken up by it within seconds", async () => {
  const server = await serve();
  try {
    const made = await run("workspaces", "create", "--name", "Two", "--zone", "Asia/Tokyo");
    const { id } = JSON.parse(made.stdout);
    // Its databases are made by the server's own look, not by a request.
    const deadline = performance.now() + 10_000;
    const both = [`${id}.live.db`, `${id}.test.db`].map((name) => join(dir, name));
    while (!both.every((path) => existsSync(path)) && performance.now() < deadline) {
      // oxlint-disable-next-line no-await-in-loop -- a poll of another process
      await Bun.sleep(50);
    }
    const { stdout } = await run("status");
    expect(JSON.parse(stdout).workspaces).toMatchObject([
      { name: "My workspace" },
      { id, name: "Two", zone: "Asia/Tokyo" },
    ]);
    const key = await run("keys", "create", "--mode", "test", "--workspace", id);
    const answer = await fetch(`${server.url}/v1/campaigns`, {
      headers: { authorization: `Bearer ${JSON.parse(key.stdout).key}` },
    });
    expect(answer.status).toBe(200);
    expect(both.every((path) => existsSync(path))).toBe(true);
  } finally {
    await server.end();
  }
});

test("a workspace is made with its tier and postal address, and a wrong zone is exit code 2", async () => {
  const args = "workspaces create --name Two --zone Asia/Tokyo --tier apex --postal-address";
  const made = await run(...args.split(" "), "1 Main St");
  expect(JSON.parse(made.stdout)).toMatchObject({
    name: "Two",
    zone: "Asia/Tokyo",
    tier: "apex",
    postal_address: "1 Main St",
  });
  const wrong = await run("workspaces", "create", "--name", "Three", "--zone", "Mars");
  expect([wrong.exit_code, codeOf(wrong)]).toEqual([2, "invalid_field"]);
});

test("the doctor finds nothing wrong with a server that runs", async () => {
  const server = await serve();
  try {
    const { exit_code, healthy, findings } = await examine();
    expect([exit_code, healthy]).toEqual([0, true]);
    expect(findings.filter(({ result }) => result !== "ok")).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["directory", "server", "key", "clock", "disk", "database"]),
    );
  } finally {
    await server.end();
  }
});

test("the doctor says that nothing is sent while no server runs", async () => {
  await run("keys", "create", "--mode", "live");
  const { exit_code, findings } = await examine();
  expect(exit_code).toBe(0);
  expect(findings.find(({ check }) => check === "server")).toMatchObject({ result: "warning" });
});

test("the doctor finds a key that others can read, one that is missing, and one that is another", async () => {
  await run("keys", "create", "--mode", "live");
  const path = join(dir, "secret.key");
  chmodSync(path, 0o644);
  const open = await examine();
  writeFileSync(path, `${"ab".repeat(32)}\n`);
  chmodSync(path, 0o600);
  const another = await examine();
  expect([open.exit_code, another.exit_code]).toEqual([1, 1]);
  expect(keyIn(open.findings)).toMatchObject({ result: "wrong", do: `chmod 600 ${path}` });
  expect(keyIn(another.findings)?.found).toContain("not the one that sealed the logins");
});

test("the doctor finds a data directory that others can open", async () => {
  await run("keys", "create", "--mode", "live");
  chmodSync(dir, 0o755);
  const { exit_code, findings } = await examine();
  expect(exit_code).toBe(1);
  expect(findings[0]).toMatchObject({
    check: "directory",
    result: "wrong",
    do: `chmod -R go-rwx ${dir}`,
  });
});

test("the doctor says when the newest backup is old, and which ones may hold somebody who was erased", async () => {
  const server = await serve();
  const made = await run("keys", "create", "--mode", "live");
  const { key } = JSON.parse(made.stdout) as { key: string };
  const call = (method: string, path: string, body: object | null) =>
    fetch(`${server.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: body === null ? null : JSON.stringify(body),
    });
  const lead = await call("POST", "/leads", { email: "lea@lead.test" });
  const { data } = (await lead.json()) as { data: { id: string } };
  expect((await run("backup", "create")).exit_code).toBe(0);
  const of = async (check: string) => {
    const { findings } = JSON.parse((await run("doctor")).stdout) as { findings: Finding[] };
    return findings.find((one) => one.check === check);
  };
  expect(await of("backup")).toMatchObject({ result: "ok" });
  expect(await of("erased")).toBeUndefined();
  await Bun.sleep(1000);
  await call("DELETE", `/leads/${data.id}`, null);
  expect(await of("erased")).toMatchObject({ result: "warning" });
  const backups = join(dir, "backups");
  const [file = ""] = readdirSync(backups);
  expect((await of("erased"))?.found).toContain(file);
  renameSync(join(backups, file), join(backups, "imail-20200101T000000Z.manual.tar"));
  expect(await of("backup")).toMatchObject({ result: "warning" });
  await server.end();
}, 60_000);

test("the doctor finds a database that was cut off", async () => {
  await (await serve()).end();
  const name = readdirSync(dir).find((one) => one.endsWith(".live.db")) ?? "";
  truncateSync(join(dir, name), 20_000);
  const { exit_code, findings } = await examine();
  expect(exit_code).toBe(1);
  const damaged = findings.filter(
    ({ check, result }) => check === "database" && result === "wrong",
  );
  expect(damaged).toHaveLength(1);
  expect(damaged[0]?.found).toContain(name);
});

test("every finding that is not ok says what it means and what to do", async () => {
  await run("keys", "create", "--mode", "live");
  chmodSync(join(dir, "secret.key"), 0o644);
  const { findings } = await examine();
  for (const { result, means, do: task } of findings) {
    expect([result === "ok", means === null, task === null]).toEqual(
      Array(3).fill(result === "ok"),
    );
  }
});
