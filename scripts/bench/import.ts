// What a call with 5,000 new leads costs (parse, check, upsert, enroll, answer, over HTTP) beside a raw upsert of the same
// rows, at a million leads and at five; and what those who read meanwhile notice of it. Goals G7 to G9 of the performance
// page. The raw upsert stands in the same setting, as in the page's own table: the same file with our pragmas (FULL, a large
// cache, no checkpoint in a commit), the same rows in the same order, as durable at each step, which is to say in the same
// slices: an import that lets reads in between cannot be one transaction, and what slices cost is paid for G7. It checks
// nothing, enrolls nobody and answers nothing. Two more figures without a goal say what slices and pragmas are worth: all
// rows sorted in one transaction (`once`), and the same as SQLite is by default but for synchronous=FULL (`plain`).
//   bun scripts/bench/import.ts [--rounds 7] [--leads 1000000] [--many 5000000] [--seconds 5]

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nextId } from "../../src/core/ids.ts";
import {
  closeDatabase,
  type Database,
  growCache,
  openDatabase,
} from "../../src/ledger/database.ts";
import { LEDGER_MIGRATIONS } from "../../src/ledger/migrations.ts";
import { SLICE_ROWS } from "../../src/resources/leads/import.ts";
import { ROOT } from "../install.ts";
import { goal, median, ratio, readCounts, report, spread } from "./figures.ts";
import { type LeadTown, newLeads, openLeadTown } from "./leads.ts";
import { cpuOf, freePort, type Load, type Peer, runLoad, startPeer } from "./load-run.ts";

const RAW_MOST = 1.6;
const MANY_MOST = 1.4;
const P99_MOST_MS = 40;
const ROWS = 5000;
const CONNECTIONS = 32;
const PATH = "/v1/leads?limit=25";

const KINDS = ["raw", "once", "plain"] as const;
type Kind = (typeof KINDS)[number];

interface Subject {
  town: LeadTown;
  leads: number;
  server: Peer;
  /** A copy of the file for each peer. */
  peers: Record<Kind, Database>;
  import_ms: number[];
  peer_ms: Record<Kind, number[]>;
  /** Of our process, and of the raw upsert. */
  cpu_ms: { import: number[]; raw: number[] };
}

const work = mkdtempSync(join(tmpdir(), "imail-bench-import-"));
try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const counts = readCounts({ rounds: 7, leads: 1_000_000, many: 5_000_000, seconds: 5 });
  const imail = join(work, "imail");
  const built = Bun.spawnSync(
    [process.execPath, join(ROOT, "scripts/build.ts"), "--outfile", imail],
    { cwd: ROOT },
  );
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  const some = await openSubject(imail, "some", counts.leads);
  const many = await openSubject(imail, "many", counts.many);
  try {
    for (let round = -1; round < counts.rounds; round++) {
      for (const subject of [some, many]) {
        // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would slow each other down
        await play(subject, round >= 0);
      }
    }
    tell(counts, { some, many, ...(await readWhileImporting(some, counts)) });
  } finally {
    for (const { server, peers } of [some, many]) {
      // oxlint-disable-next-line no-await-in-loop -- few
      await server.stop();
      for (const kind of KINDS) closeDatabase(peers[kind]);
    }
  }
}

async function openSubject(imail: string, name: string, leads: number): Promise<Subject> {
  const dir = join(work, name);
  const town = openLeadTown(dir, leads, CONNECTIONS + 1);
  const copyOf = (kind: Kind) => {
    const copy = join(work, `${name}-${kind}.db`);
    copyFileSync(town.path, copy);
    return openDatabase(copy, LEDGER_MIGRATIONS);
  };
  const peers = { raw: copyOf("raw"), once: copyOf("once"), plain: copyOf("plain") };
  growCache({ db: peers.raw });
  growCache({ db: peers.once });
  peers.plain.run("PRAGMA wal_autocheckpoint = 1000");
  const port = freePort();
  const command = [imail, "serve", `--dir=${dir}`, `--port=${port}`, "--log-level=error"];
  const server = await startPeer(command, port, "/livez");
  const peer_ms = { raw: [], once: [], plain: [] };
  return { town, leads, server, peers, import_ms: [], peer_ms, cpu_ms: { import: [], raw: [] } };
}

/** One call of each, with the same rows. */
async function play(subject: Subject, counts: boolean): Promise<void> {
  const { peers, server } = subject;
  const leads = newLeads(ROWS, subject.leads);
  const before = cpuOf(server.pid);
  const import_ms = await importAll(subject, leads);
  const import_cpu_ms = (cpuOf(server.pid) - before) * 1000;
  const cpu = process.cpuUsage();
  const raw_ms = upsertAll(peers.raw, leads, SLICE_ROWS);
  const { user, system } = process.cpuUsage(cpu);
  const once_ms = upsertAll(peers.once, leads, ROWS);
  const plain_ms = upsertAll(peers.plain, leads, ROWS);
  // The logs go into their databases, outside of the figures.
  for (const kind of KINDS) peers[kind].run("PRAGMA wal_checkpoint(TRUNCATE)");
  await Bun.sleep(1500);
  if (!counts) return;
  subject.import_ms.push(import_ms);
  subject.peer_ms.raw.push(raw_ms);
  subject.peer_ms.once.push(once_ms);
  subject.peer_ms.plain.push(plain_ms);
  subject.cpu_ms.import.push(import_cpu_ms);
  subject.cpu_ms.raw.push((user + system) / 1000);
}

