// The snapshots of the API: one table for `Imail-Version`, the changelog and webhooks. A snapshot hides what came after
// it, routes and events, and never a field. What no older snapshot names belongs to the newest.

import { EVENT_MEANINGS } from "./events.ts";

/** What the API was on a day. */
export interface Snapshot {
  /** YYYY-MM-DD */
  date: string;
  title: string;
  /** What it added: `POST /v1/leads/:id/pause`. The newest names none: it has all the others. */
  routes: readonly string[];
  events: readonly string[];
}

/** Oldest first. */
export const SNAPSHOTS: readonly Snapshot[] = [
  {
    date: "2026-03-10",
    title: "v1: campaigns, leads, inboxes, analytics, webhooks, and the public metrics.",
    routes: [
      "GET /v1/campaigns",
      "POST /v1/campaigns",
      "GET /v1/campaigns/:id",
      "PATCH /v1/campaigns/:id",
      "DELETE /v1/campaigns/:id",
      "POST /v1/campaigns/:id/pause",
      "POST /v1/campaigns/:id/resume",
      "GET /v1/leads",
      "POST /v1/leads",
      "GET /v1/leads/:id",
      "PATCH /v1/leads/:id",
      "DELETE /v1/leads/:id",
      "GET /v1/inboxes",
      "POST /v1/inboxes",
      "GET /v1/inboxes/:id",
      "POST /v1/inboxes/:id/reconnect",
      "POST /v1/inboxes/:id/warmup/start",
      "POST /v1/inboxes/:id/warmup/pause",
      "GET /v1/analytics/campaigns/:id",
      "GET /v1/analytics/inboxes/:id",
      "GET /v1/analytics/workspace",
      "GET /v1/analytics/funnel",
      "GET /v1/metrics/public",
      "GET /v1/status/full",
      "GET /v1/webhooks",
      "POST /v1/webhooks",
      "DELETE /v1/webhooks/:id",
    ],
    events: [
      "email.sent",
      "email.delivered",
      "email.opened",
      "email.clicked",
      "email.bounced.hard",
      "reply.received",
      "reply.classified",
      "inbox.disconnected",
      "inbox.reconnected",
    ],
  },
  {
    date: "2026-04-22",
    title: "Leads can be added by the thousand.",
    routes: ["POST /v1/leads/bulk"],
    events: [],
  },
  {
    date: "2026-05-10",
    title: "Soft bounces and paused warmups are told of.",
    routes: [],
    events: ["email.bounced.soft", "warmup.threshold_paused"],
  },
  {
    date: "2026-11-21",
    title:
      "All the rest: previews and checks of campaigns, replies, messages, suppressions, events as a list, test mode, keys and workspaces over the API.",
    routes: [],
    events: [],
  },
];

const FIRST = SNAPSHOTS[0]?.date ?? "";

/** The date of the newest snapshot: what answers without `Imail-Version`. */
export const NEWEST = SNAPSHOTS.at(-1)?.date ?? "";

const sinceOf = (part: "routes" | "events") =>
  new Map(SNAPSHOTS.flatMap((snapshot) => snapshot[part].map((name) => [name, snapshot.date])));
const ROUTES_SINCE = sinceOf("routes");
const EVENTS_SINCE = sinceOf("events");

/** The snapshot that added a route (`GET /v1/leads/:id`). */
export const routeSince = (route: string): string => ROUTES_SINCE.get(route) ?? NEWEST;

/** The snapshot that added an event. */
export const eventSince = (event: string): string => EVENTS_SINCE.get(event) ?? NEWEST;

/** The events that a snapshot does not have yet. */
export function hiddenEvents(version: string): string[] {
  return Object.keys(EVENT_MEANINGS).filter((event) => eventSince(event) > version);
}

/**
 * The snapshot that `Imail-Version: YYYY-MM-DD` picks: the latest that is not after that date, the first for earlier
 * dates. Null for what is no date, and for one that lies both after `today` and after the newest snapshot.
 */
export function pickVersion(asked: string, today: string): string | null {
  if (!isDate(asked) || (asked > today && asked > NEWEST)) return null;
  return SNAPSHOTS.findLast(({ date }) => date <= asked)?.date ?? FIRST;
}

/** A day of the calendar: the 30th of February is none. */
function isDate(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
