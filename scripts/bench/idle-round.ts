// What one look costs when nothing may be sent: at 1 million enrollments as little as at 10 thousand, for the round
// looks into partial indexes of what waits, never at the leads and never at what was sent. Goal G10 of the performance page.
//   bun scripts/bench/idle-round.ts [--rounds 9] [--small 10000] [--large 1000000]

import { join } from "node:path";

import { type SendDesk, sendRound } from "../../src/engine/send/round.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { makerOf } from "../../test/world/make.ts";
import { goal, ratio, readCounts, report, spread } from "./figures.ts";
import { openBenchLedger, openWorkplace } from "./ledger.ts";

const RATIO_MOST = 1.5;
const CAMPAIGNS = 5;
const INBOXES = 10;
const DAY_MS = 86_400_000;
/** A Wednesday, and a Sunday on which it is Sunday from Honolulu to Auckland at 11:00 UTC: all windows are closed. */
const WEDNESDAY = Date.UTC(2026, 6, 15, 11);
const SUNDAY = Date.UTC(2026, 6, 19, 11);
/** One sample is as many looks as fit into this: a clock tick is no measure of microseconds. */
const SAMPLE_MS = 100;
const LOOKS_MOST = 500;

const ZONES = [
  "Pacific/Honolulu America/Anchorage America/Los_Angeles America/Denver America/Chicago America/New_York",
  "America/Halifax America/Sao_Paulo Atlantic/Azores Europe/London Europe/Lisbon Europe/Berlin Europe/Paris",
  "Europe/Madrid Europe/Rome Europe/Warsaw Europe/Athens Europe/Kyiv Africa/Lagos Africa/Nairobi Asia/Dubai",
  "Asia/Karachi Asia/Kolkata Asia/Dhaka Asia/Bangkok Asia/Singapore Asia/Tokyo Australia/Brisbane",
  "Australia/Sydney Pacific/Auckland",
].flatMap((line) => line.split(" "));

/** The cases in their order: each one changes the enrollments or the clock of the one before. */
const CASES = ["nothing_due", "all_future", "windows_closed"] as const;
type Case = (typeof CASES)[number];

interface Town {
  ledger: Ledger;
  clock: { now(): number; at: number };
  us: Record<Case, number[]>;
  insert_s: number;
}

const silent = () => undefined;
const desk: SendDesk = {
  turns: new Map(),
  log: { info: silent, warn: silent, error: silent },
  mayStart: () => true,
  start() {
    throw new Error("a mail was claimed: this round was not idle");
  },
};

const workplace = openWorkplace("idle-round");

function main(): void {
  const { rounds, small, large } = readCounts({ rounds: 9, small: 10_000, large: 1_000_000 });
  const towns = { small: openTown(small), large: openTown(large) };
  for (const one of CASES) {
    for (const town of Object.values(towns)) prepare(town, one);
    for (let round = -1; round < rounds; round++) {
      for (const town of Object.values(towns)) {
        const us = sample(town.ledger);
        if (round >= 0) town.us[one].push(us);
      }
    }
  }
  tell(rounds, { small, large }, towns);
  for (const town of Object.values(towns)) town.ledger.close();
}

function tell(
  rounds: number,
  sizes: Record<"small" | "large", number>,
  { small, large }: Record<"small" | "large", Town>,
): void {
  const cases = Object.fromEntries(
    CASES.map((one) => [
      one,
      {
        small_us: spread(small.us[one]),
        large_us: spread(large.us[one]),
        ratio: ratio(large.us[one], small.us[one]),
      },
    ]),
  );
  const reached = Object.fromEntries(
    CASES.map((one) => [one, goal(ratio(large.us[one], small.us[one]), RATIO_MOST)]),
  );
  report("idle-round", {
    rounds,
    enrollments: sizes,
    zones: ZONES.length,
    campaigns: CAMPAIGNS,
    inboxes: INBOXES,
    sent_messages_share: 0.5,
    insert_s: { small: small.insert_s, large: large.insert_s },
    ...cases,
    goals: reached,
  });
}

