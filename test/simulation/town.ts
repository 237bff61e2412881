// Who lives in a simulation: inboxes, campaigns that share them, leads in both; and what each was promised. All of it
// from the run's chance.
import type { SendWindow, Weekday } from "../../src/core/window.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { type Chance, oneOf } from "../world/chance.ts";
import { makerOf } from "../world/make.ts";
import type { Promised } from "./checks.ts";

// Both changes of 2026/27 in Europe and in America, a week with none, the end of a year.
const STARTS = [
  "2026-10-19T05:00Z",
  "2026-10-26T05:00Z",
  "2027-03-08T05:00Z",
  "2027-03-22T05:00Z",
  "2026-06-01T05:00Z",
  "2026-12-28T05:00Z",
  "2026-09-21T05:00Z",
];
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "America/Nuuk",
  "America/St_Johns",
  "Asia/Kolkata",
  "Asia/Tokyo",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "Africa/Cairo",
];
const WEEK: Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const HOURS: [string, string][] = [
  ["09:00", "17:00"],
  ["09:00", "17:00"],
  ["00:00", "24:00"],
  ["01:30", "03:15"],
  ["22:45", "24:00"],
  ["11:59", "12:31"],
];
const COMPANIES = ["one.test", "two.test", "three.test", "gmail.com"];

export interface Town {
  start: number;
  /** The workspace's zone. */
  zone: string;
}

export const pickTown = (chance: Chance): Town => ({
  start: Date.parse(oneOf(chance, STARTS)),
  zone: oneOf(chance, ZONES),
});

const whole = (chance: Chance, from: number, to: number) =>
  from + Math.floor(chance() * (to - from + 1));

/** Any window, as the promise of a campaign. */
export function pickWindow(chance: Chance, start: number): SendWindow {
  const [opens, closes] = oneOf(chance, HOURS);
  const excluded = Array.from({ length: whole(chance, 0, 2) }, () =>
    new Date(start + whole(chance, 0, 27) * 86_400_000).toISOString().slice(0, 10),
  );
  const days = oneOf(chance, [WEEK, WEEK.slice(0, 5), WEEK.filter(() => chance() < 0.7)]);
  return {
    timezone: chance() < 0.6 ? "lead" : oneOf(chance, ZONES),
    days: days.length > 0 ? days : WEEK,
    start: opens,
    end: closes,
    exclude_dates: [...new Set(excluded)],
  };
}

/** Limits of a campaign, as they may also be changed to. */
export const pickCampaignLimits = (chance: Chance) => ({
  daily_limit: whole(chance, 2, 15),
  daily_new_leads: chance() < 0.5 ? null : whole(chance, 1, 6),
  max_per_company_per_day: chance() < 0.6 ? null : whole(chance, 1, 2),
});

/** Limits of an inbox. */
export const pickInboxLimits = (chance: Chance) => ({
  daily_limit: whole(chance, 2, 12),
  hourly_limit: whole(chance, 1, 5),
  min_gap_seconds: oneOf(chance, [60, 300, 600, 1800]),
});

/** Fills a new ledger, and says what was promised to whom. */
export function furnish(ledger: Ledger, town: Town, chance: Chance): Promised {
  const make = makerOf(ledger);
  const promised: Promised = { inboxes: new Map(), campaigns: new Map(), zones: new Map() };
  const inbox_ids = Array.from({ length: whole(chance, 1, 3) }, (_, i) => {
    const email = `sender${i}@sender.test`;
    const limits = pickInboxLimits(chance);
    promised.inboxes.set(email, { email, ...limits });
    return make.inbox({ email, ...limits });
  });
  for (let i = whole(chance, 1, 2); i > 0; i--)
    addCampaign(ledger, promised, { inbox_ids, town, chance });
  for (let i = whole(chance, 3, 10); i > 0; i--) addLead(ledger, promised, chance);
  return promised;
}

interface Draft {
  inbox_ids: number[];
  town: Town;
  chance: Chance;
}

function addCampaign(ledger: Ledger, promised: Promised, { inbox_ids, town, chance }: Draft): void {
  const own = inbox_ids.filter(() => chance() < 0.7);
  const limits = pickCampaignLimits(chance);
  const send_window = pickWindow(chance, town.start);
  const cooldown_hours = oneOf(chance, [0, 6, 24]);
  const stops = chance() < 0.8;
  const delays = Array.from({ length: whole(chance, 1, 3) }, (_, i) =>
    i === 0 ? 0 : oneOf(chance, [0, 1, 24, 50]),
  );
  const made = makerOf(ledger).campaign({
    inbox_ids: own.length > 0 ? own : inbox_ids,
    steps: delays.map((hours) => ({ delay: `PT${hours}H` })),
    send_window,
    lead_cooldown: `PT${cooldown_hours}H`,
    stop_on_reply: stops,
    ...limits,
  });
  const campaign = { ...limits, ...made, send_window, cooldown_hours, delays, stops };
  promised.campaigns.set(made.id, campaign);
}

/** One more lead, in one campaign or in all. */
export function addLead(ledger: Ledger, promised: Promised, chance: Chance): void {
  const zone = oneOf(chance, ZONES);
  const email = `lead${promised.zones.size}@${oneOf(chance, COMPANIES)}`;
  const [first = 0, second] = [...promised.campaigns.keys()];
  const both = chance() < 0.5;
  // Before the ledger: a kill behind the commit must not leave a lead that nobody knows.
  promised.zones.set(email, zone);
  const lead_id = makerOf(ledger).lead({ email, timezone: zone, campaign_id: first });
  if (both && second !== undefined)
    ledger.write((tx) => enrollLead(ledger, tx, { campaign_id: second, lead_id }));
}
