// Backups beside a server that writes all the time, some of them killed half way: what has its final name is whole, and holds
// everything that was answered before it began. IMAIL_BACKUPS_MADE sets the count.
import { expect, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { extract, readBackup } from "../../src/ledger/backup.ts";
import { openReadOnly } from "../../src/ledger/read-only.ts";
import { chanceOf } from "../world/chance.ts";
import { runProgram, SOURCE, startProgram, temporaryDirectory } from "../world/program.ts";

const COUNT = Number(process.env["IMAIL_BACKUPS_MADE"] ?? 50);
const SEED = Number(process.env["IMAIL_SEED"] ?? Date.now() % 1_000_000);

/** `backup create`, killed after so many ms; null lets it end. Its exit code, null when it was killed. */
async function create(dir: string, out: string, kill_after_ms: number | null) {
  const args = [...SOURCE, "backup", "create", "--out", out, "--dir", dir];
  const child = Bun.spawn(args, { stdout: "ignore", stderr: "ignore" });
  if (kill_after_ms !== null) {
    await Promise.race([child.exited, Bun.sleep(kill_after_ms)]);
    child.kill("SIGKILL");
  }
  await child.exited;
  return child.signalCode === null ? child.exitCode : null;
}

test(`${COUNT} backups under load, some killed (seed ${SEED})`, async () => {
  const chance = chanceOf(SEED);
  const place = temporaryDirectory();
  const dir = join(place.path, "data");
  const made = await runProgram(["keys", "create", "--mode", "test", "--json", "--dir", dir]);
  const { key } = JSON.parse(made.stdout) as { key: string };
  await runProgram(["workspaces", "set", "--tier", "apex", "--dir", dir]);
  const server = await startProgram(["--dir", dir]);
  let answered = 0;
  let slowest_ms = 0;
  const stop = new AbortController();
  const load = (async () => {
    while (!stop.signal.aborted) {
      const emails = Array.from({ length: 20 }, (_, i) => ({
        email: `l${answered + i}@load.test`,
      }));
      const began = performance.now();
      const answer = await fetch(`${server.url}/v1/leads/bulk`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ leads: emails }),
      });
      slowest_ms = Math.max(slowest_ms, performance.now() - began);
      expect(answer.status).toBe(200);
      answered += emails.length;
      await Bun.sleep(10);
    }
  })();
  let killed = 0;
  for (let i = 0; i < COUNT; i++) {
    const out = join(place.path, `b${i}.tar`);
    const before = answered;
    const code = await create(dir, out, i % 3 === 2 ? 100 + chance() * 500 : null);
    if (code === null) killed++;
    else expect(code).toBe(0);
    if (!readdirSync(place.path).includes(`b${i}.tar`)) {
      expect(code).toBeNull();
      continue;
    }
    const manifest = readBackup(out);
    const name = manifest.databases.find((part) => part.name.endsWith(".test.db"))?.name ?? "";
    const copy = join(place.path, "copy.db");
    extract(out, name, copy);
    const reading = openReadOnly(copy);
    const { db } = reading;
    const n = db.query<{ n: number }, []>("SELECT count(*) AS n FROM leads").get()?.n ?? 0;
    expect(db.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    reading.close();
    expect(n).toBeGreaterThanOrEqual(before);
    expect(n).toBeLessThanOrEqual(answered + 20);
    rmSync(copy);
    rmSync(out);
  }
  stop.abort();
  await load;
  await server.end();
  place.remove();
  process.stderr.write(
    `${COUNT} backups, ${killed} killed, 0 broken; ${answered} leads written meanwhile, the slowest call ${Math.round(slowest_ms)} ms\n`,
  );
}, 600_000);
