// How long a forecast takes: 90 days, 10,000 leads, three steps, ten inboxes, as the server makes it: a thread, a copy of
// the file, the engine's own rounds. And how long the server's own thread is held up meanwhile.
//   bun scripts/bench/forecast.ts [--rounds 3] [--leads 10000] [--days 90] [--inboxes 10]

import { join } from "node:path";

import { openForecasts } from "../../src/engine/forecast/forecasts.ts";
import { openTestClock } from "../../src/ledger/clock.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { makerOf } from "../../test/world/make.ts";
import { readCounts, report, spread } from "./figures.ts";
import { openBenchLedger, openWorkplace } from "./ledger.ts";

/** A Monday, 09:00 in Berlin. */
const START = Date.UTC(2026, 9, 19, 7);
const ZONES = ["Europe/Berlin", "America/New_York", "Europe/London", "America/Los_Angeles"];
const TICK_MS = 5;
const BUDGET_MS = 5000;

const workplace = openWorkplace("forecast");
try {
  await main();
} finally {
  workplace.rm();
}

async function main(): Promise<void> {
  const counts = readCounts({ rounds: 3, leads: 10_000, days: 90, inboxes: 10 });
  const path = join(workplace.dir, "ledger.db");
  const ledger = openBenchLedger({ path, clock: openTestClock(START) });
  const campaign_id = fill(ledger, counts);
  const wall: number[] = [];
  const cpu: number[] = [];
  const stall: number[] = [];
  let mails = 0;
  for (let round = 0; round < counts.rounds; round++) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would slow each other down
    const one = await forecastOnce(ledger, { campaign_id, days: counts.days });
    wall.push(one.wall_ms);
    cpu.push(one.cpu_ms);
    stall.push(one.stall_ms);
    mails = one.mails;
  }
  ledger.close();
  const wall_ms = spread(wall, 0);
  const { leads, days, inboxes } = counts;
  report("forecast", {
    leads,
    days,
    inboxes,
    mails,
    wall_ms,
    cpu_ms: spread(cpu, 0),
    longest_stall_ms: spread(stall, 1),
    budget_ms: BUDGET_MS,
    within_budget: wall_ms.median < BUDGET_MS,
  });
}

interface Sample {
  wall_ms: number;
  cpu_ms: number;
  /** The longest time in which the server's thread could do nothing else. */
  stall_ms: number;
  mails: number;
}

async function forecastOnce(
  ledger: Ledger,
  wish: { campaign_id: number; days: number },
): Promise<Sample> {
  // Others than the last time: an answer is kept for a moment.
  const forecasts = openForecasts();
  let last = performance.now();
  let stall_ms = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    stall_ms = Math.max(stall_ms, now - last - TICK_MS);
    last = now;
  }, TICK_MS);
  const [begin, before] = [performance.now(), process.cpuUsage()];
  const { sends } = await forecasts.make(ledger, wish);
  const wall_ms = performance.now() - begin;
  const { user, system } = process.cpuUsage(before);
  clearInterval(timer);
  forecasts.close();
  const mails = sends.reduce((sum, one) => sum + one.sends, 0);
  return { wall_ms, cpu_ms: (user + system) / 1000, stall_ms, mails };
}

function fill(ledger: Ledger, { leads, inboxes }: { leads: number; inboxes: number }): number {
  const make = makerOf(ledger);
  const inbox_ids = Array.from({ length: inboxes }, () => make.inbox());
  const { id } = make.campaign({
    inbox_ids,
    steps: [
      { body: "Hi {{ first_name }},\n\nI saw what your team does with it, and it is good." },
      { delay: "P3D", body: "{Hi|Hello} {{ first_name }}, did you see my mail?" },
      { delay: "P4D", body: 'One last word, {{ company | default: "friends" }}.' },
    ],
  });
  ledger.together(() => {
    for (let i = 0; i < leads; i++) {
      const timezone = ZONES[i % ZONES.length] ?? null;
      make.lead({ email: `lead${i}@company${i}.test`, timezone, campaign_id: id });
    }
  });
  return id;
}
