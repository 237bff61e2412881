// Invariant 5: counters = counted events, always.
import { expect, test } from "bun:test";

import * as fc from "fast-check";

import { EVENT_COUNTERS, type EventName } from "../../src/core/events.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { auditOf } from "../world/audit.ts";
import { openTestHouse } from "../world/house.ts";
import { makerOf } from "../world/make.ts";
import { wallOf } from "../world/oracle.ts";

const DAY_MS = 86_400_000;

interface Counted {
  day: string;
  metric: string;
  campaign_id: number;
  step_id: number;
  inbox_id: number;
}

const keyOf = ({ day, metric, campaign_id, step_id, inbox_id }: Counted) =>
  [day, metric, campaign_id, step_id, inbox_id].join(" ");

/** The counters as the events alone would have them. */
function countedEvents({ db }: Ledger, zone: string): Map<string, number> {
  const sums = new Map<string, number>();
  const rows = db
    .query<Omit<Counted, "day" | "metric"> & { event: EventName; created_at: number }, []>(
      `SELECT event, created_at, coalesce(campaign_id, 0) AS campaign_id, coalesce(step_id, 0) AS step_id,
         coalesce(inbox_id, 0) AS inbox_id FROM events`,
    )
    .all();
  for (const { event, created_at, ...subject } of rows) {
    const metric = EVENT_COUNTERS[event];
    if (metric === null) continue;
    const key = keyOf({ ...subject, metric, day: wallOf(created_at, zone).day });
    sums.set(key, (sums.get(key) ?? 0) + 1);
  }
  return sums;
}

function counters({ db }: Ledger): Map<string, number> {
  const rows = db
    .query<Counted & { n: number }, []>(
      `SELECT day, metric, campaign_id, step_id, inbox_id, sum(n) AS n
       FROM counters GROUP BY day, metric, campaign_id, step_id, inbox_id`,
    )
    .all();
  return new Map(rows.map((row) => [keyOf(row), row.n]));
}

const sorted = (sums: Map<string, number>) =>
  [...sums].map(([key, n]) => `${key}: ${n}`).toSorted((a, b) => a.localeCompare(b));

test("whatever the leads of random campaigns do, every counter is the number of its events on that local day", async () => {
  const people = [
    "lea",
    "reply+interested",
    "reply+question",
    "unsubscribe",
    "ooo",
    "bounce+hard",
    "bounce+soft",
    "sender-fault",
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...people), { minLength: 1, maxLength: 8 }),
      fc.array(fc.constantFrom("PT1H", "P1D", "P3D"), { maxLength: 2 }),
      fc.array(fc.integer({ min: 1, max: 5 * 24 }), { minLength: 1, maxLength: 4 }),
      async (names, delays, hours) => {
        const house = await openTestHouse();
        try {
          const ledger = house.test_ledger;
          const make = makerOf(ledger);
          const campaign = make.campaign({
            inbox_ids: [make.inbox({ email: "ana@sender.test", min_gap_seconds: 60 })],
            steps: [{}, ...delays.map((delay) => ({ delay }))],
          });
          for (const [i, name] of names.entries())
            make.lead({ email: `${name}@lead${i}.test`, campaign_id: campaign.id });
          const check = () => {
            expect(sorted(counters(ledger))).toEqual(
              sorted(countedEvents(ledger, "Europe/Berlin")),
            );
            expect(auditOf(ledger)).toEqual([]);
          };
          for (const hour of hours) {
            await house.engine.advance(ledger, ledger.clock.now() + hour * 3_600_000);
            check();
          }
          await house.engine.advance(ledger, ledger.clock.now() + 20 * DAY_MS);
          check();
          expect(counters(ledger).size).toBeGreaterThan(0);
        } finally {
          await house.close();
        }
      },
    ),
    { numRuns: 15 },
  );
});

test("a transaction that fails leaves neither the event nor the count", async () => {
  const house = await openTestHouse();
  const ledger = house.test_ledger;
  const make = makerOf(ledger);
  const campaign = make.campaign({ inbox_ids: [make.inbox()] });
  make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
  ledger.db.run(
    "CREATE TRIGGER full BEFORE INSERT ON counters BEGIN SELECT raise(ABORT, 'disk full'); END",
  );
  await house.engine.advance(ledger, ledger.clock.now() + 7 * DAY_MS);
  expect(ledger.db.query("SELECT event FROM events").all()).toEqual([]);
  expect(ledger.db.query("SELECT state FROM messages").all()).toEqual([{ state: "committed" }]);
  await house.close();
});
