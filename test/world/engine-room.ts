// An engine at work in a mail world: a live ledger on a clock that the test moves, with seeded chance, one desk, and
// nothing that runs by itself. With a file it can be killed and started again.
import type { Log } from "../../src/core/log.ts";
import type { Random } from "../../src/core/random.ts";
import { type LedgerDesk, openLedgerDesk } from "../../src/engine/desk.ts";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";
import { listEnrollmentsOfLead } from "../../src/resources/enrollments/store.ts";
import { findInbox } from "../../src/resources/inboxes/store.ts";
import { findLead } from "../../src/resources/leads/store.ts";
import { type MailWorld, openMailWorld, openWorldClock, type WorldClock } from "./mail-world.ts";
import { makerOf } from "./make.ts";

/** Monday, 19 October 2026, 09:00 in Berlin: the Sunday after it the clocks of Europe go back. */
export const MONDAY = Date.UTC(2026, 9, 19, 7);
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const STOPS_MOST = 20_000;

export interface RoomOptions {
  start?: number;
  /** A database file; without one all is in memory. */
  path?: string;
  /** Another clock than one that never jumps. */
  clock?: WorldClock;
  public_url?: string;
  /** The workspace's zone. */
  zone?: string;
  seed?: number;
  files_sent?: boolean;
  rewrites_ids?: boolean;
}

/** Chance that is the same in every run (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
  };
}

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function openRoomLedger(options: RoomOptions, clock: WorldClock, random: Random): Ledger {
  const { path = ":memory:", zone = "Europe/Berlin" } = options;
  const workspace = { id: 1, name: "Test", zone, tier: "surge", postal_address: null } as const;
  return openLedger({
    path,
    workspace_id: 1,
    mode: "live",
    random,
    installation_secret: new Uint8Array(32).fill(7),
    data_key: new Uint8Array(32).fill(8),
    clock,
    public_url: options.public_url ?? null,
    workspace: () => workspace,
    onNudge: () => undefined,
    onError: () => undefined,
  });
}

/** What the engine does "later" comes here after everything that is on its way. */
const later = (_ms: number, work: () => void) => {
  const immediate = setImmediate(work);
  return () => clearImmediate(immediate);
};
const look = () => undefined;

/** A desk as the engine has it, looked at only when the test says so. */
export function openDesk(ledger: Ledger, world: Pick<MailWorld, "port">): LedgerDesk {
  return openLedgerDesk({ ledger, mail: world.port, log: silent, later, look });
}

/** Does everything that falls due until `until`, in the order of time. */
export async function playUntil(
  { clock, world }: { clock: WorldClock; world: MailWorld },
  desk: LedgerDesk,
  until: number,
): Promise<void> {
  const due = async () => {
    const next = await desk.runDue();
    const arrival = world.nextArrivalAt();
    return next === null || arrival === null ? (next ?? arrival) : Math.min(next, arrival);
  };
  let stops = 0;
  for (let next = await due(); next !== null && next <= until; next = await due()) {
    if (++stops > STOPS_MOST) throw new Error("too much falls due on this way: a hot loop?");
    clock.moveTo(next);
  }
  if (until > clock.now()) clock.moveTo(until);
  await desk.runDue();
}

export type EngineRoom = ReturnType<typeof openEngineRoom>;

export function openEngineRoom(options: RoomOptions = {}) {
  const clock = options.clock ?? openWorldClock(options.start ?? MONDAY);
  const world = openMailWorld(clock, options);
  const random = seededRandom(options.seed ?? 1);
  let ledger = openRoomLedger(options, clock, random);
  let desk = openDesk(ledger, world);
  return {
    clock,
    world,
    get ledger() {
      return ledger;
    },
    get desk() {
      return desk;
    },
    get make() {
      return makerOf(ledger);
    },
    /** Does what is due now. */
    run: () => desk.runDue(),
    play: (ms: number) => playUntil({ clock, world }, desk, clock.now() + ms),
    /** Another desk, on this ledger or on one with a defect. */
    takeDesk: (other: Ledger = ledger) => (desk = openDesk(other, world)),
    /** The process is killed and started again: only the file is left. */
    restart({ meanwhile, opened }: { meanwhile?: () => void; opened?: () => void } = {}) {
      ledger.close();
      meanwhile?.();
      ledger = openRoomLedger(options, clock, random);
      desk = openDesk(ledger, world);
      opened?.();
      return desk.recover();
    },
    enrollment: (lead_id: number, at = 0) => {
      const found = listEnrollmentsOfLead(ledger, lead_id)[at];
      if (!found) throw new Error("the lead is in no campaign");
      return found;
    },
    lead: (id: number) => findLead(ledger, id),
    inbox: (id: number) => findInbox(ledger, id),
    messages: () =>
      ledger.db
        .query<
          {
            id: number;
            state: string;
            quota_day: string | null;
            response: string | null;
            attempts: number;
          },
          []
        >("SELECT id, state, quota_day, response, attempts FROM messages ORDER BY id")
        .all(),
    states: () =>
      ledger.db
        .query<{ state: string }, []>("SELECT state FROM messages ORDER BY id")
        .all()
        .map(({ state }) => state),
    events: () =>
      ledger.db
        .query<{ event: string }, []>("SELECT event FROM events ORDER BY id")
        .all()
        .map(({ event }) => event),
    close: () => ledger.close(),
  };
}
