// What a mail says to a calendar (iTIP, RFC 5546): an invitation, or the answer to one. Read from its text/calendar part.

import type { ParsedMail } from "./inbound.ts";

export interface CalendarReading {
  method: "request" | "reply" | "cancel" | "counter" | "other";
  uid: string | null;
  /** What its sender answers; null of anything but an answer. */
  partstat: "accepted" | "declined" | "tentative" | "delegated" | "needs_action" | null;
  /** ISO 8601: an instant (`2026-12-01T09:00:00Z`), the organizer's local time where its zone is not known, or a day. */
  start: string | null;
  summary: string | null;
}

const TEXT_CAP = 64 * 1024;
const LINES_CAP = 2000;
const METHODS = ["request", "reply", "cancel", "counter"] as const;
const PARTSTATS = ["accepted", "declined", "tentative", "delegated", "needs_action"] as const;

interface Line {
  name: string;
  params: ReadonlyMap<string, string>;
  value: string;
}

/** The invitation or answer that a mail is, or null. */
export function readCalendar(mail: ParsedMail): CalendarReading | null {
  const part = mail.parts.find(({ content_type }) => content_type === "text/calendar");
  if (part === undefined) return null;
  const lines = linesOf(part.text);
  const method = firstOf(lines, "method")?.value.toLowerCase() ?? null;
  if (method === null) return null;
  const known = METHODS.find((one) => one === method) ?? "other";
  return {
    method: known,
    uid: firstOf(lines, "uid")?.value.slice(0, 255) ?? null,
    partstat: known === "reply" || known === "counter" ? partstatOf(lines, mail) : null,
    start: startOf(eventLine(lines, "dtstart")),
    summary: firstOf(lines, "summary")?.value.slice(0, 200) ?? null,
  };
}

/** An answer names one attendee; where it names more, the sender's own line counts. */
function partstatOf(lines: readonly Line[], mail: ParsedMail): CalendarReading["partstat"] {
  const attendees = lines.filter(({ name }) => name === "attendee");
  const from = mail.from?.address ?? "";
  const own = attendees.find(({ value }) => value.toLowerCase() === `mailto:${from}`);
  const word = (own ?? attendees[0])?.params.get("partstat")?.toLowerCase().replace("-", "_");
  return PARTSTATS.find((one) => one === word) ?? null;
}

/** The first of this name after BEGIN:VEVENT: a zone's own DTSTART is no meeting. */
function eventLine(lines: readonly Line[], name: string): Line | null {
  const from = lines.findIndex((line) => line.name === "begin" && line.value === "VEVENT");
  return firstOf(from < 0 ? lines : lines.slice(from), name);
}

function firstOf(lines: readonly Line[], name: string): Line | null {
  return lines.find((line) => line.name === name) ?? null;
}

function startOf(line: Line | null): string | null {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(line?.value.trim() ?? "");
  if (!match) return null;
  const [, year, month, day, hour, minute, second, zulu] = match;
  const date = `${year}-${month}-${day}`;
  try {
    if (hour === undefined) return Temporal.PlainDate.from(date).toString();
    const local = Temporal.PlainDateTime.from(`${date}T${hour}:${minute}:${second}`);
    if (zulu === "Z") return local.toZonedDateTime("UTC").toInstant().toString();
    return inZone(local, line?.params.get("tzid") ?? null);
  } catch {
    // A day that no calendar has.
    return null;
  }
}

function inZone(local: Temporal.PlainDateTime, zone: string | null): string {
  try {
    if (zone !== null) return local.toZonedDateTime(zone).toInstant().toString();
  } catch {
    // "W. Europe Standard Time" and the like are no names that Temporal knows.
  }
  return local.toString({ smallestUnit: "second" });
}

/** Unfolded (RFC 5545 3.1) and taken apart; quoted parameters may hold any sign. */
function linesOf(text: string): Line[] {
  const whole = text.slice(0, TEXT_CAP).replace(/\r?\n[ \t]/g, "");
  return whole.split(/\r?\n/).slice(0, LINES_CAP).map(lineOf);
}

function lineOf(text: string): Line {
  const pieces: string[] = [];
  let is_quoted = false;
  let from = 0;
  let at = 0;
  for (; at < text.length; at++) {
    const sign = text[at];
    if (sign === '"') is_quoted = !is_quoted;
    else if (!is_quoted && sign === ":") break;
    else if (!is_quoted && sign === ";") {
      pieces.push(text.slice(from, at));
      from = at + 1;
    }
  }
  pieces.push(text.slice(from, at));
  const [name = "", ...params] = pieces;
  return {
    name: name.trim().toLowerCase(),
    params: new Map(params.slice(0, 20).map(parameterOf)),
    value: text.slice(at + 1).trim(),
  };
}

function parameterOf(text: string): [string, string] {
  const equals = text.indexOf("=");
  const value = text.slice(equals + 1).trim();
  return [text.slice(0, Math.max(0, equals)).trim().toLowerCase(), value.replaceAll('"', "")];
}
