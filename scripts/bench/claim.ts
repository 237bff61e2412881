// What scheduling costs at 10 million enrollments: a round with nothing due beside one at 10 thousand, 100 claims in one
// transaction beside 1 million, and the memory that it takes. Goals G10, G11 and G20 of the performance page.
//   bun scripts/bench/claim.ts [--rounds 7] [--small 10000] [--middle 1000000] [--large 10000000]      (6 GB of disk)

import { join } from "node:path";

import { type SendDesk, sendRound } from "../../src/engine/send/round.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { makerOf } from "../../test/world/make.ts";
import { goal, ratio, readCounts, report, spread } from "./figures.ts";
import { openBenchLedger, openWorkplace } from "./ledger.ts";

const IDLE_MOST = 1.5;
const CLAIM_MOST = 3;
const RSS_MB_MOST = 5;
const CLAIMS = 100;
const LOOKS = 200;
const SLICE = 250_000;
const MINUTE_MS = 60_000;
/** A Wednesday, at which the windows of Berlin are open. */
const NOW = Date.UTC(2026, 6, 15, 11);

interface Town {
  ledger: Ledger;
  clock: { at: number; now(): number };
  claimed: number[];
  idle_us: number[];
  claim_ms: number[];
  build_s: number;
}

const silent = () => undefined;
const workplace = openWorkplace("claim");

function main(): void {
  const { rounds, small, middle, large } = readCounts({
    rounds: 7,
    small: 10_000,
    middle: 1_000_000,
    large: 10_000_000,
  });
  const towns = { small: openTown(small), middle: openTown(middle), large: openTown(large) };
  let before = 0;
  for (let round = -1; round < rounds; round++) {
    // Counted from the end of the warm-up: what grows from then on grows with the work.
    if (round === 0) before = process.memoryUsage.rss();
    for (const town of Object.values(towns)) {
      const idle = idleUs(town);
      const claim = claimMs(town);
      if (round < 0) continue;
      town.idle_us.push(idle);
      town.claim_ms.push(claim);
    }
  }
  const rss_mb = Math.max(0, process.memoryUsage.rss() - before) / 1024 / 1024;
  const idle = ratio(towns.large.idle_us, towns.small.idle_us);
  const claims = ratio(towns.large.claim_ms, towns.middle.claim_ms);
  report("claim", {
    rounds,
    enrollments: { small, middle, large },
    small: told(towns.small),
    middle: told(towns.middle),
    large: told(towns.large),
    rss_grown_mb: Number(rss_mb.toFixed(1)),
    goals: {
      idle_large_to_small: goal(idle, IDLE_MOST),
      claim_large_to_middle: goal(claims, CLAIM_MOST),
      rss_mb_for_a_million: goal(Number((rss_mb / (large / 1_000_000)).toFixed(2)), RSS_MB_MOST),
    },
  });
  for (const { ledger } of Object.values(towns)) ledger.close();
}

const told = ({ idle_us, claim_ms, build_s }: Town) => ({
  build_s,
  idle_us: spread(idle_us),
  claim_100_ms: spread(claim_ms, 2),
});

/** So many leads whose first step is due, one a minute from now on. */
function openTown(enrollments: number): Town {
  const begin = performance.now();
  const clock = { at: NOW, now: () => clock.at };
  const ledger = openBenchLedger({ path: join(workplace.dir, `${enrollments}.db`), clock });
  const make = makerOf(ledger);
  const inbox_ids = Array.from({ length: CLAIMS }, (_, i) =>
    make.inbox({
      email: `a${i}@a.test`,
      min_gap_seconds: 1,
      daily_limit: 1_000_000,
      hourly_limit: 1_000_000,
    }),
  );
  const campaign = make.campaign({ inbox_ids, daily_limit: 1_000_000_000 });
  const [step_id = 0] = campaign.step_ids;
  const indexes = beginBuilding(ledger);
  for (let from = 0; from < enrollments; from += SLICE) {
    const to = Math.min(enrollments, from + SLICE);
    insertLeads(ledger, from, to);
    insertWaiting(ledger, { campaign_id: campaign.id, step_id, from, to });
  }
  endBuilding(ledger, indexes);
  const build_s = Number(((performance.now() - begin) / 1000).toFixed(1));
  return { ledger, clock, claimed: [], idle_us: [], claim_ms: [], build_s };
}

