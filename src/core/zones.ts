// IANA time zones, and where a local day begins and ends. Days are walked as dates, never as 24 hours:
// a day may have 23 hours or 25, or not exist (Pacific/Apia, 2011-12-30).

/** Letters first: keeps out offsets such as +02:00, which Temporal would take for a zone and which know no DST. */
const NAME = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;

/** The zone's name in its canonical case (`europe/berlin` is `Europe/Berlin`, links such as `Europe/Kiev` stay), or null. */
export function findZone(name: string): string | null {
  if (!NAME.test(name)) return null;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Is this the name of an IANA time zone, in any case? Store what `findZone` gives. */
export function isZone(name: string): boolean {
  return findZone(name) !== null;
}

interface Asked {
  instant: number;
  date: Temporal.PlainDate;
  day: string;
}
// One mail asks for the date of one instant a dozen times. What was asked last per zone is kept.
const asked = new Map<string, Asked>();
const KEPT_MOST = 1000;

function ask(instant: number, zone: string): Asked {
  const last = asked.get(zone);
  if (last?.instant === instant) return last;
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  const date = local.toPlainDate();
  const answer = { instant, date, day: date.toString() };
  if (asked.size >= KEPT_MOST) asked.clear();
  asked.set(zone, answer);
  return answer;
}

/** The local date of an instant. */
export function localDate(instant: number, zone: string): Temporal.PlainDate {
  return ask(instant, zone).date;
}

/** The local date of an instant as `YYYY-MM-DD`. */
export function localDay(instant: number, zone: string): string {
  return ask(instant, zone).day;
}

// By place and then by date: the same few edges are asked for at every mail of a day.
const edges = new Map<string, Map<number, number>>();

function keep(place: string, date: Temporal.PlainDate, find: () => number): number {
  const known = edges.get(place) ?? new Map<number, number>();
  const key = (date.year * 100 + date.month) * 100 + date.day;
  const there = known.get(key);
  if (there !== undefined) return there;
  const found = find();
  if (edges.size >= KEPT_MOST) edges.clear();
  if (known.size >= KEPT_MOST) known.clear();
  edges.set(place, known.set(key, found));
  return found;
}

/** The instant (ms UTC) of a wall time, "compatible": after a gap, first in an overlap (domain.md "Time"). */
export function wallTime(date: Temporal.PlainDate, time: string, zone: string): number {
  return keep(`${time} ${zone}`, date, () => {
    return date.toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds;
  });
}

/** The first instant (ms UTC) of a date; for a date that the zone skipped, that of the next one. */
export function dateStart(date: Temporal.PlainDate, zone: string): number {
  return keep(zone, date, () => date.toZonedDateTime(zone).epochMilliseconds);
}

/** The first instant (ms UTC) of the local day that holds this one. */
export function startOfDay(instant: number, zone: string): number {
  return dateStart(localDate(instant, zone), zone);
}

/** The first instant (ms UTC) after the local day that holds this one. */
export function startOfNextDay(instant: number, zone: string): number {
  return dateStart(localDate(instant, zone).add({ days: 1 }), zone);
}
