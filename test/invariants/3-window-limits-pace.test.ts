// Invariant 3: nothing is sent outside the lead's window, above a limit or faster than the pace, in any zone, over DST,
// sleep and clock jumps. Random worlds over two weeks in which clocks change, against a brute-force oracle.
import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { parseId } from "../../src/core/ids.ts";
import type { SendWindow, Weekday } from "../../src/core/window.ts";
import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { auditOf } from "../world/audit.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  MONDAY,
  openEngineRoom,
} from "../world/engine-room.ts";
import {
  serverThatAnswersTheDotWith,
  serverThatCannotBeReached,
  serverThatDropsTheMailSilently,
  serverThatGreylists,
  serverThatIsSlow,
  serverThatNeverAnswersAfterTheDot,
  serverThatRefusesTheRecipient,
  type Vice,
} from "../world/mail-vices.ts";
import {
  brokenPromises,
  type PromisedCampaign,
  type PromisedInbox,
  type Witnessed,
} from "../world/oracle.ts";

// Clocks of Europe go back on 25 October 2026, those of North America on 1 November; Lord Howe's went ahead by half an
// hour before.
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "America/Nuuk",
  "America/St_Johns",
  "Asia/Kolkata",
  "Asia/Tokyo",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
];
const DAYS: Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DATES = ["2026-10-21", "2026-10-25", "2026-10-26", "2026-11-01"];

const windows = fc.record({
  timezone: fc.constantFrom("lead", "lead", ...ZONES),
  days: fc.oneof(
    fc.constant(DAYS),
    fc.constant(DAYS.slice(0, 5)),
    fc.subarray(DAYS, { minLength: 2 }),
  ),
  hours: fc.constantFrom(
    ["09:00", "17:00"],
    ["00:00", "24:00"],
    ["01:30", "03:15"],
    ["22:45", "24:00"],
    ["11:59", "12:31"],
  ),
  exclude_dates: fc.subarray(DATES, { maxLength: 2 }),
});
const inboxes = fc.record({
  daily_limit: fc.integer({ min: 1, max: 12 }),
  hourly_limit: fc.integer({ min: 1, max: 5 }),
  min_gap_seconds: fc.constantFrom(60, 300, 600, 1800),
});
const campaigns = fc.record({
  window: windows,
  daily_limit: fc.integer({ min: 2, max: 15 }),
  daily_new_leads: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }),
  max_per_company_per_day: fc.option(fc.integer({ min: 1, max: 2 }), { nil: null }),
  cooldown_hours: fc.constantFrom(0, 6, 24),
  delays: fc.array(fc.constantFrom(0, 1, 24, 50), { minLength: 1, maxLength: 3 }),
});
const leads = fc.array(
  fc.record({
    company: fc.constantFrom("one.test", "two.test", "three.test", "gmail.com"),
    zone: fc.constantFrom(...ZONES),
    in_both: fc.boolean(),
  }),
  { minLength: 2, maxLength: 14 },
);
/** What the servers do with the mails, in turn, and naps: the program does not run for so many hours. */
const weather = fc.array(fc.nat(14), { maxLength: 20 });
const naps = fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 3 });

const VICES: Record<number, () => Vice> = {
  0: serverThatGreylists,
  1: serverThatCannotBeReached,
  2: serverThatDropsTheMailSilently,
  3: serverThatNeverAnswersAfterTheDot,
  4: () => serverThatRefusesTheRecipient("552 5.2.2 Mailbox full"),
  5: () => serverThatAnswersTheDotWith("451 4.3.0 Try again later"),
};
/** A body that takes its time: the clock goes on between claim and commit. */
const SLOW = new Set([6, 7, 8]);

interface Plan {
  inboxes: Omit<PromisedInbox, "email">[];
  campaigns: (Omit<PromisedCampaign, "id" | "send_window"> & {
    window: Omit<SendWindow, "start" | "end"> & { hours: readonly string[] };
  })[];
  leads: { company: string; zone: string; in_both: boolean }[];
}

