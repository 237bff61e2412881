import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import recorded from "../../src/pages/docs/examples.json";
import document from "../../src/pages/docs/openapi.json";
import { playAll, skeleton } from "../contract/player.ts";
import { SCENARIO } from "../contract/scenario.ts";
import { examplesOf, stageOf } from "../contract/stage.ts";
import {
  type Ended,
  type Running,
  runProgram,
  startProgram,
  temporaryDirectory,
} from "../world/program.ts";

const BUILD_MS = 120_000;

const workshop = temporaryDirectory();
const program = join(workshop.path, "imail");
const running: Running[] = [];
let place: ReturnType<typeof temporaryDirectory>;

beforeAll(async () => {
  const script = join(import.meta.dir, "../../scripts/build.ts");
  const build = Bun.spawn([process.execPath, script, "--outfile", program], {
    stdout: "ignore",
    stderr: "pipe",
  });
  const complaint = await build.stderr.text();
  if ((await build.exited) !== 0) throw new Error(complaint);
}, BUILD_MS);

afterAll(() => {
  workshop.remove();
});

beforeEach(() => {
  place = temporaryDirectory();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.end("SIGKILL")));
  place.remove();
});

const options = () => ({ command: [program], cwd: place.path });
const run = (...args: string[]): Promise<Ended> => runProgram(args, options());

async function start(): Promise<Running> {
  const started = await startProgram(["--dir", "data"], options());
  running.push(started);
  return started;
}

test("the checksum beside the program is that of the program", () => {
  const sum = createHash("sha256").update(readFileSync(program)).digest("hex");
  expect(readFileSync(`${program}.sha256`, "utf8")).toBe(`${sum}  imail\n`);
});

