// What the sender was promised, looked up by brute force: windows by Intl, limits by counting, gaps by subtraction.
// It shares no code with the engine, so a misreading of a rule does not stand in both.
import { HOUR_MS } from "./engine-room.ts";

export interface PromisedWindow {
  timezone: string;
  days: readonly string[];
  start: string;
  end: string;
  exclude_dates: readonly string[];
}

export interface PromisedInbox {
  email: string;
  daily_limit: number;
  hourly_limit: number;
  min_gap_seconds: number;
}

export interface PromisedCampaign {
  id: number;
  send_window: PromisedWindow;
  daily_limit: number;
  daily_new_leads: number | null;
  max_per_company_per_day: number | null;
  cooldown_hours: number;
  /** Hours after the step before. */
  delays: readonly number[];
}

/** A mail that a server took over, and what it was. */
export interface Witnessed {
  at: number;
  inbox: PromisedInbox;
  campaign: PromisedCampaign;
  lead: { email: string; zone: string };
  /** Which step, from 0. */
  step: number;
}

const MINUTE_MS = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock on the wall shows: `2026-10-25`, `sun`, `02:30`. */
export function wallOf(at: number, zone: string): { day: string; weekday: string; time: string } {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  formats.set(zone, format);
  const parts = Object.fromEntries(
    format.formatToParts(at).map(({ type, value }) => [type, value]),
  );
  return {
    day: `${parts["year"]}-${parts["month"]}-${parts["day"]}`,
    weekday: (parts["weekday"] ?? "").toLowerCase(),
    time: `${parts["hour"]}:${parts["minute"]}`,
  };
}

/** Every promise that these mails break, as sentences. `zone` is the workspace's. */
export function brokenPromises(mails: readonly Witnessed[], zone: string): string[] {
  const sorted = mails.toSorted((one, other) => one.at - other.at);
  return sorted.flatMap((mail, i) => {
    const before = sorted.slice(0, i);
    return windowBroken(mail).concat(limitsBroken(mail, before, zone), orderBroken(mail, before));
  });
}

const told = ({ at, lead, step }: Witnessed) =>
  `${new Date(at).toISOString()} ${lead.email} step ${step + 1}`;

function windowBroken(mail: Witnessed): string[] {
  const window = mail.campaign.send_window;
  const zone = window.timezone === "lead" ? mail.lead.zone : window.timezone;
  const { day, weekday, time } = wallOf(mail.at, zone);
  const is_day = window.days.includes(weekday) && !window.exclude_dates.includes(day);
  const open = is_day && (isWithin(window, time) || isOpenedAndNotClosed(mail, window, zone));
  return open ? [] : [`${told(mail)}: sent at ${weekday} ${day} ${time} in ${zone}`];
}

const isWithin = ({ start, end }: PromisedWindow, time: string) => start <= time && time < end;

/** Clocks that go back show an hour twice: an edge in it is its first time, so the day so far decides, minute by minute. */
function isOpenedAndNotClosed({ at }: Witnessed, window: PromisedWindow, zone: string): boolean {
  const { day } = wallOf(at, zone);
  let [has_opened, has_closed] = [false, false];
  for (let earlier = at; wallOf(earlier, zone).day === day; earlier -= MINUTE_MS) {
    const { time } = wallOf(earlier, zone);
    has_opened ||= window.start <= time;
    has_closed ||= window.end <= time;
  }
  return has_opened && !has_closed;
}

/** Whoever writes from a free mail provider belongs to no company. */
function companyOf({ lead }: Witnessed): string | null {
  const domain = lead.email.split("@")[1] ?? "";
  return domain === "gmail.com" ? null : domain;
}

function limitsBroken(mail: Witnessed, before: readonly Witnessed[], zone: string): string[] {
  const { inbox, campaign, at } = mail;
  const today = wallOf(at, zone).day;
  const ofInbox = before.filter((other) => other.inbox.email === inbox.email);
  const ofDay = before.filter((other) => wallOf(other.at, zone).day === today);
  const ofCampaign = ofDay.filter((other) => other.campaign.id === campaign.id);
  const company = companyOf(mail);
  const last = ofInbox.at(-1);
  const rules: [string, number, number | null][] = [
    [
      "inbox per day",
      ofDay.filter((one) => one.inbox.email === inbox.email).length,
      inbox.daily_limit,
    ],
    ["inbox per hour", ofInbox.filter((one) => one.at > at - HOUR_MS).length, inbox.hourly_limit],
    ["campaign per day", ofCampaign.length, campaign.daily_limit],
    [
      "company per day",
      ofCampaign.filter((one) => companyOf(one) === company).length,
      company === null ? null : campaign.max_per_company_per_day,
    ],
  ];
  if (isFirst(mail, before))
    rules.push([
      "new leads per day",
      ofCampaign.filter((one) => isFirst(one, before.slice(0, before.indexOf(one)))).length,
      campaign.daily_new_leads,
    ]);
  const shortest = 0.75 * 1000 * inbox.min_gap_seconds;
  return [
    ...rules.flatMap(([name, used, limit]) =>
      limit !== null && used >= limit ? [`${told(mail)}: ${name}, ${used} of ${limit} before`] : [],
    ),
    ...(last && at - last.at < shortest
      ? [`${told(mail)}: ${at - last.at} ms after the mail before it, at least ${shortest}`]
      : []),
  ];
}

const sameLead = (one: Witnessed, other: Witnessed) =>
  one.campaign.id === other.campaign.id && one.lead.email === other.lead.email;

function isFirst(mail: Witnessed, before: readonly Witnessed[]): boolean {
  return !before.some((other) => sameLead(mail, other));
}

/** Each step once, in its order, after its delay, and not close to another campaign's mail. */
function orderBroken(mail: Witnessed, before: readonly Witnessed[]): string[] {
  const own = before.filter((other) => sameLead(mail, other));
  const last = own.at(-1);
  const delay = (mail.campaign.delays[mail.step] ?? 0) * HOUR_MS;
  const others = before.filter(
    (other) => other.lead.email === mail.lead.email && other.campaign.id !== mail.campaign.id,
  );
  const cooldown = mail.campaign.cooldown_hours * HOUR_MS;
  return [
    ...(own.some(({ step }) => step >= mail.step) ? [`${told(mail)}: out of order or twice`] : []),
    ...(last && mail.at - last.at < delay ? [`${told(mail)}: before its delay is over`] : []),
    ...(others.some(({ at }) => mail.at - at < cooldown)
      ? [`${told(mail)}: another campaign mailed this lead within the cool-down`]
      : []),
  ];
}