interface Promised {
  inboxes: Map<string, PromisedInbox>;
  campaigns: Map<number, PromisedCampaign & { step_ids: number[] }>;
  zones: Map<string, string>;
}

function furnish(room: EngineRoom, plan: Plan): Promised {
  const promised: Promised = { inboxes: new Map(), campaigns: new Map(), zones: new Map() };
  const inbox_ids = plan.inboxes.map((limits, i) => {
    const email = `sender${i}@sender.test`;
    promised.inboxes.set(email, { email, ...limits });
    return room.make.inbox({ email, ...limits });
  });
  for (const { window, delays, cooldown_hours, ...limits } of plan.campaigns) {
    const { hours, ...rest } = window;
    const send_window = { ...rest, start: hours[0] ?? "", end: hours[1] ?? "" };
    const steps = delays.map((hours_later, i) => ({
      delay: i === 0 ? "PT0S" : `PT${hours_later}H`,
    }));
    const lead_cooldown = `PT${cooldown_hours}H`;
    const made = room.make.campaign({ inbox_ids, steps, send_window, lead_cooldown, ...limits });
    promised.campaigns.set(made.id, {
      ...limits,
      ...made,
      send_window,
      cooldown_hours,
      delays: [0, ...delays.slice(1)],
    });
  }
  const [first = 0, second = first] = [...promised.campaigns.keys()];
  for (const [i, { company, zone, in_both }] of plan.leads.entries()) {
    const email = `lead${i}@${company}`;
    promised.zones.set(email, zone);
    const lead_id = room.make.lead({ email, timezone: zone, campaign_id: first });
    if (in_both && second !== first) {
      const { ledger } = room;
      ledger.write((tx) => enrollLead(ledger, tx, { campaign_id: second, lead_id }));
    }
  }
  return promised;
}

/** What the servers took over or let vanish, as what it was. */
function witnessed(room: EngineRoom, promised: Promised): Witnessed[] {
  const find = room.ledger.db.query<{ campaign_id: number; step_id: number }, [number]>(
    "SELECT campaign_id, step_id FROM messages WHERE id = ?",
  );
  return [...room.world.taken, ...room.world.lost].map(({ at, from, to, imail_id }) => {
    const message = find.get(parseId("msg", imail_id) ?? 0);
    const campaign = promised.campaigns.get(message?.campaign_id ?? 0);
    const inbox = promised.inboxes.get(from);
    if (!message || !campaign || !inbox) throw new Error(`a mail to ${to} that nobody ordered`);
    return {
      at,
      inbox,
      campaign,
      lead: { email: to, zone: promised.zones.get(to) ?? "" },
      step: campaign.step_ids.indexOf(message.step_id),
    };
  });
}

