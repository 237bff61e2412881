// `imail explain` against a running server and without one: JSON for programs, and exit codes that say what is wrong.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";

import { runProgram, startProgram, temporaryDirectory } from "../world/program.ts";

let place: ReturnType<typeof temporaryDirectory>;
let dir: string;
beforeEach(() => {
  place = temporaryDirectory();
  dir = join(place.path, "data");
});
afterEach(() => place.remove());

const run = (...args: string[]) => runProgram([...args, "--dir", dir], { cwd: place.path });

test("a campaign and a lead of test mode are explained by the running server", async () => {
  const server = await startProgram(["--dir", dir], { cwd: place.path });
  try {
    const { key } = JSON.parse((await run("keys", "create", "--mode", "test")).stdout);
    const post = async (path: string, body: object) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const answer = await fetch(`${server.url}/v1${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { data: { id: string } }).data.id;
    };
    const inbox = await post("/inboxes", { email: "ana@sender.test", provider: "sandbox" });
    const steps = [{ subject: "Hello", body: "Hello" }];
    const campaign_id = await post("/campaigns", { name: "Spring", inbox_ids: [inbox], steps });
    const lead = await post("/leads", { email: "lea@lead.test", campaign_id });
    const of_campaign = await run("explain", campaign_id);
    expect(of_campaign.exit_code).toBe(0);
    expect(JSON.parse(of_campaign.stdout)).toMatchObject({
      object: "campaign_explanation",
      verdict: "blocked",
      waiting_for: { campaign_draft: 1 },
    });
    const of_lead = JSON.parse((await run("explain", lead)).stdout);
    expect(of_lead).toMatchObject({
      lead_id: lead,
      enrollments: [{ campaign_id, verdict: "blocked" }],
    });
    const nobody = await run("explain", "lead_00000000000");
    expect([nobody.exit_code, JSON.parse(nobody.stderr).error.code]).toEqual([4, "not_found"]);
    const by_key = await fetch(`${server.url}/local/explain/${lead}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(by_key.status).toBe(401);
  } finally {
    await server.end();
  }
}, 30_000);

test("without a server that is the reason, and what is no id is wrong usage", async () => {
  await (await startProgram(["--dir", dir], { cwd: place.path })).end();
  const ended = await run("explain", "cmp_00000000007");
  expect([ended.exit_code, JSON.parse(ended.stderr).error.message]).toEqual([
    5,
    expect.stringContaining("No server runs: nothing is sent"),
  ]);
  expect((await run("explain", "spring")).exit_code).toBe(2);
}, 30_000);
