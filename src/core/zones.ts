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

/** The local date of an instant. */
export function localDate(instant: number, zone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDate();
}

/** A local day on which no clock is changed: its date, its first instant and that of the next day, ms UTC. */
interface EvenDay {
  day: string;
  from: number;
  to: number;
}

// Every mail asks for its day many times, and a day's mails ask for the same one.
const even_days = new Map<string, EvenDay>();
const ZONES_MOST = 1000;

/** The local day of an instant, kept for the next question; null where a clock is changed on it: then it may come in two parts. */
export function evenDay(instant: number, zone: string): EvenDay | null {
  const known = even_days.get(zone);
  if (known && known.from <= instant && instant < known.to) return known;
  const date = localDate(instant, zone);
  const start = date.toZonedDateTime(zone);
  const [from, to] = [start.epochMilliseconds, dateStart(date.add({ days: 1 }), zone)];
  const change = start.subtract({ nanoseconds: 1 }).getTimeZoneTransition("next");
  if (change && change.epochMilliseconds < to) return null;
  if (even_days.size >= ZONES_MOST) even_days.clear();
  const made = { day: date.toString(), from, to };
  even_days.set(zone, made);
  return made;
}

/** The local date of an instant as `YYYY-MM-DD`. */
export function localDay(instant: number, zone: string): string {
  return evenDay(instant, zone)?.day ?? localDate(instant, zone).toString();
}

/** The first instant (ms UTC) of a date; for a date that the zone skipped, that of the next one. */
export function dateStart(date: Temporal.PlainDate, zone: string): number {
  return date.toZonedDateTime(zone).epochMilliseconds;
}

/** The first instant (ms UTC) of the local day that holds this one. */
export function startOfDay(instant: number, zone: string): number {
  return dateStart(localDate(instant, zone), zone);
}

/** The first instant (ms UTC) after the local day that holds this one. */
export function startOfNextDay(instant: number, zone: string): number {
  return evenDay(instant, zone)?.to ?? dateStart(localDate(instant, zone).add({ days: 1 }), zone);
}
