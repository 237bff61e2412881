// Invariant 4: every lead that may be mailed is mailed in the end; every lead that is not has an explanation that says
// why, and what it says is true: no mail before the instant that it tells, and then the named gate fails no more.
import { expect, test } from "bun:test";

import * as fc from "fast-check";

import type { EnrollmentExplanation, Reason } from "../../src/core/explanation.ts";
import { setCampaignState } from "../../src/resources/campaigns/store.ts";
import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { pause, resume } from "../../src/resources/enrollments/store.ts";
import { updateLead } from "../../src/resources/leads/store.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, MONDAY, openEngineRoom } from "../world/engine-room.ts";
import { explainedOf, openWitness, playWatched, type Teller } from "../world/explained.ts";
import {
  serverThatAnswersTheDotWith,
  serverThatDropsTheMailSilently,
  serverThatGreylists,
  serverThatNeverAnswersAfterTheDot,
  type Vice,
} from "../world/mail-vices.ts";

const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"];

const plans = fc.record({
  inboxes: fc.array(
    fc.record({
      daily_limit: fc.integer({ min: 1, max: 6 }),
      hourly_limit: fc.integer({ min: 1, max: 3 }),
      min_gap_seconds: fc.constantFrom(60, 600, 3600),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  campaigns: fc.array(
    fc.record({
      hours: fc.constantFrom(["09:00", "17:00"], ["00:00", "24:00"], ["11:59", "12:31"]),
      timezone: fc.constantFrom("lead", "lead", "Asia/Tokyo"),
      daily_limit: fc.integer({ min: 1, max: 6 }),
      daily_new_leads: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
      max_per_company_per_day: fc.option(fc.constant(1), { nil: null }),
      cooldown_hours: fc.constantFrom(0, 6, 30),
      delays: fc.array(fc.constantFrom(1, 24, 50), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  leads: fc.array(
    fc.record({
      company: fc.constantFrom("one.test", "two.test"),
      zone: fc.constantFrom(...ZONES),
      in_both: fc.boolean(),
      fate: fc.constantFrom("", "", "", "nameless", "paused", "suppressed"),
    }),
    { minLength: 1, maxLength: 7 },
  ),
  weather: fc.array(fc.nat(8), { maxLength: 12 }),
  naps: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 2 }),
  zone: fc.constantFrom(...ZONES),
  seed: fc.nat(1e6),
});
type Plan = typeof plans extends fc.Arbitrary<infer P> ? P : never;

const VICES: Record<number, () => Vice> = {
  0: serverThatGreylists,
  1: serverThatNeverAnswersAfterTheDot,
  2: () => serverThatAnswersTheDotWith("451 4.3.0 Try again later"),
  3: serverThatDropsTheMailSilently,
};

/** Makes the world of a plan; the ids of its leads and campaigns. */
function furnish(room: EngineRoom, plan: Plan): { leads: number[]; campaigns: number[] } {
  const { ledger } = room;
  const inbox_ids = plan.inboxes.map((limits, i) =>
    room.make.inbox({ email: `sender${i}@sender.test`, ...limits }),
  );
  const campaigns = plan.campaigns.map(({ hours, timezone, delays, cooldown_hours, ...limits }) => {
    const [start = "", end = ""] = hours;
    const steps = [{}, ...delays.map((later) => ({ delay: `PT${later}H` }))];
    const lead_cooldown = `PT${cooldown_hours}H`;
    const send_window = { timezone, start, end };
    return room.make.campaign({ inbox_ids, steps, send_window, lead_cooldown, ...limits }).id;
  });
  const [first = 0, second = first] = campaigns;
  const leads = plan.leads.map(({ company, zone, in_both, fate }, i) => {
    const email = `lead${i}@${company}`;
    const first_name = fate === "nameless" ? null : "Lea";
    const lead_id = room.make.lead({ email, first_name, timezone: zone, campaign_id: first });
    ledger.write((tx) => {
      if (in_both && second !== first) enrollLead(ledger, tx, { campaign_id: second, lead_id });
      if (fate === "paused") pause(tx, room.enrollment(lead_id).id, "api");
      if (fate === "suppressed")
        suppress(ledger, tx, {
          kind: "address",
          value: email,
          reason: "manual",
          source: "test",
          evidence: null,
        });
    });
    return lead_id;
  });
  return { leads, campaigns };
}

/** Somebody does what the reasons ask for. */
function help(room: EngineRoom, plan: Plan, leads: readonly number[]): void {
  const { ledger } = room;
  for (const [i, lead_id] of leads.entries()) {
    const fate = plan.leads[i]?.fate;
    const lead = room.lead(lead_id);
    ledger.write((tx) => {
      if (fate === "paused") resume(tx, room.enrollment(lead_id).id);
      if (fate === "nameless" && lead) {
        updateLead(tx, lead_id, { ...lead, first_name: "Lea" });
        tx.db.run(
          "UPDATE enrollments SET blocked_until = NULL, blocked_by = NULL WHERE lead_id = ?",
          [lead_id],
        );
      }
    });
  }
}

async function live(
  plan: Plan,
  teller: Teller,
): Promise<{ room: EngineRoom; lies: string[]; count: number }> {
  const room = openEngineRoom({ zone: plan.zone, seed: plan.seed, start: MONDAY - HOUR_MS });
  const { leads, campaigns } = furnish(room, plan);
  const witness = openWitness(room, leads, teller);
  room.world.next(...plan.weather.map((vice) => VICES[vice]?.() ?? {}));
  for (const nap of plan.naps) {
    await playWatched(room, witness, room.clock.now() + DAY_MS);
    room.clock.moveBy(nap * HOUR_MS);
  }
  await playWatched(room, witness, room.clock.now() + 3 * DAY_MS);
  const [first = 0] = campaigns;
  // A pause is one row: all who wait are told, and nobody is mailed until it is taken back.
  room.ledger.write((tx) =>
    setCampaignState(tx, first, "paused", { by: "api", reason: "paused by a request" }),
  );
  witness.forget();
  await playWatched(room, witness, room.clock.now() + DAY_MS);
  room.ledger.write((tx) => setCampaignState(tx, first, "active", null));
  help(room, plan, leads);
  witness.forget();
  await playWatched(room, witness, room.clock.now() + 20 * DAY_MS);
  return { room, lies: witness.lies, count: witness.count() };
}

test("in random worlds everyone who is not mailed is told why and when, it is true, and in the end all are mailed", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { room, lies } = await live(plan, explainedOf);
      try {
        expect(lies).toEqual([]);
        await room.play(90 * DAY_MS);
        expect(auditOf(room.ledger)).toEqual([]);
        const open = "SELECT state, blocked_by FROM enrollments WHERE ended_by IS NULL";
        expect(room.ledger.db.query(open).all()).toEqual([]);
        // A mail that was put off for 24 hours is given up: nothing else keeps a lead from its mails.
        const lost = `SELECT count(*) AS n FROM enrollments e WHERE ended_by = 'last_step' AND sent_count = 0
                      AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.enrollment_id = e.id AND m.state = 'failed')`;
        expect(room.ledger.db.query(lost).get()).toEqual({ n: 0 });
      } finally {
        room.close();
      }
    }),
    { numRuns: 15 },
  );
}, 120_000);

/** A world in which every kind of instant is told: window, pace, limits, delays. */
const PLAN: Plan = {
  inboxes: [{ daily_limit: 2, hourly_limit: 1, min_gap_seconds: 600 }],
  campaigns: [
    {
      hours: ["09:00", "17:00"],
      timezone: "lead",
      daily_limit: 6,
      daily_new_leads: null,
      max_per_company_per_day: 1,
      cooldown_hours: 0,
      delays: [24],
    },
  ],
  leads: [
    { company: "one.test", zone: "Europe/Berlin", in_both: false, fate: "" },
    { company: "one.test", zone: "Europe/Berlin", in_both: false, fate: "" },
    { company: "two.test", zone: "America/New_York", in_both: false, fate: "paused" },
  ],
  weather: [],
  naps: [],
  zone: "Europe/Berlin",
  seed: 1,
};

type Change = (one: EnrollmentExplanation, now: number) => EnrollmentExplanation;

const telling =
  (change: Change): Teller =>
  (room, lead_id) =>
    explainedOf(room, lead_id).map((one) => change(one, room.clock.now()));

const changed = ({ gates }: EnrollmentExplanation, change: Partial<Reason>): Reason[] =>
  gates.map((gate) => Object.assign({}, gate, change));

test("the truth is told of a world that the liars below are tried on", async () => {
  const { room, lies, count } = await live(PLAN, explainedOf);
  room.close();
  expect(lies).toEqual([]);
  expect(count).toBeGreaterThan(50);
}, 60_000);

test.each<[string, Teller, RegExp]>([
  [
    "an instant that is an hour too late",
    telling((one) => ({ ...one, next_at: one.next_at === null ? null : one.next_at + HOUR_MS })),
    /was mailed at .* not before/,
  ],
  [
    "an instant that has passed",
    telling((one, now) => ({ ...one, next_at: one.next_at === null ? null : now })),
    /may go at .* and does not/,
  ],
  [
    "a gate that is said to open when it does not",
    telling((one, now) => ({ ...one, gates: changed(one, { next_at: now }) })),
    /fails still at/,
  ],
  [
    "no instant where one can be told",
    telling((one) => ({ ...one, next_at: null, gates: changed(one, { waits_for: "person" }) })),
    /was mailed at .* not before never/,
  ],
  ["no reason at all", telling((one) => ({ ...one, gates: [] })), /without a reason/],
])(
  "a liar is found out who tells %s",
  async (_what, teller, sign) => {
    const { room, lies } = await live(PLAN, teller);
    room.close();
    expect(lies.join("\n")).toMatch(sign);
  },
  60_000,
);