/** A ledger with so many enrollments: a third has ended, a sixth is held, half of it waits for a day to come. */
function openTown(enrollments: number): Town {
  const begin = performance.now();
  const clock = { at: WEDNESDAY, now: () => clock.at };
  const ledger = openBenchLedger({ path: join(workplace.dir, `${enrollments}.db`), clock });
  const make = makerOf(ledger);
  const inbox_ids = Array.from({ length: INBOXES }, (_, i) =>
    make.inbox({ email: `a${i}@a.test` }),
  );
  const campaigns = Array.from({ length: CAMPAIGNS }, () =>
    make.campaign({ inbox_ids, steps: [{}, { delay: "P3D" }] }),
  );
  ledger.db.run("CREATE TEMP TABLE places (i INTEGER PRIMARY KEY, zone TEXT, inbox_id INTEGER)");
  const place = ledger.db.prepare("INSERT INTO places VALUES (?, ?, ?)");
  for (const [i, zone] of ZONES.entries()) place.run(i, zone, inbox_ids[i % INBOXES] ?? 0);
  const leads = Math.ceil(enrollments / CAMPAIGNS);
  insertLeads(ledger, leads);
  for (const [i, { id, step_ids }] of campaigns.entries()) {
    insertEnrollments(ledger, { campaign_id: id, step_ids, leads, first_id: i * leads });
  }
  insertMessages(ledger);
  ledger.db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const insert_s = Number(((performance.now() - begin) / 1000).toFixed(1));
  return { ledger, clock, insert_s, us: { nothing_due: [], all_future: [], windows_closed: [] } };
}

const COUNTED = `WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < ?1)`;

function insertLeads({ db }: Ledger, leads: number): void {
  db.query(
    `${COUNTED}
     INSERT INTO leads (id, email, first_name, tags, custom, state, created_at, updated_at)
     SELECT n + 1, printf('lead%08d@lead.test', n), 'Lea', '[]', '{}', 'in_sequence', ?2, ?2 FROM counted`,
  ).run(leads, WEDNESDAY);
}

interface Bulk {
  campaign_id: number;
  step_ids: number[];
  leads: number;
  first_id: number;
}

/** Of six leads two have ended and one is held; of the others every second one waits for a follow-up. */
function insertEnrollments({ db }: Ledger, { campaign_id, step_ids, leads, first_id }: Bulk): void {
  const [first_step = 0, second_step = 0] = step_ids;
  db.query(
    `${COUNTED}
     INSERT INTO enrollments (id, campaign_id, lead_id, state, ended_by, inbox_id, step_id, due_at, zone, zone_basis,
       held_until, last_sent_at, sent_count, created_at, updated_at)
     SELECT ?2 + n + 1, ?3, n + 1,
       CASE n % 6 WHEN 0 THEN 'completed' WHEN 1 THEN 'stopped' WHEN 2 THEN 'held' ELSE 'waiting' END,
       CASE n % 6 WHEN 0 THEN 'last_step' WHEN 1 THEN 'replied' END,
       CASE WHEN n / 6 % 2 = 0 THEN (SELECT p.inbox_id FROM places p WHERE p.i = n * 7 % 30) END,
       CASE WHEN n / 6 % 2 = 0 THEN ?5 ELSE ?4 END,
       ?6 + ?7 + n * 37 % ?7,
       (SELECT p.zone FROM places p WHERE p.i = n / 12 % 30), 'lead',
       CASE n % 6 WHEN 2 THEN ?6 + 30 * ?7 + n END,
       CASE WHEN n / 6 % 2 = 0 THEN ?6 - ?7 END,
       n / 6 % 2 = 0,
       ?6, ?6
     FROM counted`,
  ).run(leads, first_id, campaign_id, first_step, second_step, WEDNESDAY, DAY_MS);
}

/** One sent mail for every enrollment that waits for its follow-up: what was sent must not be looked through either. */
function insertMessages({ db }: Ledger): void {
  db.query(
    `INSERT INTO messages (id, kind, state, campaign_id, lead_id, enrollment_id, step_id, inbox_id, recipient, subject, text,
       boot_id, attempts, quota_day, first_of_lead, queued_at, claimed_at, committed_at, sent_at, finished_at, response)
     SELECT id, 'step', 'sent', campaign_id, lead_id, id, step_id, inbox_id, 'lead@lead.test', 'Hello Lea', 'Step 1 for Lea.',
       1, 1, '2026-07-14', 1, last_sent_at, last_sent_at, last_sent_at, last_sent_at, last_sent_at, '250 2.0.0 taken'
     FROM enrollments
     WHERE inbox_id IS NOT NULL`,
  ).run();
}

/** `all_future`: all of them wait. `windows_closed`: all of them are due, on a Sunday. */
function prepare({ ledger, clock }: Town, one: Case): void {
  if (one === "all_future") {
    ledger.db.run("UPDATE enrollments SET state = 'waiting', ended_by = NULL, held_until = NULL");
    ledger.db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  if (one === "windows_closed") {
    clock.at = SUNDAY;
    ledger.db.run(`UPDATE inboxes SET read_at = ${SUNDAY}`);
  }
}

/** Microseconds of one look, over as many looks as fit into a sample. */
function sample(ledger: Ledger): number {
  const begin = performance.now();
  let looks = 0;
  do {
    sendRound(ledger, desk);
    looks++;
  } while (looks < LOOKS_MOST && performance.now() - begin < SAMPLE_MS);
  return ((performance.now() - begin) * 1000) / looks;
}

try {
  main();
} finally {
  workplace.rm();
}
