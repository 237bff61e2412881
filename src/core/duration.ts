// ISO 8601 durations as the API takes them: P3D, PT4H, P2W. Days are calendar days in a zone, hours are exact;
// both are kept apart until an instant and a zone are there to add them to.

const SHAPE =
  /^P(?!$)(?:(?<weeks>\d{1,9})W)?(?:(?<days>\d{1,9})D)?(?:T(?!$)(?:(?<hours>\d{1,9})H)?(?:(?<minutes>\d{1,9})M)?(?:(?<seconds>\d{1,9})S)?)?$/;
const DAY_SECONDS = 86_400;
/** The longest duration that is taken, and the longest that the test clock moves at once (domain.md "Test clock"). */
const LONGEST_DAYS = 366;

export const DURATION_RULE =
  "an ISO 8601 duration from PT0S to P366D without years, months or fractions, such as P3D or PT4H";

export interface Duration {
  /** Calendar days: the same wall time on a later date. A week is seven of them. */
  days: number;
  /** Exact seconds, added after the days. */
  seconds: number;
}

/** Reads `P3D`, `PT4H`, `P1DT12H`, `P2W`, `PT0S`; null for anything else, for years and months, and above P366D. */
export function parseDuration(text: string): Duration | null {
  const parts = SHAPE.exec(text)?.groups;
  if (parts === undefined) return null;
  const count = (name: string) => Number(parts[name] ?? 0);
  const days = count("weeks") * 7 + count("days");
  const seconds = count("hours") * 3600 + count("minutes") * 60 + count("seconds");
  return days * DAY_SECONDS + seconds <= LONGEST_DAYS * DAY_SECONDS ? { days, seconds } : null;
}

/** Like `parseDuration`, for text that was checked when it was stored: anything else is a bug and throws. */
export function readDuration(text: string): Duration {
  const duration = parseDuration(text);
  if (duration === null) throw new RangeError(`${JSON.stringify(text)} is not ${DURATION_RULE}`);
  return duration;
}

/** The instant (ms UTC) that lies a duration after another: days at the same wall time in the zone, the rest exact. */
export function addDuration(instant: number, duration: Duration, zone: string): number {
  const exact = duration.seconds * 1000;
  if (duration.days === 0) return instant + exact;
  // ZonedDateTime.add puts a wall time in a gap or overlap where "compatible" does (domain.md "Time").
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  return local.add({ days: duration.days }).epochMilliseconds + exact;
}

/** The shortest text that means the same: `P14D`, `PT1H30M`, `PT0S`. Hours never become days. */
export function formatDuration(duration: Duration): string {
  const hours = Math.floor(duration.seconds / 3600);
  const minutes = Math.floor((duration.seconds % 3600) / 60);
  const time = part(hours, "H") + part(minutes, "M") + part(duration.seconds % 60, "S");
  const text = part(duration.days, "D") + (time === "" ? "" : `T${time}`);
  return text === "" ? "PT0S" : `P${text}`;
}

function part(count: number, unit: string): string {
  return count === 0 ? "" : `${count}${unit}`;
}
