// What a calendar tells of a booking, in the shapes of Cal.com and Calendly and in a plain one: the same four events of each.

import { parseAddress } from "./address.ts";

export const BOOKING_EVENTS = [
  "booking.created",
  "booking.cancelled",
  "booking.rescheduled",
  "booking.no_show",
] as const;
export type BookingEvent = (typeof BOOKING_EVENTS)[number];

export interface BookingNews {
  event: BookingEvent;
  /** The calendar's own id. */
  booking_id: string;
  /** The id that it had before it was moved, or null. */
  replaces: string | null;
  /** Who booked, as parseAddress gives it; all of them where there are several. */
  emails: string[];
  /** When the meeting is, ms UTC, or null. */
  start_at: number | null;
  /** When the calendar wrote this, ms UTC, or null where it does not say. */
  told_at: number | null;
}

type Json = Record<string, unknown>;

const EMAILS_MOST = 20;

const NAMES: Record<string, BookingEvent> = {
  "booking.created": "booking.created",
  "booking.cancelled": "booking.cancelled",
  "booking.canceled": "booking.cancelled",
  "booking.rescheduled": "booking.rescheduled",
  "booking.no_show": "booking.no_show",
  // Cal.com
  BOOKING_CREATED: "booking.created",
  BOOKING_CANCELLED: "booking.cancelled",
  BOOKING_REJECTED: "booking.cancelled",
  BOOKING_RESCHEDULED: "booking.rescheduled",
  BOOKING_NO_SHOW_UPDATED: "booking.no_show",
  // Calendly
  "invitee.created": "booking.created",
  "invitee.canceled": "booking.cancelled",
  "invitee_no_show.created": "booking.no_show",
};

/** The news, `ignored` for events that are none of ours (a ping, a form), or null for what cannot be read. */
export function readBooking(body: unknown): BookingNews | "ignored" | null {
  if (!isJson(body)) return null;
  const name = text(body, "triggerEvent") ?? text(body, "event");
  if (name === null) return null;
  const event = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (event === undefined) return "ignored";
  const payload = record(body, "payload");
  if ("triggerEvent" in body) return payload === null ? null : readCal(event, body, payload);
  return payload === null ? readPlain(event, body) : readCalendly(event, body, payload);
}

function readPlain(event: BookingEvent, body: Json): BookingNews | null {
  return news(event, {
    booking_id: text(body, "booking_id") ?? text(body, "id"),
    replaces: null,
    emails: [text(body, "email")],
    start: text(body, "start") ?? text(body, "start_time"),
    told: text(body, "created_at"),
  });
}

/** Cal.com: who moves a booking gets a new uid, and that of the old one stands beside it. */
function readCal(event: BookingEvent, body: Json, payload: Json): BookingNews | null {
  return news(event, {
    booking_id: text(payload, "uid") ?? text(payload, "bookingUid"),
    replaces: text(payload, "rescheduleUid"),
    emails: records(payload, "attendees").map((one) => text(one, "email")),
    start: text(payload, "startTime"),
    told: text(body, "createdAt"),
  });
}

/** Calendly: an invitee is a booking; who moves it is a new invitee that names the old one, and the old one is cancelled. */
function readCalendly(
  event: BookingEvent,
  body: Json,
  payload: Json,
): BookingNews | "ignored" | null {
  // The other half of a move tells all of it.
  if (payload["rescheduled"] === true) return "ignored";
  // Of a no-show the invitee stands one level down.
  const invitee = record(payload, "invitee") ?? payload;
  const replaces = text(payload, "old_invitee");
  const scheduled = record(payload, "scheduled_event") ?? {};
  return news(replaces === null ? event : "booking.rescheduled", {
    booking_id: text(invitee, "uri"),
    replaces,
    emails: [text(invitee, "email")],
    start: text(scheduled, "start_time"),
    told: text(body, "created_at"),
  });
}

interface Found {
  booking_id: string | null;
  replaces: string | null;
  emails: (string | null)[];
  start: string | null;
  told: string | null;
}

function news(event: BookingEvent, found: Found): BookingNews | null {
  const { booking_id } = found;
  const emails = found.emails
    .slice(0, EMAILS_MOST)
    .map((email) => (email === null ? null : parseAddress(email)))
    .filter((email) => email !== null);
  if (booking_id === null || booking_id.length > 255 || emails.length === 0) return null;
  return {
    event,
    booking_id,
    replaces: found.replaces,
    emails: [...new Set(emails)],
    start_at: instant(found.start),
    told_at: instant(found.told),
  };
}

/** Only whole instants: a date without a zone would be read in that of this machine. */
function instant(written: string | null): number | null {
  if (written === null || !/^\d{4}-\d\d-\d\dT[\d:.]{5,15}(?:Z|[+-]\d\d:?\d\d)$/.test(written))
    return null;
  const ms = Date.parse(written);
  return Number.isNaN(ms) ? null : ms;
}

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function text(json: Json, name: string): string | null {
  const value = Object.hasOwn(json, name) ? json[name] : null;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}

function record(json: Json, name: string): Json | null {
  const value = Object.hasOwn(json, name) ? json[name] : null;
  return isJson(value) ? value : null;
}

function records(json: Json, name: string): Json[] {
  const value = Object.hasOwn(json, name) ? json[name] : null;
  return Array.isArray(value) ? value.filter(isJson) : [];
}
