// A data directory with very many leads for the benchmarks, each enrolled in one campaign, and keys to ask with.

import { join } from "node:path";

import { formatId, nextId } from "../../src/core/ids.ts";
import { openInstallation, prepareDirectory } from "../../src/installation.ts";
import { closeDatabase, type Database, openDatabase } from "../../src/ledger/database.ts";
import { ledgerFile } from "../../src/ledger/ledgers.ts";
import { LEDGER_MIGRATIONS } from "../../src/ledger/migrations.ts";
import { createKey } from "../../src/resources/api-keys/actions.ts";
import { changeWorkspace } from "../../src/resources/workspaces/actions.ts";
import { listWorkspaces } from "../../src/resources/workspaces/store.ts";

const START = Date.UTC(2026, 5, 1);
const SLICE = 100_000;

export interface LeadTown {
  /** The live ledger's file. */
  path: string;
  /** Each has a bucket of its own. */
  tokens: string[];
  campaign_id: string;
}

/** Makes the installation, one campaign and `count` leads in `dir`.  */
export function openLeadTown(dir: string, count: number, keys: number): LeadTown {
  prepareDirectory(dir);
  const { control } = openInstallation({
    config: {
      dir,
      host: "",
      port: null,
      allow_host: [],
      log_level: "silent",
      backups: null,
      master_key: null,
    },
    in_memory: false,
    lock_identity: null,
    onError: () => undefined,
  });
  const workspace_id = listWorkspaces(control)[0]?.id ?? 0;
  changeWorkspace(control, workspace_id, { tier: "apex" });
  const order = { workspace_id, mode: "live" as const, scopes: ["all"] };
  const tokens = Array.from({ length: keys }, (_, i) =>
    createKey(control, { ...order, name: `bench ${i}` }),
  ).map(({ key }) => key);
  control.close();
  const path = join(dir, ledgerFile(workspace_id, "live"));
  const db = openDatabase(path, LEDGER_MIGRATIONS);
  const campaign_id = fill(db, count);
  closeDatabase(db);
  return { path, tokens, campaign_id: formatId("cmp", campaign_id) };
}

function fill(db: Database, count: number): number {
  db.run("PRAGMA synchronous = OFF");
  db.run("PRAGMA cache_size = -262144");
  const id = nextId(0, START);
  const window = JSON.stringify({ days: [1, 2, 3, 4, 5], start: "09:00", end: "17:00" });
  db.query(
    `INSERT INTO campaigns (id, name, state, daily_limit, send_window, track_opens, track_clicks, stop_on_reply,
       stop_for_company, lead_cooldown, created_at, updated_at)
     VALUES (?1, 'Bench', 'draft', 200, ?2, 0, 0, 1, 0, 'P7D', ?3, ?3)`,
  ).run(id, window, START);
  db.query(
    `INSERT INTO steps (id, campaign_id, position, delay, subject, body, html, variants, branches, created_at)
     VALUES (?1, ?2, 0, 'PT0S', 'Hello', 'Hello {{ first_name }}', 0, '[]', '[]', ?3)`,
  ).run(id + 1, id, START);
  // Twice in order, and not once: else every page of the index would be full to the brim, as no page is where addresses
  // came in at random.
  for (const odd of [0, 1]) {
    for (let from = 0; from * 2 < count; from += SLICE) {
      fillSlice(db, {
        campaign_id: id,
        odd,
        from,
        to: Math.min(Math.ceil(count / 2), from + SLICE),
        half: Math.ceil(count / 2),
      });
    }
  }
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  return id;
}

interface Slice {
  campaign_id: number;
  odd: number;
  from: number;
  to: number;
  half: number;
}

/** With ids two apart: the enrollment's stands between. */
function fillSlice(db: Database, { campaign_id, odd, from, to, half }: Slice): void {
  const first = campaign_id + 16 + odd * half * 2;
  db.run("BEGIN");
  const numbers =
    "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)";
  db.query(
    `INSERT INTO leads (id, email, first_name, last_name, company, title, country, timezone, tags, source, custom,
       state, created_at, updated_at)
     ${numbers}
     SELECT ?3 + i * 2, printf('%010x@c%d.example', i * 2 + ?5, i % 4000), 'Ada', 'Lovelace' || i, 'Company ' || (i % 5000),
       'Engineer', 'DE', 'Europe/Berlin', '["bench"]', 'list',
       '{"city":"Berlin","industry":"Manufacturing of machines","employees":' || (i % 900) || ',"pitch":"a line of text as people write it"}',
       'new', ?4 + i, ?4 + i
     FROM n`,
  ).run(from, to, first, START, odd);
  db.query(
    `INSERT INTO enrollments (id, campaign_id, lead_id, state, step_id, due_at, zone, zone_basis, created_at, updated_at)
     ${numbers}
     SELECT ?3 + i * 2 + 1, ?4, ?3 + i * 2, 'waiting', ?4 + 1, ?5 + i, 'Europe/Berlin', 'lead', ?5 + i, ?5 + i FROM n`,
  ).run(from, to, first, campaign_id, START);
  db.run("COMMIT");
}

/** `count` new leads as a client sends them, at scattered addresses among `among` that are there. */
export function newLeads(count: number, among: number): Record<string, unknown>[] {
  return Array.from({ length: count }, () => {
    const place = Math.floor(Math.random() * among)
      .toString(16)
      .padStart(10, "0");
    const more = Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
    return {
      email: `${place}${more}@c${Number.parseInt(more.slice(0, 3), 16)}.example`,
      first_name: "Grace",
      last_name: `Hopper ${more}`,
      company: `Company ${more.slice(0, 3)}`,
      title: "Engineer",
      country: "DE",
      timezone: "Europe/Berlin",
      tags: ["bench"],
      source: "list",
      custom: {
        city: "Berlin",
        industry: "Manufacturing of machines",
        employees: 42,
        pitch: "a line of text as people write it",
      },
    };
  });
}
