// What an authenticated, validated list of 25 leads costs beside the same list from a bare handler on the same runtime,
// and beside Express on Node with better-sqlite3. Goals G5 and G6 of the performance page. Linux only (CPU out of /proc).
//   bun scripts/bench/api.ts [--rounds 5] [--seconds 4] [--leads 100000]
// Node's peers are installed once, by npm, into a directory of their own below the system's temporary one.

import { deepStrictEqual } from "node:assert";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "../install.ts";
import { goal, ratio, readCounts, report, spread } from "./figures.ts";
import { openLeadTown } from "./leads.ts";
import {
  cpuOf,
  freePort,
  type Load,
  onOneCore,
  type Peer,
  runLoad,
  startPeer,
} from "./load-run.ts";

const CPU_MOST = 1.4;
const EXPRESS_LEAST = 3;
const CONNECTIONS = 32;
const PEERS = ["express@5.3.0", "better-sqlite3@12.11.1"];

const BARE = `import { Database } from "bun:sqlite";
import { openList } from "./list.mjs";
const db = new Database(process.argv[3], { readonly: true });
const list = openList((sql) => db.query(sql));
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch: (request) => Response.json(list(Number(new URL(request.url).searchParams.get("limit")))),
});
`;

// What a careful Express service does for the same answer: key, bucket, query, headers.
const EXPRESS = `import { createHash, timingSafeEqual } from "node:crypto";
import Database from "better-sqlite3";
import express from "express";
import { openList } from "./list.mjs";
const db = new Database(process.argv[3], { readonly: true });
const control = new Database(process.argv[4], { readonly: true });
const list = openList((sql) => db.prepare(sql));
const find = control.prepare("SELECT id, secret_hash, scopes, expires_at, revoked_at FROM api_keys WHERE public_id = ?");
const buckets = new Map();
const app = express();
const refuse = (response, status, message) => response.status(status).json({ success: false, message });
app.use((request, response, next) => {
  const [, public_id = "", secret = ""] = /^Bearer ([^.]+)[.](.+)$/.exec(request.get("authorization") ?? "") ?? [];
  const key = find.get(public_id);
  const hash = createHash("sha256").update(secret).digest();
  if (!key || !timingSafeEqual(hash, key.secret_hash) || key.revoked_at !== null) return refuse(response, 401, "key");
  if (!JSON.parse(key.scopes).includes("leads:read")) return refuse(response, 403, "scope");
  const now = Date.now();
  const bucket = buckets.get(key.id) ?? { tokens: 12000, at: now };
  bucket.tokens = Math.min(12000, bucket.tokens + (now - bucket.at) / 10);
  bucket.at = now;
  buckets.set(key.id, bucket);
  if (bucket.tokens < 1) return refuse(response, 429, "rate");
  bucket.tokens--;
  response.set({
    "x-ratelimit-limit": "12000",
    "x-ratelimit-remaining": String(Math.floor(bucket.tokens)),
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  next();
});
app.get("/v1/leads", (request, response) => {
  const { limit = "25", ...others } = request.query;
  if (Object.keys(others).length > 0 || !/^[0-9]+$/.test(limit) || Number(limit) > 100) {
    return refuse(response, 400, "query");
  }
  response.json(list(Number(limit)));
});
app.listen(Number(process.argv[2]), "127.0.0.1");
`;

type Name = "imail" | "bare" | "express";
interface Figures {
  per_s: number[];
  cpu_us: number[];
  p99_ms: number[];
}

const PATH = "/v1/leads?limit=25";
const work = mkdtempSync(join(tmpdir(), "imail-bench-api-"));
try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

function start(command: readonly string[], port: number, probe: string): Promise<Peer> {
  return startPeer(onOneCore(command), port, probe);
}

