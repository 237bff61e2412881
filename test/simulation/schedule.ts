// Every zone, ten years, random windows: what core/ says about windows and days against an oracle that asks Intl only.
// One seed replays one run. Invariant 3: nothing outside the window, in any zone, over DST.
import { usedUpBudgets } from "../../src/core/quota.ts";
import { closesAt, isOpen, nextOpening, type SendWindow, WEEKDAYS } from "../../src/core/window.ts";
import { localDay, startOfNextDay } from "../../src/core/zones.ts";
import { type Chance, chanceOf, oneOf } from "../world/chance.ts";
import { DAY_MS, offsetReader, type Wall, wallOfZone } from "./zone-oracle.ts";

export interface ScheduleOptions {
  /** At least so many decisions over all zones. */
  decisions: number;
  seed: number;
  /** The first of the years. */
  from_year: number;
  years: number;
  zones?: readonly string[];
}

export interface ScheduleReport {
  zones: number;
  changes: number;
  decisions: number;
  violations: string[];
}

const MINUTE_MS = 60_000;
const HORIZON_DAYS = 400;
const VIOLATIONS_MOST = 20;
const SHOTS_A_WINDOW = 25;

const dateText = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);
const timeText = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

interface PlainWindow {
  days: ReadonlySet<number>;
  start: number;
  end: number;
  excluded: ReadonlySet<number>;
}

/** Holds all zones against the oracle. */
export function checkSchedule(options: ScheduleOptions): ScheduleReport {
  const zones = options.zones ?? Intl.supportedValuesOf("timeZone");
  const from = Date.UTC(options.from_year, 0, 1);
  const until = Date.UTC(options.from_year + options.years, 0, 1);
  const report: ScheduleReport = { zones: zones.length, changes: 0, decisions: 0, violations: [] };
  const share = Math.ceil(options.decisions / zones.length);
  for (const [i, zone] of zones.entries()) {
    const chance = chanceOf(options.seed * 100_003 + i);
    const wall = wallOfZone(zone, from, until);
    report.changes += wall.changes.length - 1;
    report.violations.push(...tableAgrees(zone, wall, { from, until, chance }));
    const enough = report.decisions + share;
    while (report.decisions < enough && report.violations.length < VIOLATIONS_MOST)
      checkWindow({ zone, wall, from, until, chance }, report);
  }
  return report;
}

interface Era {
  zone: string;
  wall: Wall;
  from: number;
  until: number;
  chance: Chance;
}

/** The oracle's own table, asked at random and on both sides of each change. */
function tableAgrees(
  zone: string,
  wall: Wall,
  { from, until, chance }: { from: number; until: number; chance: Chance },
): string[] {
  const read = offsetReader(zone);
  const instants = [
    ...Array.from({ length: 100 }, () => from + Math.floor(chance() * (until - from))),
    ...wall.changes.slice(1).flatMap(({ at }) => [at - 1000, at]),
  ];
  return instants
    .filter((at) => read(at) !== wall.offsetAt(at))
    .map((at) => `the oracle is wrong about ${zone} at ${new Date(at).toISOString()}`);
}

function checkWindow(era: Era, report: ScheduleReport): void {
  const { chance, wall, zone } = era;
  const { plain, window } = makeWindow(era);
  for (let shot = 0; shot < SHOTS_A_WINDOW; shot++) {
    const at = aim(era, plain);
    const lead_zone = window.timezone === "lead" ? zone : "UTC";
    const expected = opening(wall, plain, at);
    const said: [string, unknown, unknown][] = [
      ["isOpen", isOpen(window, lead_zone, at), expected.closes !== null],
      ["closesAt", closesAt(window, lead_zone, at), expected.closes],
      ["nextOpening", nextOpening(window, lead_zone, at), expected.opens],
      ["localDay", localDay(at, zone), dateText(wall.dayAt(at))],
      ["startOfNextDay", startOfNextDay(at, zone), wall.startOf(wall.dayAt(at) + 1)],
      ...budgets(era, at),
    ];
    report.decisions += said.length;
    for (const [what, got, wanted] of said)
      if (got !== wanted && report.violations.length < VIOLATIONS_MOST)
        report.violations.push(
          `${what} in ${zone} at ${new Date(at).toISOString()}: ${told(got)}, should be ${told(wanted)} (${JSON.stringify(window)})`,
        );
    if (chance() < 0.1) break;
  }
}

const told = (value: unknown) =>
  typeof value === "number" ? new Date(value).toISOString() : String(value);

