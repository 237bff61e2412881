// What a meeting does: the lead has one, which is told once, and nothing more is sent to it by itself. Calendars and
// booking pages say the same thing more than once and in any order.
import { raisedStatus, statusWithoutMeeting } from "../../core/lead-status.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { pauseEnrollment } from "../enrollments/actions.ts";
import { listEnrollmentsOfLead } from "../enrollments/store.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { findLead, findLeadByEmail, type LeadRow, setLeadState } from "../leads/store.ts";
import { subjectOf } from "../messages/actions.ts";
import { findNewestMailTo } from "../messages/due.store.ts";
import {
  findMeeting,
  insertMeeting,
  listMeetings,
  type MeetingRow,
  type MeetingSource,
  type MeetingState,
  setMeeting,
} from "./store.ts";

export const BOOKING_EVENTS = [
  "booking.created",
  "booking.rescheduled",
  "booking.cancelled",
  "booking.no_show",
] as const;
export type BookingEvent = (typeof BOOKING_EVENTS)[number];

/** What a booking page says. */
export interface Booking {
  event: BookingEvent;
  /** As parseAddress gives it. */
  email: string;
  /** The page's own id of the booking, at most 255 characters. */
  booking_id: string;
  /** Of a page that books anew to move a meeting: the id before. */
  replaces?: string | null;
  /** When the meeting begins, ms UTC; null where that is not known. */
  starts_at: number | null;
}

export interface BookingOutcome {
  /** `repeated` was known before; `unknown_lead` is nobody's whom this ledger knows: nothing of it is kept. */
  outcome: "booked" | "moved" | "cancelled" | "no_show" | "repeated" | "unknown_lead";
  lead_id: number | null;
}

/** Lets a booking have its effect, once for each of its states, in the caller's transaction. */
export function recordBooking(ledger: Ledger, tx: Tx, booking: Booking): BookingOutcome {
  const lead = findLeadByEmail(tx, booking.email);
  if (!lead) return { outcome: "unknown_lead", lead_id: null };
  const uid = booking.replaces ?? booking.booking_id;
  const known = findMeeting(tx, lead.id, uid) ?? findMeeting(tx, lead.id, booking.booking_id);
  const { booking_id, starts_at, event } = booking;
  const place: Place = { uid: booking_id, source: "booking", starts_at, known };
  return { outcome: takeBooking(ledger, tx, lead, { event, place }), lead_id: lead.id };
}

function takeBooking(
  ledger: Ledger,
  tx: Tx,
  lead: LeadRow,
  { event, place }: { event: BookingEvent; place: Place },
): BookingOutcome["outcome"] {
  if (event === "booking.cancelled") return endMeeting(tx, lead, place, "cancelled");
  if (event === "booking.no_show") return endMeeting(tx, lead, place, "no_show");
  // A booking that was called off stays so: its creation only came late.
  const is_late = event === "booking.created" && place.known && place.known.state !== "booked";
  return is_late ? "repeated" : bookMeeting(ledger, tx, lead, place);
}

/** What a lead's calendar says of an invitation (RFC 5546). */
export interface CalendarWord {
  lead_id: number;
  uid: string;
  says: "accepted" | "declined" | "cancelled";
  starts_at: number | null;
}

/** Lets the word of a lead's calendar have its effect, in the caller's transaction. */
export function recordCalendar(ledger: Ledger, tx: Tx, word: CalendarWord): void {
  const lead = findLead(tx, word.lead_id);
  if (!lead) return;
  const known = findMeeting(tx, lead.id, word.uid);
  const { uid, starts_at } = word;
  const place: Place = { uid, source: "calendar", starts_at, known };
  if (word.says === "accepted") bookMeeting(ledger, tx, lead, place);
  else if (known) endMeeting(tx, lead, place, "cancelled");
}

interface Place {
  uid: string;
  source: MeetingSource;
  starts_at: number | null;
  /** What is known of it. */
  known: MeetingRow | null;
}

function bookMeeting(
  ledger: Ledger,
  tx: Tx,
  lead: LeadRow,
  { known, ...place }: Place,
): "booked" | "moved" | "repeated" {
  const starts_at = place.starts_at ?? known?.starts_at ?? null;
  if (known?.state === "booked" && known.uid === place.uid && known.starts_at === starts_at)
    return "repeated";
  const told_at = known?.told_at ?? tx.now;
  const meeting = { uid: place.uid, state: "booked" as const, starts_at, told_at };
  if (known) setMeeting(tx, known.id, meeting);
  else insertMeeting(tx, { ...meeting, lead_id: lead.id, source: place.source });
  setStatus(tx, lead, raisedStatus(lead.state, "meeting"));
  // Whoever meets you is not asked by a machine whether they got your mail. Not ended: it can be resumed by hand.
  for (const enrollment of listEnrollmentsOfLead(tx, lead.id))
    pauseEnrollment(ledger, tx, enrollment, { paused_by: "meeting_booked" });
  if (known?.told_at === undefined || known.told_at === null) {
    const message = findNewestMailTo(tx, lead.id);
    const subject = message ? subjectOf(message) : { ...NO_SUBJECT, lead_id: lead.id };
    const detail = { source: place.source, at: starts_at };
    record(ledger, tx, { event: "meeting.booked", detail }, subject);
  }
  return known ? "moved" : "booked";
}

function endMeeting(
  tx: Tx,
  lead: LeadRow,
  { known, ...place }: Place,
  state: Exclude<MeetingState, "booked">,
): "cancelled" | "no_show" | "repeated" {
  if (known?.state === state) return "repeated";
  const starts_at = place.starts_at ?? known?.starts_at ?? null;
  if (known) setMeeting(tx, known.id, { ...known, state, starts_at });
  else insertMeeting(tx, { ...place, lead_id: lead.id, state, starts_at, told_at: null });
  const is_left = listMeetings(tx, lead.id).some((meeting) => meeting.state === "booked");
  if (!is_left) setStatus(tx, lead, statusWithoutMeeting(lead.state));
  return state;
}

function setStatus(tx: Tx, lead: LeadRow, state: LeadRow["state"]): void {
  if (state !== lead.state) setLeadState(tx, lead.id, state);
}