test("in random worlds over two weeks with a DST change no promise is broken, and every lead is mailed in the end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        inboxes: fc.array(inboxes, { minLength: 1, maxLength: 2 }),
        campaigns: fc.array(campaigns, { minLength: 1, maxLength: 2 }),
        leads,
      }),
      fc.record({ weather, naps, zone: fc.constantFrom(...ZONES), seed: fc.nat(1e6) }),
      async (plan, { weather: vices, naps: hours, zone, seed }) => {
        const room = openEngineRoom({ zone, seed, start: MONDAY - HOUR_MS });
        try {
          const promised = furnish(room, plan);
          const slow = serverThatIsSlow(() => room.clock.moveBy(4 * MINUTE_MS));
          room.world.next(
            ...vices.map((vice) => (SLOW.has(vice) ? slow : (VICES[vice]?.() ?? {}))),
          );
          for (const nap of hours) {
            await room.play(2 * DAY_MS);
            room.clock.moveBy(nap * HOUR_MS);
          }
          await room.play(14 * DAY_MS);
          reconnect(room);
          await room.play(150 * DAY_MS);
          expect(brokenPromises(witnessed(room, promised), zone)).toEqual([]);
          expect(auditOf(room.ledger)).toEqual([]);
          const open = "SELECT state, blocked_by FROM enrollments WHERE ended_by IS NULL";
          expect(room.ledger.db.query(open).all()).toEqual([]);
        } finally {
          room.close();
        }
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

/** Somebody looks after the inboxes that were lost on the way. */
function reconnect(room: EngineRoom): void {
  room.ledger.db.run("UPDATE inboxes SET state = 'active', failures = 0, failing_since = NULL");
}

/** One inbox, one campaign, twenty leads. */
const openRoom = (
  limits: Parameters<EngineRoom["make"]["inbox"]>[0],
  settings: Partial<Parameters<EngineRoom["make"]["campaign"]>[0]> = {},
  emails = Array.from({ length: 20 }, (_, i) => `lead${i}@company${i}.test`),
) => {
  const room = openEngineRoom();
  const inbox_ids = [room.make.inbox({ min_gap_seconds: 60, ...limits })];
  const campaign = room.make.campaign({ inbox_ids, ...settings });
  const ids = emails.map((email) => room.make.lead({ email, campaign_id: campaign.id }));
  return { room, ids };
};

describe("limits", () => {
  test("of a day: so many and no more, and the rest on the next working day", async () => {
    const { room } = openRoom({ daily_limit: 7, hourly_limit: 100 });
    await room.play(DAY_MS - HOUR_MS);
    expect(room.world.taken).toHaveLength(7);
    await room.play(DAY_MS);
    expect(room.world.taken).toHaveLength(14);
    room.close();
  });

  test("of a day: a mail that is under way at midnight goes on the next day's account", async () => {
    const send_window = { timezone: "America/Los_Angeles", days: DAYS };
    const { room } = openRoom({ daily_limit: 1 }, { send_window });
    room.clock.moveTo(Date.UTC(2026, 9, 19, 21, 58));
    room.world.next(serverThatIsSlow(() => room.clock.moveBy(4 * MINUTE_MS)));
    await room.play(2 * HOUR_MS);
    expect(room.world.taken).toHaveLength(1);
    expect(auditOf(room.ledger)).toEqual([]);
    room.close();
  });

  test("of an hour: in no stretch of 60 minutes more than that", async () => {
    const { room } = openRoom({ hourly_limit: 3 });
    await room.play(7 * HOUR_MS);
    const at = room.world.taken.map((mail) => mail.at);
    expect(at.length).toBeGreaterThan(15);
    for (const instant of at)
      expect(
        at.filter((other) => other > instant - HOUR_MS && other <= instant).length,
      ).toBeLessThanOrEqual(3);
    room.close();
  });

  test("of new leads: follow-ups go on when no new lead may", async () => {
    const settings = { daily_new_leads: 3, steps: [{}, { delay: "PT1H" }] };
    const { room } = openRoom({ hourly_limit: 100 }, settings);
    await room.play(7 * HOUR_MS);
    expect(room.world.taken).toHaveLength(6);
    room.close();
  });

  test("of new leads: one whose first step failed does not keep the follow-ups of others from going", async () => {
    const settings = { daily_new_leads: 1, steps: [{}, { delay: "PT1H" }] };
    const { room, ids } = openRoom({ hourly_limit: 100 }, settings, ["a@a.test", "b@b.test"]);
    room.world.next({
      before_dot: {
        outcome: "rejected",
        response: "552 5.2.2 Mailbox full",
        code: 552,
        enhanced: "5.2.2",
        after_dot: false,
      },
    });
    await room.play(7 * HOUR_MS);
    expect(room.world.takenBy("b@b.test")).toHaveLength(2);
    expect(room.world.takenBy("a@a.test")).toHaveLength(0);
    await room.play(DAY_MS);
    expect(room.world.takenBy("a@a.test")).toHaveLength(1);
    expect(room.enrollment(ids[0] ?? 0)).toMatchObject({ state: "completed", sent_count: 1 });
    room.close();
  });

  test("of a company: two a day, and the others are not held up", async () => {
    const emails = [...Array.from({ length: 6 }, (_, i) => `p${i}@same.test`), "x@other.test"];
    const { room } = openRoom({ hourly_limit: 100 }, { max_per_company_per_day: 2 }, emails);
    await room.play(7 * HOUR_MS);
    expect(room.world.taken.map(({ to }) => to)).toEqual([
      "p0@same.test",
      "p1@same.test",
      "x@other.test",
    ]);
    await room.play(2 * DAY_MS);
    expect(room.world.taken).toHaveLength(7);
    room.close();
  });

  test("only mails that were accepted count", async () => {
    const { room } = openRoom({ daily_limit: 4, hourly_limit: 100 });
    const later = "451 4.3.0 later";
    const deferred = {
      outcome: "deferred",
      response: later,
      code: 451,
      enhanced: "4.3.0",
    } as const;
    room.world.next(
      { before_dot: { ...deferred, after_dot: false } },
      { after_dot: { ...deferred, after_dot: true }, takes: false },
      serverThatCannotBeReached(),
    );
    await room.play(7 * HOUR_MS);
    expect(room.world.taken).toHaveLength(4);
    expect(auditOf(room.ledger)).toEqual([]);
    room.close();
  });
});

describe("the cool-down of a lead", () => {
  test("holds between two campaigns, also when two inboxes claim in the same round", async () => {
    const room = openEngineRoom();
    const made = ["ana@sender.test", "ben@sender.test"].map((email) =>
      room.make.campaign({ inbox_ids: [room.make.inbox({ email })], lead_cooldown: "P1D" }),
    );
    const lead_id = room.make.lead({ email: "lea@lead.test", campaign_id: made[0]?.id ?? 0 });
    const { ledger } = room;
    ledger.write((tx) => enrollLead(ledger, tx, { campaign_id: made[1]?.id ?? 0, lead_id }));
    await room.play(3 * DAY_MS);
    const [one, other] = room.world.taken;
    expect(room.world.taken).toHaveLength(2);
    expect((other?.at ?? 0) - (one?.at ?? 0)).toBeGreaterThanOrEqual(DAY_MS);
    room.close();
  });
});

describe("the pace", () => {
  test("keeps at least 75 % of the gap and about the gap itself", async () => {
    const room = openEngineRoom();
    const campaign = room.make.campaign({ inbox_ids: [room.make.inbox({ hourly_limit: 100 })] });
    for (let i = 0; i < 40; i++)
      room.make.lead({ email: `lead${i}@company${i}.test`, campaign_id: campaign.id });
    await room.play(7 * HOUR_MS);
    const gaps = room.world.taken.slice(1).map(({ at }, i) => at - (room.world.taken[i]?.at ?? 0));
    expect(gaps.length).toBeGreaterThan(30);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(450_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(750_000);
    room.close();
  });

  test("holds after three days of sleep: what was missed is gone, nothing bursts", async () => {
    const room = openEngineRoom();
    const campaign = room.make.campaign({ inbox_ids: [room.make.inbox()] });
    for (let i = 0; i < 60; i++)
      room.make.lead({ email: `lead${i}@company${i}.test`, campaign_id: campaign.id });
    await room.play(20 * MINUTE_MS);
    const before = room.world.taken.length;
    room.clock.moveBy(3 * DAY_MS);
    await room.play(30 * MINUTE_MS);
    expect(room.world.taken.length - before).toBeLessThanOrEqual(5);
    room.close();
  });

  test("holds when the clock is set back: nothing goes early, and nothing hangs for ever", async () => {
    const room = openEngineRoom();
    const campaign = room.make.campaign({ inbox_ids: [room.make.inbox()] });
    for (let i = 0; i < 5; i++)
      room.make.lead({ email: `lead${i}@company${i}.test`, campaign_id: campaign.id });
    await room.run();
    room.clock.moveBy(-HOUR_MS / 2);
    await room.run();
    expect(room.world.taken).toHaveLength(1);
    await room.play(3 * HOUR_MS);
    expect(room.world.taken).toHaveLength(5);
    room.close();
  });
});
