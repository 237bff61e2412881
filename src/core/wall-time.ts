// What a clock on somebody's wall shows, for sentences that people read.

const DAY_MS = 86_400_000;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function read(instant: number, zone: string) {
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  return { day: local.toPlainDate(), time: local.toPlainTime().toString().slice(0, 5) };
}

/** `18:12`: the time of day of an instant (ms UTC) in a zone. */
export function wallTime(instant: number, zone: string): string {
  return read(instant, zone).time;
}

/** `Mon 09:00` within the next six days, else `Mon 2027-01-04 09:00`. */
export function wallDay(instant: number, zone: string, now: number): string {
  const { day, time } = read(instant, zone);
  const weekday = WEEKDAYS[day.dayOfWeek - 1] ?? "";
  const is_near = Math.abs(instant - now) < 6 * DAY_MS;
  return is_near ? `${weekday} ${time}` : `${weekday} ${day.toString()} ${time}`;
}

/** `40 s`, `14 min`, `3 h`, `2 days`: a length of time, rounded down. */
export function roughly(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
