// Time that nobody waits for: a queue of what happens when. The wall clock is the engine's only clock and can be set;
// the queue runs on one that cannot. Nothing here asks the machine for the time.
import type { WorldClock } from "../world/mail-world.ts";

/** A run of the program. What belongs to a dead one never happens. */
export interface Owner {
  dead: boolean;
}

interface Entry {
  at: number;
  seq: number;
  work: () => void;
  owner: Owner | null;
  /** An idle look that changes nothing unless something else happens: it may be put off until shortly before that. */
  idle: boolean;
  cancelled: boolean;
}

/** An idle look that was put off comes this long before the next thing happens. */
const BEFORE_MS = 59_000;

export type VirtualTime = ReturnType<typeof openVirtualTime>;

/** Opens the queue at this wall time, ms UTC. */
export function openVirtualTime(start: number) {
  let mono = 0;
  let offset = 0;
  let seq = 0;
  let paused_until = 0;
  const queue: Entry[] = [];
  const idle: Entry[] = [];

  const insert = (entry: Entry) => {
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = queue[middle];
      if (other && (other.at < entry.at || (other.at === entry.at && other.seq < entry.seq)))
        low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, entry);
  };
  const add = (ms: number, work: () => void, owner: Owner | null, is_idle: boolean) => {
    const at = mono + Math.max(0, Math.round(ms));
    const entry = { at, seq: seq++, work, owner, idle: is_idle, cancelled: false };
    if (is_idle) idle.push(entry);
    else insert(entry);
    return () => void (entry.cancelled = true);
  };
  const isGone = ({ cancelled, owner }: Entry) => cancelled || owner?.dead === true;
  const firstOfQueue = (): Entry | null => {
    for (let entry = queue[0]; entry; entry = queue[0]) {
      if (isGone(entry)) queue.shift();
      else if (entry.owner && entry.at < paused_until) {
        queue.shift();
        insert({
          ...entry,
          at: paused_until,
          get cancelled() {
            return entry.cancelled;
          },
        });
      } else return entry;
    }
    return null;
  };
  /** The next thing, taken off the queue; null when nothing ever happens any more before `until`. */
  const take = (until: number): Entry | null => {
    const first = firstOfQueue();
    const horizon = Math.min(first?.at ?? until, until);
    for (let i = idle.length - 1; i >= 0; i--) if (isGone(idle[i]!)) idle.splice(i, 1);
    let best: { entry: Entry; at: number } | null = null;
    for (const entry of idle) {
      const at = Math.max(entry.at, horizon - BEFORE_MS, paused_until);
      if (!best || at < best.at) best = { entry, at };
    }
    if (best && best.at < horizon) {
      idle.splice(idle.indexOf(best.entry), 1);
      mono = best.at;
      return best.entry;
    }
    if (!first || first.at > until) {
      mono = until;
      return null;
    }
    queue.shift();
    mono = first.at;
    return first;
  };
  const clock: WorldClock = {
    now: () => start + mono + offset,
    moveTo: () => {
      throw new Error("only the queue moves this clock");
    },
    moveBy: () => {
      throw new Error("only the queue moves this clock");
    },
  };
  return {
    /** The wall. */
    clock,
    /** Ms since the start, on a clock that nobody sets. */
    mono: () => mono,
    after: (ms: number, work: () => void, owner: Owner | null = null) =>
      add(ms, work, owner, false),
    idle: (ms: number, work: () => void, owner: Owner) => add(ms, work, owner, true),
    sleep: (ms: number, owner: Owner | null) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      add(ms, resolve, owner, false);
      return promise;
    },
    /** The wall clock is set by so many ms. */
    setWallBy: (ms: number) => void (offset += Math.round(ms)),
    /** Nothing that belongs to the program happens for so long. */
    pauseProgram: (ms: number) =>
      void (paused_until = Math.max(paused_until, mono + Math.round(ms))),
    take,
  };
}
