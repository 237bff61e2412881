// Looks at a ledger's clock before every round: no sleep, outage or wrong clock may cause an early mail, a burst or an
// inbox that hangs (reliability.md S9). What a clock that was wrong for a while has left behind is put right.

import { type ClockVerdict, isClockBehind, judgeClock } from "../core/clock-jump.ts";
import type { Log } from "../core/log.ts";
import type { Tx } from "../ledger/database.ts";
import { noteFreeze, readFreeze } from "../ledger/freeze.ts";
import { findNote, type Ledger, setNote } from "../ledger/ledger.ts";
import { keepPace } from "../resources/inboxes/store.ts";
import { putRight } from "./put-right.ts";

const MINUTE_MS = 60_000;
/** A time is believed, and noted as seen, after so long without a jump: a clock that is ahead for a moment leaves no mark. */
const STEADY_MS = 5 * MINUTE_MS;
/** The highest time seen is written down at most so often. */
const NOTED_EVERY_MS = MINUTE_MS;
/**
 * A clock that stands below the highest time seen for so long without a jump is right, and the time seen was wrong: who can
 * send mail has reached a time server by then. Nothing may be frozen for ever (Invariant 4).
 */
export const BELIEVED_AFTER_MS = 60 * MINUTE_MS;
const OFFSETS_KEPT = 20;

const HIGHEST_NOTE = "max_wall";
export interface ClockLook {
  /** Nothing may be sent now. */
  is_frozen: boolean;
  /** We have not run, or the time is another one: reading comes before sending, and every plan is looked at again. */
  has_woken: boolean;
}

export interface ClockWatch {
  look(): ClockLook;
  /** Has nothing happened to the clock since the last look, and may be sent by it? Changes nothing. */
  isSteady(): boolean;
}

const NOTHING: ClockLook = { is_frozen: false, has_woken: false };

/** Watches the clock of one ledger. A clock without `mono` is never judged. */
export function openClockWatch(ledger: Ledger, log: Log): ClockWatch {
  const { clock } = ledger;
  if (!clock.mono) return { look: () => NOTHING, isSteady: () => true };
  const eye = openEye(clock.now(), clock.mono());
  let highest = Number(findNote(ledger, HIGHEST_NOTE) ?? 0);
  let is_frozen = readFreeze(ledger) !== null;
  let is_noted = false;
  /** What has happened and was not answered yet: a disk that is full at that moment must not make us forget it. */
  let owed: Owed = { wake: false, put_right: true, went_back: is_frozen, ahead_ms: 0 };

  const note = (now: number) => {
    highest = now;
    ledger.write((tx) => setNote(tx, HIGHEST_NOTE, String(now)));
  };
  const freeze = (now: number, believed_at: number) => {
    is_frozen = true;
    if (is_noted) return;
    ledger.write((tx) => noteFreeze(tx, { since: now, highest_wall: highest, believed_at }));
    is_noted = true;
    const facts = { ledger: ledger.workspace_id, now, highest_wall: highest };
    log.error(facts, "the clock is behind a time that it has shown before: nothing is sent");
  };
  const settle = (tx: Tx) => {
    noteFreeze(tx, null);
    // A sleep, or a clock that is ahead now: nobody can tell, so no slot comes nearer by it. After a freeze it is neither.
    if (owed.ahead_ms > 0 && !is_frozen) keepPace(tx, tx.now - owed.ahead_ms);
    if (owed.put_right) putRight(ledger, tx, owed);
  };
  return {
    isSteady: () => !is_frozen && eye.judge(clock.now(), clock.mono?.() ?? 0) === "steady",
    look() {
      const now = clock.now();
      const seen = eye.see(now, clock.mono?.() ?? 0);
      owed = owedWith(owed, seen);
      // Ahead for a while, and now where it was before: the time seen meanwhile was wrong.
      if (seen.is_back_where_it_was && highest > now) note(now);
      if (isClockBehind(highest, now)) {
        if (seen.steady_ms < BELIEVED_AFTER_MS) {
          freeze(now, now + BELIEVED_AFTER_MS - seen.steady_ms);
          owed = { ...owed, wake: true, put_right: true, went_back: true };
          return { is_frozen: true, has_woken: false };
        }
        note(now);
      }
      const has_woken = owed.wake || is_frozen;
      if (has_woken || owed.put_right) {
        ledger.write(settle);
        const facts = { ledger: ledger.workspace_id, verdict: seen.verdict };
        if (has_woken) log.warn(facts, "awake again: reading comes first");
        is_frozen = false;
        is_noted = false;
        owed = NOTHING_OWED;
      }
      if (seen.steady_ms >= STEADY_MS && now >= highest + NOTED_EVERY_MS) note(now);
      return { is_frozen: false, has_woken };
    },
  };
}

interface Owed {
  wake: boolean;
  /** At the start nobody knows whether the clock was set back while nothing ran. */
  put_right: boolean;
  went_back: boolean;
  /** By how much the clock went ahead beside the time that has passed. */
  ahead_ms: number;
}

const NOTHING_OWED: Owed = { wake: false, put_right: false, went_back: false, ahead_ms: 0 };

function owedWith(owed: Owed, { verdict, jump_ms }: Seen): Owed {
  if (verdict === "steady") return owed;
  const went_back = verdict === "jumped_back";
  return {
    wake: true,
    put_right: owed.put_right || went_back,
    went_back: owed.went_back || went_back,
    ahead_ms: owed.ahead_ms + (verdict === "jumped_forward" ? jump_ms : 0),
  };
}

interface Seen {
  verdict: ClockVerdict;
  /** By how much the time of day has moved beside the time that has passed. */
  jump_ms: number;
  /** How long both clocks have gone side by side. */
  steady_ms: number;
  is_back_where_it_was: boolean;
}

/** Compares both clocks from look to look. */
function openEye(wall: number, mono: number) {
  let last = { wall, mono };
  let steady_since = mono;
  /** What `wall - mono` was before each jump ahead. */
  let offsets: number[] = [];
  const judge = (wall_now: number, mono_now: number) =>
    judgeClock({ wall_before: last.wall, mono_before: last.mono, wall_now, mono_now });
  return {
    judge,
    see(wall_now: number, mono_now: number): Seen {
      const before = last;
      const verdict = judge(wall_now, mono_now);
      last = { wall: wall_now, mono: mono_now };
      if (verdict !== "steady") steady_since = mono_now;
      const offset = wall_now - mono_now;
      const is_back_where_it_was =
        verdict === "jumped_back" && offsets.some((one) => isNear(one, offset));
      if (verdict === "jumped_forward")
        offsets = [...offsets, before.wall - before.mono].slice(-OFFSETS_KEPT);
      const jump_ms = offset - (before.wall - before.mono);
      return { verdict, jump_ms, steady_ms: mono_now - steady_since, is_back_where_it_was };
    },
  };
}

const isNear = (one: number, other: number) => Math.abs(one - other) <= STEADY_MS;