test("it runs in an empty directory and leaves nothing there", async () => {
  const { exit_code, stdout, stderr } = await run("version");
  expect([exit_code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout).version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(readdirSync(place.path)).toEqual([]);
});

test("what lies in the current directory is never executed and never read as settings", async () => {
  writeFileSync(join(place.path, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  writeFileSync(join(place.path, "evil.ts"), 'require("fs").writeFileSync("evil-was-here", "");\n');
  writeFileSync(join(place.path, ".env"), "IMAIL_HOST=203.0.113.1\n");
  const { exit_code, stdout } = await run("config", "show", "--dir", "data");
  expect(exit_code).toBe(0);
  expect(JSON.parse(stdout)).toContainEqual({
    name: "host",
    value: "127.0.0.1",
    source: "default",
  });
  expect(readdirSync(place.path)).not.toContain("evil-was-here");
});

test("start, use, kill -9, start again: nothing is lost, and only the owner can read it", async () => {
  const first = await start();
  const { key } = JSON.parse(
    (await run("keys", "create", "--mode", "live", "--dir", "data")).stdout,
  );
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({ email: "ada@example.org", first_name: "Ada" });
  expect((await fetch(`${first.url}/livez`)).status).toBe(200);
  expect((await fetch(`${first.url}/v1/leads`, { method: "POST", headers, body })).status).toBe(
    201,
  );
  await first.end("SIGKILL");

  const second = await start();
  const answer = await fetch(`${second.url}/v1/leads`, { headers });
  expect(await answer.json()).toMatchObject({
    success: true,
    data: [{ email: "ada@example.org" }],
  });
  const data = join(place.path, "data");
  const modes = readdirSync(data).map((name) => statSync(join(data, name)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  const ended = await second.end("SIGTERM");
  expect(ended.exit_code).toBe(0);
  // The router reads its handlers' source, and warns where the minified one confuses it.
  expect(`${ended.stdout}${ended.stderr}`).not.toContain("Sucrose");
});

test("errors are the same as from the source: a status, a code and a request id", async () => {
  const { url } = await start();
  const answer = await fetch(`${url}/v1/campaigns`);
  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({
    success: false,
    error: { code: "missing_key" },
    request_id: expect.stringMatching(/^req_/),
  });
});

test("a second one on the same directory is told who holds it", async () => {
  const { pid } = await start();
  const second = await run("serve", "--port", "0", "--dir", "data");
  expect(second.exit_code).toBe(1);
  const { error } = JSON.parse(second.stderr);
  expect(error.code).toBe("directory_locked");
  expect(error.message).toContain(`process ${pid}`);
});

test("the demo plays in the compiled program, too", async () => {
  const { exit_code, stdout, stderr } = await run("demo");
  expect([exit_code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/reply\+interested@\S+ .* stopped +replied/);
});

const keyOf = async (mode: string) => {
  const made = await run("keys", "create", "--mode", mode, "--scopes", "all", "--dir", "data");
  return String(JSON.parse(made.stdout).key);
};

const shapes = (examples: Record<string, { status: number; answer: unknown }>) =>
  Object.entries(examples).map(([name, one]) => [name, one.status, skeleton(one.answer)]);

test("every example of the reference answers as it does from the source", async () => {
  const { url, banner } = await start();
  const keys = { test: await keyOf("test"), live: await keyOf("live") };
  const headers = { authorization: `Bearer ${keys.test}` };
  const answer = await fetch(`${url}/v1/test/clock`, { headers });
  const clock = (await answer.json()) as { data: { now: string } };
  const stage = stageOf({
    base: url,
    ask: (request) => fetch(request),
    keys,
    setup_token: /\/setup#t=(\S+)/.exec(banner)?.[1] ?? "",
    now: Date.parse(clock.data.now),
  });
  const played = await playAll(stage, SCENARIO);
  const wrong = played.filter(({ play, status }) => status < 400 !== (play.fails === undefined));
  expect(wrong.map((one) => [one.play.operation, one.answer])).toEqual([]);
  const found = examplesOf(played, { operations: {}, errors: {} });
  expect(shapes(found.operations)).toEqual(shapes(recorded.operations));
  expect(shapes(found.errors)).toEqual(shapes(recorded.errors));
});

test("the reference and its script are inside", async () => {
  const { url } = await start();
  expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual(document);
  expect(await (await fetch(`${url}/docs`)).text()).toContain("/docs/scalar.js?v=");
  const script = await (await fetch(`${url}/docs/scalar.js`)).bytes();
  const packed = await Bun.file(join(import.meta.dir, "../../src/pages/docs/scalar.js.gz")).bytes();
  expect(Buffer.compare(script, Bun.gunzipSync(packed))).toBe(0);
});

test("the thread that makes the daily backup is inside the program", async () => {
  const server = await start();
  const backups = join(place.path, "data", "backups");
  const made = () =>
    existsSync(backups) ? readdirSync(backups).filter((name) => name.endsWith(".tar")) : [];
  const deadline = performance.now() + 50_000;
  while (made().length === 0 && performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- a poll of another process
    await Bun.sleep(500);
  }
  expect(made()).toEqual([expect.stringMatching(/^imail-\d{8}T\d{6}Z\.daily\.tar$/)]);
  const file = join(backups, made()[0] ?? "");
  expect(await run("backup", "verify", file)).toMatchObject({ exit_code: 0 });
  const { stderr } = await server.end();
  expect(stderr).not.toContain("could not be made");
}, 70_000);

test("the threads that empty large logs and that knock are inside the program", async () => {
  const server = await start();
  const made = await run("keys", "create", "--mode", "live", "--dir", "data");
  const { key } = JSON.parse(made.stdout);
  const leads = Array.from({ length: 5000 }, (_, i) => ({
    email: `lead${i}@example.com`,
    custom: { text: "x".repeat(500) },
  }));
  const response = await fetch(`${server.url}/v1/leads/bulk`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ leads }),
  });
  expect(response.status).toBe(200);
  const dir = join(place.path, "data");
  const log = readdirSync(dir).find((name) => name.endsWith(".live.db-wal")) ?? "";
  const bytes = () => statSync(join(dir, log)).size;
  expect(bytes()).toBeGreaterThan(1024 * 1024);
  const deadline = performance.now() + 15_000;
  while (bytes() > 0 && performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- a poll of another process
    await Bun.sleep(100);
  }
  expect(bytes()).toBe(0);
  // Without its thread the program would have done it all the same, and said so.
  const { stderr } = await server.end();
  expect(stderr).not.toContain("write-ahead log");
  // The same for the thread that knocks (engine/pulses.ts).
  expect(stderr).not.toContain("second nudge");
}, 30_000);

test("the thread that parses large mails is inside the program", async () => {
  const { url } = await start();
  const authorization = `Bearer ${await keyOf("test")}`;
  const made = await fetch(`${url}/v1/inboxes`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ email: "ada@sender.test", provider: "sandbox" }),
  });
  // oxlint-disable-next-line no-unsafe-type-assertion -- what the route answers
  const inbox = (await made.json()) as { data: { id: string } };
  const head = "From: lea@lead.test\r\nTo: ada@sender.test\r\nSubject: long";
  const answer = await fetch(`${url}/v1/test/inbound`, {
    method: "POST",
    headers: { authorization, "content-type": "message/rfc822", "x-inbox-id": inbox.data.id },
    body: `${head}\r\n\r\n${"word ".repeat(10_000)}`,
  });
  expect(await answer.json()).toMatchObject({
    success: true,
    // Of a mail that could not be parsed only the header is known.
    data: { subject: "long", from: "lea@lead.test", text: expect.stringContaining("word word") },
  });
}, 30_000);

test("the thread that plays forecasts is inside the program, and reads the file beside it", async () => {
  const { url } = await start();
  const headers = {
    authorization: `Bearer ${await keyOf("test")}`,
    "content-type": "application/json",
  };
  const ask = async (method: string, path: string, body?: object) => {
    const wish = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${url}/v1${path}`, { method, headers, ...wish });
    // oxlint-disable-next-line no-unsafe-type-assertion -- what the routes answer
    return (await answer.json()) as { data: { id: string; total: number; done_by: string } };
  };
  const inbox = await ask("POST", "/inboxes", { email: "ada@sender.test", provider: "sandbox" });
  const campaign = await ask("POST", "/campaigns", {
    name: "Spring",
    inbox_ids: [inbox.data.id],
    steps: [{ subject: "Hello", body: "Hello" }, { body: "Again" }],
  });
  const leads = Array.from({ length: 60 }, (_, i) => ({ email: `lead${i}@example.com` }));
  await ask("POST", "/leads/bulk", { campaign_id: campaign.data.id, leads });
  const { data } = await ask("GET", `/campaigns/${campaign.data.id}/forecast?days=30`);
  expect(data.total).toBe(120);
  expect(data.done_by).toMatch(/^\d{4}-\d\d-\d\d$/);
}, 30_000);
