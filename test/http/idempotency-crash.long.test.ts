// A14 under kill -9: whatever the moment, a retry with the same Idempotency-Key makes it one effect in all.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { runProgram, SOURCE, startProgram, temporaryDirectory } from "../world/program.ts";

const SCRIPT = join(import.meta.dir, "../world/house-that-dies.ts");
const HOUR_MS = 3_600_000;

let directory: ReturnType<typeof temporaryDirectory>;
let dir: string;
let key: string;
beforeEach(async () => {
  directory = temporaryDirectory();
  dir = join(directory.path, "data");
  const order = ["keys", "create", "--mode", "test", "--scopes", "all", "--json", "--dir", dir];
  const { stdout } = await runProgram(order);
  key = (JSON.parse(stdout) as { key: string }).key;
});
afterEach(() => {
  directory.remove();
});

const headers = () => ({
  authorization: `Bearer ${key}`,
  "content-type": "application/json",
  "idempotency-key": "once",
});

interface Death {
  when: "before" | "after";
  /** Which of the commits that the request makes. */
  nth: number;
  /** Whose. */
  mode: "test" | "control";
}

/** Asks a house that is killed at one of its commits. */
async function askAndDie({ when, nth, mode }: Death, path: string, body: object): Promise<void> {
  const order = JSON.stringify({ path, headers: headers(), body: JSON.stringify(body) });
  const child = Bun.spawn([SOURCE[0] ?? "bun", SCRIPT, dir, when, String(nth), mode, order], {
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  expect([child.signalCode, stdout, stderr]).toEqual(["SIGKILL", "", ""]);
}

/** What a program that was started again answers: to the same request, and to one more. */
async function askAgain(path: string, body: object, then: string) {
  const running = await startProgram(["--dir", dir]);
  try {
    const post = { method: "POST", headers: headers(), body: JSON.stringify(body) };
    const answer = await fetch(`${running.url}${path}`, post);
    const { data } = (await answer.json()) as { data: Record<string, unknown> };
    const replayed = answer.headers.get("idempotent-replayed") === "true";
    const list = await fetch(`${running.url}${then}`, { headers: headers() });
    const seen = (await list.json()) as { data: unknown };
    return { status: answer.status, data, replayed, seen: seen.data };
  } finally {
    await running.end();
  }
}

const emailsIn = (seen: unknown) => (seen as { email: string }[]).map(({ email }) => email);

describe("A14: a program that is killed (kill -9)", () => {
  test.each(["before", "after"] as const)("%s the commit adds a lead once", async (when) => {
    const lead = { email: "ada@example.com" };
    await askAndDie({ when, nth: 1, mode: "test" }, "/v1/leads", lead);
    const again = await askAgain("/v1/leads", lead, "/v1/leads");
    expect(again).toMatchObject({ status: 201, replayed: when === "after" });
    expect(emailsIn(again.seen)).toEqual(["ada@example.com"]);
  });

  test.each(["before", "after"] as const)("%s the commit makes a key once", async (when) => {
    const order = { name: "CI", scopes: ["leads:read"] };
    // The first commit notes when the asking key was last used.
    await askAndDie({ when, nth: 2, mode: "control" }, "/v1/api-keys", order);
    const again = await askAgain("/v1/api-keys", order, "/v1/api-keys");
    expect(again).toMatchObject({ status: 201, replayed: when === "after" });
    expect(again.data["key"]).toStartWith("imk_test_");
    expect(again.seen).toHaveLength(2);
  });

  test.each([
    ["before", 1],
    ["after", 1],
    ["before", 2],
    ["after", 2],
  ] as const)("%s commit %d moves the test clock as far as it was told to", async (when, nth) => {
    const order = { by: "PT5H" };
    await askAndDie({ when, nth, mode: "test" }, "/v1/test/clock/advance", order);
    const again = await askAgain("/v1/test/clock/advance", order, "/v1/test/clock");
    expect(again.status).toBe(200);
    const { now } = again.seen as { now: string };
    expect(now).toBe(String(again.data["now"]));
    const created = await runProgram(["keys", "list", "--json", "--dir", dir]);
    expect(created.exit_code).toBe(0);
    // The clock began to stand when the ledger was made, moments ago.
    const moved = Date.parse(now) - Date.now();
    expect(moved).toBeWithin(5 * HOUR_MS - 60_000, 5 * HOUR_MS + 1);
  });

  test.each(["before", "after"] as const)("%s the commit connects an inbox once", async (when) => {
    const inbox = { provider: "sandbox", email: "me@example.com" };
    await askAndDie({ when, nth: 1, mode: "test" }, "/v1/inboxes", inbox);
    const again = await askAgain("/v1/inboxes", inbox, "/v1/inboxes");
    expect(again).toMatchObject({ status: 201, replayed: when === "after" });
    expect(emailsIn(again.seen)).toEqual(["me@example.com"]);
  });

  test("between two slices takes every lead of an import once", async () => {
    const leads = Array.from({ length: 600 }, (_, i) => ({ email: `lead${i}@example.com` }));
    await askAndDie({ when: "after", nth: 2, mode: "test" }, "/v1/leads/bulk", { leads });
    const again = await askAgain("/v1/leads/bulk", { leads }, "/v1/leads?page=1&limit=1");
    expect(again.status).toBe(200);
    const { created, skipped } = again.data as { created: number; skipped: number };
    expect(created + skipped).toBe(600);
    expect(skipped).toBeGreaterThan(0);
  });
});
