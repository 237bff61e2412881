// What the clocks on the walls of a zone do, found out by asking Intl only: every change of the offset, bisected to the
// second. Shares no code with the engine (which asks Temporal), so a misreading does not stand in both.

export const DAY_MS = 86_400_000;
const STEP_MS = 6 * 3_600_000;

interface Change {
  /** From this instant on (ms UTC) ... */
  at: number;
  /** ... the wall is so far ahead of UTC, ms. */
  offset: number;
}

/** The wall's distance from UTC in ms, read off the wall: date and time to the second. */
export function offsetReader(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    timeZoneName: "longOffset",
  });
  return (at) => {
    const text = format.format(at);
    const found = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text);
    if (!found) throw new Error(`no offset in ${text}`);
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = found;
    const size = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
    return sign === "-" ? -size : size;
  };
}

export interface Wall {
  changes: readonly Change[];
  offsetAt(at: number): number;
  /** Days since 1970 on the wall. */
  dayAt(at: number): number;
  /** The first instant of a date; where its midnight does not exist, the first one behind the gap. */
  startOf(day: number): number;
  /** A time on a date: the first pass of an overlap; out of a gap by the gap's length (RFC 5545 3.3.5). */
  edge(day: number, minute: number): number;
}

/** The wall of a zone between two instants, a week of margin on both sides included. */
export function wallOfZone(zone: string, from: number, until: number): Wall {
  const changes = changesOf(zone, from - 7 * DAY_MS, until + 410 * DAY_MS);
  const indexAt = (at: number): number => {
    let low = 0;
    let high = changes.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((changes[middle]?.at ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const offsetOf = (i: number) => changes[i]?.offset ?? 0;
  const offsetAt = (at: number) => offsetOf(indexAt(at));
  /** The first instant at which the wall shows this, or the gap that swallows it. */
  const find = (wall: number): { at: number } | { gap: number; at: number } => {
    const first = indexAt(wall - DAY_MS - 3_600_000);
    for (let i = Math.max(0, first - 1); i < changes.length; i++) {
      const change = changes[i];
      if (!change || change.at > wall + DAY_MS + 3_600_000) break;
      const next = changes[i + 1]?.at ?? Infinity;
      const at = wall - change.offset;
      if (at >= change.at && at < next) return { at };
      const before = offsetOf(i - 1);
      if (i > 0 && wall >= change.at + before && wall < change.at + change.offset)
        return { gap: change.at, at: wall - before };
    }
    throw new Error(`no instant for ${new Date(wall).toISOString()} in ${zone}`);
  };
  return {
    changes,
    offsetAt,
    dayAt: (at) => Math.floor((at + offsetAt(at)) / DAY_MS),
    startOf(day) {
      const found = find(day * DAY_MS);
      return "gap" in found ? found.gap : found.at;
    },
    edge: (day, minute) => find(day * DAY_MS + minute * 60_000).at,
  };
}

function changesOf(zone: string, from: number, until: number): Change[] {
  const read = offsetReader(zone);
  const changes: Change[] = [{ at: -8.64e15, offset: read(from) }];
  let last = read(from);
  for (let at = from + STEP_MS; at <= until; at += STEP_MS) {
    const offset = read(at);
    if (offset === last) continue;
    let before = at - STEP_MS;
    let after = at;
    while (after - before > 1000) {
      const middle = Math.floor((before + after) / 2000) * 1000;
      if (read(middle) === last) before = middle;
      else after = middle;
    }
    changes.push({ at: after, offset });
    last = offset;
  }
  return changes;
}