/** Three decisions: whether the day's budget is used up, until when, and the hour's beside it. */
function budgets({ zone, wall, chance }: Era, at: number): [string, unknown, unknown][] {
  const limit = Math.floor(chance() * 5);
  const used = Math.floor(chance() * 6);
  const oldest = at - Math.floor(chance() * 3_600_000);
  const none = { inbox_hour: 0, campaign_day: 0, campaign_new_day: 0, company_day: 0 };
  const full = usedUpBudgets({
    now: at,
    zone,
    oldest_slot_at: oldest,
    used: { ...none, inbox_day: used, inbox_hour: used },
    limits: {
      inbox_day: limit,
      inbox_hour: limit + 1,
      campaign_day: null,
      campaign_new_day: null,
      company_day: null,
    },
  });
  const said = (budget: string) => full.find((one) => one.budget === budget)?.next_at ?? null;
  const day_full = used >= limit;
  return [
    ["the budgets used up", full.length, (day_full ? 1 : 0) + (used >= limit + 1 ? 1 : 0)],
    ["the day's next", said("inbox_day"), day_full ? wall.startOf(wall.dayAt(at) + 1) : null],
    ["the hour's next", said("inbox_hour"), used >= limit + 1 ? oldest + 3_600_000 : null],
  ];
}

/** An instant: near a change of the clocks, at an edge of the window, or anywhere; sometimes one ms beside it. */
function aim({ wall, from, until, chance }: Era, plain: PlainWindow): number {
  const anywhere = from + Math.floor(chance() * (until - from));
  const nudge = oneOf(chance, [0, 0, -1, 1, -1000, 1000, MINUTE_MS, -MINUTE_MS]);
  const changes = wall.changes.slice(1).filter(({ at }) => at > from && at < until);
  const kind = chance();
  if (changes.length > 0 && kind < 0.25) {
    const { at } = oneOf(chance, changes);
    return at + Math.floor((chance() - 0.5) * 3 * DAY_MS);
  }
  if (changes.length > 0 && kind < 0.4) return oneOf(chance, changes).at + nudge;
  const near = changes.length > 0 && kind < 0.6 ? oneOf(chance, changes).at : anywhere;
  const day = wall.dayAt(near) + Math.floor(chance() * 3) - 1;
  if (kind < 0.8) return wall.edge(day, chance() < 0.5 ? plain.start : plain.end % 1440) + nudge;
  return anywhere;
}

function makeWindow({ zone, wall, from, chance, until }: Era) {
  const hours = oneOf(chance, [
    [540, 1020],
    [0, 1440],
    [60 + Math.floor(chance() * 120), 121 + Math.floor(chance() * 180)],
    [Math.floor(chance() * 30), 31 + Math.floor(chance() * 60)],
    [1380 + Math.floor(chance() * 30), 1440],
    [Math.floor(chance() * 720), 721 + Math.floor(chance() * 720)],
  ]);
  const start = Math.min(hours[0] ?? 0, hours[1] ?? 0);
  const end = Math.max(start + 1, hours[0] ?? 0, hours[1] ?? 0);
  const numbers = WEEKDAYS.map((_, i) => i);
  const days = chance() < 0.3 ? numbers.slice(0, 5) : numbers.filter(() => chance() < 0.6);
  const excluded: number[] = [];
  const near = oneOf(chance, wall.changes.slice(1).concat({ at: from, offset: 0 })).at;
  while (chance() < 0.5)
    excluded.push(wall.dayAt(Math.min(until, near)) + Math.floor(chance() * 7) - 3);
  const plain: PlainWindow = { days: new Set(days), start, end, excluded: new Set(excluded) };
  const window: SendWindow = {
    timezone: chance() < 0.5 ? "lead" : zone,
    days: WEEKDAYS.filter((_, i) => days.includes(i)),
    start: timeText(start),
    end: timeText(end),
    exclude_dates: [...plain.excluded].map(dateText),
  };
  return { plain, window };
}

/** When it closes if it is open, and when it opens next (or the instant itself), by walking the dates of the wall. */
function opening(
  wall: Wall,
  window: PlainWindow,
  at: number,
): { closes: number | null; opens: number | null } {
  const today = wall.dayAt(at);
  const stretch = (day: number) => {
    // 1970-01-01 was a Thursday.
    const weekday = (((day + 3) % 7) + 7) % 7;
    if (!window.days.has(weekday) || window.excluded.has(day)) return null;
    const midnight = wall.startOf(day + 1);
    const opens = wall.edge(day, window.start);
    const closes = window.end === 1440 ? midnight : Math.min(midnight, wall.edge(day, window.end));
    return opens < closes ? { opens, closes } : null;
  };
  const now = stretch(today);
  const closes = now && now.opens <= at && at < now.closes ? now.closes : null;
  for (let day = today; day <= today + HORIZON_DAYS; day++) {
    const one = stretch(day);
    if (one && at < one.closes) return { closes, opens: Math.max(at, one.opens) };
  }
  return { closes, opens: null };
}