async function importAll({ town, server }: Subject, leads: object[]): Promise<number> {
  const body = JSON.stringify({ campaign_id: town.campaign_id, leads });
  const begin = performance.now();
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/leads/bulk`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${town.tokens.at(-1)}`,
      "content-type": "application/json",
    },
    body,
  });
  const text = await response.text();
  const ms = performance.now() - begin;
  const { data }: { data?: { created: number; enrolled: number } } = JSON.parse(text);
  if (data?.created !== leads.length || data.enrolled !== leads.length) throw new Error(text);
  return ms;
}

/** The least that can be done with these rows: one statement, nothing checked. All in one transaction are sorted before. */
function upsertAll(db: Database, leads: Record<string, unknown>[], slice: number): number {
  let id = nextId(
    db.query<{ id: number }, []>("SELECT max(id) AS id FROM leads").get()?.id ?? 0,
    0,
  );
  const given = leads.map(({ tags, custom, ...lead }) => ({
    ...lead,
    email: String(lead["email"]),
    id: (id += 2),
    tags: JSON.stringify(tags),
    custom: JSON.stringify(custom),
    now: id,
  }));
  const rows =
    slice < ROWS ? given : given.toSorted((one, other) => (one.email < other.email ? -1 : 1));
  const upsert = db.query(
    `INSERT INTO leads (id, email, first_name, last_name, company, title, country, timezone, tags, source, custom, state,
       created_at, updated_at)
     VALUES ($id, $email, $first_name, $last_name, $company, $title, $country, $timezone, $tags, $source, $custom, 'new',
       $now, $now)
     ON CONFLICT (email) DO UPDATE SET first_name = $first_name, custom = $custom, updated_at = $now`,
  );
  const begin = performance.now();
  for (let from = 0; from < rows.length; from += slice) {
    db.run("BEGIN IMMEDIATE");
    for (const row of rows.slice(from, from + slice)) upsert.run(row);
    db.run("COMMIT");
  }
  return performance.now() - begin;
}

interface Reads {
  quiet: Load;
  busy: Load;
  imports: number;
}

/** 32 connections that ask for lists, without an import and with one after the other. */
async function readWhileImporting(
  subject: Subject,
  { seconds }: { seconds: number },
): Promise<Reads> {
  const target = {
    port: subject.server.port,
    path: PATH,
    tokens: subject.town.tokens.slice(0, CONNECTIONS),
  };
  await runLoad(target, 1);
  const quiet = await runLoad(target, seconds);
  let imports = 0;
  const until = performance.now() + seconds * 1000;
  const load = runLoad(target, seconds);
  while (performance.now() < until) {
    // oxlint-disable-next-line no-await-in-loop -- one call after the other
    await importAll(subject, newLeads(ROWS, subject.leads));
    imports++;
  }
  return { quiet, busy: await load, imports };
}

function tell(
  counts: object,
  { some, many, quiet, busy, imports }: Reads & { some: Subject; many: Subject },
): void {
  const told = ({ leads, import_ms, peer_ms, cpu_ms }: Subject) => ({
    leads,
    import_ms: spread(import_ms),
    raw_ms: spread(peer_ms.raw),
    once_ms: spread(peer_ms.once),
    plain_ms: spread(peer_ms.plain),
    cpu_ms: { import: spread(cpu_ms.import), raw: spread(cpu_ms.raw) },
    to_raw: ratio(import_ms, peer_ms.raw),
    to_once: ratio(import_ms, peer_ms.once),
    to_plain: ratio(import_ms, peer_ms.plain),
    to_raw_each: spread(
      import_ms.map((ms, i) => ms / (peer_ms.raw[i] ?? ms)),
      2,
    ),
    cpu_to_raw: ratio(cpu_ms.import, cpu_ms.raw),
  });
  const grown_ms = Number((busy.p99_ms - quiet.p99_ms).toFixed(1));
  const many_to_some = Number((median(many.import_ms) / median(some.import_ms)).toFixed(2));
  report("import", {
    ...counts,
    rows: ROWS,
    some: told(some),
    many: told(many),
    many_to_some,
    reads: { quiet, busy, imports },
    goals: {
      to_raw: goal(ratio(some.import_ms, some.peer_ms.raw), RAW_MOST),
      many_to_some: goal(many_to_some, MANY_MOST),
      p99_grows_ms: goal(grown_ms, P99_MOST_MS),
    },
  });
}