async function main(): Promise<void> {
  const counts = readCounts({ rounds: 5, seconds: 4, leads: 100_000 });
  const peers = await installPeers();
  const dir = join(work, "data");
  const { path, tokens } = openLeadTown(dir, counts.leads, CONNECTIONS);
  const imail = join(work, "imail");
  run([process.execPath, join(ROOT, "scripts/build.ts"), "--outfile", imail]);
  const ports = { imail: freePort(), bare: freePort(), express: freePort() };
  const flags = [`--dir=${dir}`, `--port=${ports.imail}`, "--log-level=error"];
  const bare = [process.execPath, join(peers, "bare.mjs"), String(ports.bare), path];
  const express = ["node", join(peers, "express.mjs"), String(ports.express), path];
  const servers: Record<Name, Peer> = {
    imail: await start([imail, "serve", ...flags], ports.imail, "/livez"),
    bare: await start(bare, ports.bare, PATH),
    express: await start([...express, join(dir, "control.db")], ports.express, PATH),
  };
  try {
    await assertSame(servers, tokens[0] ?? "");
    tell(counts, await measure(servers, tokens, counts));
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}

function none(): Figures {
  return { per_s: [], cpu_us: [], p99_ms: [] };
}

async function measure(
  servers: Record<Name, Peer>,
  tokens: readonly string[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Record<Name, Figures>> {
  const figures: Record<Name, Figures> = { imail: none(), bare: none(), express: none() };
  const nobody = tokens.map(() => "none");
  for (let round = -1; round < rounds; round++) {
    for (const name of ["imail", "bare", "express"] as const) {
      const target = {
        port: servers[name].port,
        path: PATH,
        tokens: name === "bare" ? nobody : tokens,
      };
      const cpu = cpuOf(servers[name].pid);
      // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would slow each other down
      const load: Load = await runLoad(target, round < 0 ? 2 : seconds);
      if (round < 0) continue;
      figures[name].per_s.push(load.per_s);
      figures[name].p99_ms.push(load.p99_ms);
      figures[name].cpu_us.push(((cpuOf(servers[name].pid) - cpu) * 1e6) / load.answers);
    }
  }
  return figures;
}

function tell(counts: object, { imail, bare, express }: Record<Name, Figures>): void {
  const told = ({ per_s, cpu_us, p99_ms }: Figures) => ({
    per_s: spread(per_s, 0),
    cpu_us: spread(cpu_us, 0),
    p99_ms: spread(p99_ms),
  });
  const cpu = ratio(imail.cpu_us, bare.cpu_us);
  const rate = ratio(imail.per_s, express.per_s);
  report("api", {
    ...counts,
    imail: told(imail),
    bare: told(bare),
    express: told(express),
    ratios: {
      cpu_to_bare: cpu,
      cpu_to_express: ratio(imail.cpu_us, express.cpu_us),
      rate_to_express: rate,
    },
    goals: {
      cpu_to_bare: goal(cpu, CPU_MOST),
      rate_to_express: { reached: rate, least: EXPRESS_LEAST, ok: rate >= EXPRESS_LEAST },
    },
  });
}

/** All three answer the same leads, or the figures would compare nothing. */
async function assertSame(servers: Record<Name, Peer>, token: string): Promise<void> {
  const asked = await Promise.all(
    Object.values(servers).map(async ({ port }) => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`http://127.0.0.1:${port}${PATH}`, { headers });
      const { data }: { data: unknown } = JSON.parse(await response.text());
      return data;
    }),
  );
  for (const data of asked) deepStrictEqual(data, asked[0]);
}

async function installPeers(): Promise<string> {
  const dir = join(tmpdir(), "imail-bench-peers");
  if (!existsSync(join(dir, "node_modules", "express"))) {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "package.json"), '{ "type": "module", "private": true }\n');
    run(["npm", "install", "--prefix", dir, "--no-audit", "--no-fund", ...PEERS]);
  }
  const built = await Bun.build({
    entrypoints: [join(ROOT, "scripts/bench/peer-list.ts")],
    target: "node",
    format: "esm",
  });
  writeFileSync(join(dir, "list.mjs"), (await built.outputs[0]?.text()) ?? "");
  writeFileSync(join(dir, "bare.mjs"), BARE);
  writeFileSync(join(dir, "express.mjs"), EXPRESS);
  return dir;
}

function run(command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { cwd: ROOT, stdout: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}