/** Rows without promises: nothing is waited for or checked. The indexes are made when the rows are there; their SQL. */
function beginBuilding({ db }: Ledger): string[] {
  db.run("PRAGMA journal_mode = OFF");
  db.run("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA secure_delete = OFF");
  db.run("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
  const indexes = db
    .query<{ name: string; sql: string }, []>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('leads', 'enrollments')",
    )
    .all();
  for (const { name } of indexes) db.run(`DROP INDEX "${name}"`);
  return indexes.map(({ sql }) => sql);
}

function endBuilding({ db }: Ledger, indexes: readonly string[]): void {
  db.run("PRAGMA temp_store = FILE");
  for (const sql of indexes) db.run(sql);
  db.run(
    "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA ignore_check_constraints = OFF",
  );
  db.run("PRAGMA secure_delete = ON; PRAGMA cache_size = -2000; PRAGMA synchronous = FULL");
  db.run("PRAGMA journal_mode = WAL");
}

const COUNTED =
  "WITH RECURSIVE counted (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < ?2)";

function insertLeads({ db }: Ledger, from: number, to: number): void {
  db.query(
    `${COUNTED}
     INSERT INTO leads (id, email, first_name, tags, custom, state, created_at, updated_at)
     SELECT n + 1, printf('lead%09d@lead%d.test', n, n % 100000), 'Lea', '[]', '{}', 'in_sequence', ?3, ?3 FROM counted`,
  ).run(from, to, NOW);
}

interface Bulk {
  campaign_id: number;
  step_id: number;
  from: number;
  to: number;
}

/** A hundred fall due each minute; who is due when has nothing to do with who came first. */
function insertWaiting({ db }: Ledger, { campaign_id, step_id, from, to }: Bulk): void {
  db.query(
    `${COUNTED}
     INSERT INTO enrollments (id, campaign_id, lead_id, state, step_id, due_at, zone, zone_basis, created_at, updated_at)
     SELECT n + 1, ?3, n + 1, 'waiting', ?4, ?5 + (1 + n * 7919 % 997) * ${MINUTE_MS}, 'Europe/Berlin', 'lead', ?5, ?5 FROM counted`,
  ).run(from, to, campaign_id, step_id, NOW);
}

function deskOf(start: SendDesk["start"]): SendDesk {
  const log = { info: silent, warn: silent, error: silent };
  return { turns: new Map(), log, mayStart: () => true, start };
}

function idleUs({ ledger }: Town): number {
  const desk = deskOf(() => {
    throw new Error("a mail was claimed: this round was not idle");
  });
  const begin = performance.now();
  for (let look = 0; look < LOOKS; look++) sendRound(ledger, desk);
  return ((performance.now() - begin) * 1000) / LOOKS;
}

/** One minute later: as many claims as there are inboxes, in one durable transaction. */
function claimMs(town: Town): number {
  const { ledger, clock } = town;
  const was = clock.at;
  clock.at += 60 * MINUTE_MS;
  const ids: number[] = [];
  const begin = performance.now();
  sendRound(
    ledger,
    deskOf(({ id }) => void ids.push(id)),
  );
  const ms = performance.now() - begin;
  if (ids.length !== CLAIMS) throw new Error(`${ids.length} mails were claimed`);
  takeBack(ledger, ids);
  clock.at = was;
  return ms;
}

/** As if they had never been claimed: the next round finds the town as it was. */
function takeBack({ db }: Ledger, ids: readonly number[]): void {
  const list = JSON.stringify(ids);
  db.query(
    `UPDATE enrollments SET in_flight = NULL, inbox_id = NULL
     WHERE id IN (SELECT m.enrollment_id FROM json_each(?) list JOIN messages m ON m.id = list.value)`,
  ).run(list);
  // Nobody points at them any more; to make sure of that, each would have all enrollments looked at.
  db.run("PRAGMA foreign_keys = OFF");
  db.query("DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))").run(list);
  db.run("PRAGMA foreign_keys = ON");
  db.run("DELETE FROM quotas");
  db.run("UPDATE inboxes SET next_slot_at = 0");
}

try {
  main();
} finally {
  workplace.rm();
}
