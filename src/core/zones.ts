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
}
// One mail asks for the date of one instant a dozen times. What was asked last per zone is kept.
const asked = new Map<string, Asked>();
const ASKED_MOST = 1000;

/** The local date of an instant. */
export function localDate(instant: number, zone: string): Temporal.PlainDate {
  const last = asked.get(zone);
  if (last?.instant === instant) return last.date;
  const date = Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO(zone)
    .toPlainDate();
  if (asked.size >= ASKED_MOST) asked.clear();
  asked.set(zone, { instant, date });
  return date;
}

/** The local date of an instant as `YYYY-MM-DD`. */
export function localDay(instant: number, zone: string): string {
  return localDate(instant, zone).toString();
}

const wall_times = new Map<string, number>();
const WALL_TIMES_MOST = 10_000;

/** The instant (ms UTC) of a wall time, "compatible": after a gap, first in an overlap (domain.md "Time"). */
export function wallTime(date: Temporal.PlainDate, time: string, zone: string): number {
  const key = `${date.toString()} ${time} ${zone}`;
  const known = wall_times.get(key);
  if (known !== undefined) return known;
  const at = date.toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds;
  if (wall_times.size >= WALL_TIMES_MOST) wall_times.clear();
  wall_times.set(key, at);
  return at;
}

const date_starts = new Map<string, number>();

/** The first instant (ms UTC) of a date; for a date that the zone skipped, that of the next one. */
export function dateStart(date: Temporal.PlainDate, zone: string): number {
  const key = `${date.toString()} ${zone}`;
  const known = date_starts.get(key);
  if (known !== undefined) return known;
  const at = date.toZonedDateTime(zone).epochMilliseconds;
  if (date_starts.size >= WALL_TIMES_MOST) date_starts.clear();
  date_starts.set(key, at);
  return at;
}

/** The first instant (ms UTC) of the local day that holds this one. */
export function startOfDay(instant: number, zone: string): number {
  return dateStart(localDate(instant, zone), zone);
}

/** The first instant (ms UTC) after the local day that holds this one. */
export function startOfNextDay(instant: number, zone: string): number {
  return dateStart(localDate(instant, zone).add({ days: 1 }), zone);
}
