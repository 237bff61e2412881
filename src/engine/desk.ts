// What the engine keeps in memory for one ledger: mails in flight, watched inboxes, whose turn it is. All of it can be
// lost: the database says everything that counts.
import type { Log } from "../core/log.ts";
import type { MailPort } from "../core/mail-port.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { accountOf } from "../resources/inboxes/actions.ts";
import { listReadInboxes } from "../resources/inboxes/store.ts";
import { openClockWatch } from "./clock-watch.ts";
import { tellDeliveries } from "./delivered.ts";
import { type Flights, openFlights } from "./flights.ts";
import { readOnce } from "./read/watch.ts";
import type { ClaimedMail } from "./send/claim.ts";
import type { Later } from "./send/commit-group.ts";
import { recover, type Recovery } from "./send/recover.ts";
import { claimNext, type SendDesk, sendRound } from "./send/round.ts";
import type { GoOn } from "./send/settle-group.ts";
import { openTurns } from "./send/turns.ts";
import { openWatches } from "./watches.ts";

export interface LedgerDesk {
  recover(): Recovery;
  /** One look at what may be sent; the next instant, or null. */
  round(): number | null;
  /** Writes the outcomes that could not be written before. Throws while they still cannot. */
  settleKept(): void;
  /** Every inbox has its watch. */
  watchAll(): void;
  /** Sends one mail beside the rounds; done when its outcome is written. */
  sendNow(claimed: ClaimedMail): Promise<void>;
  /** The same for a mail of this inbox, when none of its mails is under way; until it is claimed no campaign takes the turn. */
  sendNext(inbox_id: number, claim: () => ClaimedMail): Promise<void>;
  /** Nothing new is begun. */
  isClosing(): boolean;
  nudgeReading(): void;
  /** Reads, then sends, until nothing more is due at this instant; the next instant, or null. */
  runDue(): Promise<number | null>;
  /** Is an outcome kept that could not be written yet? */
  isStuck(): boolean;
  /** Since this start, has reading been tried for this inbox? */
  mayStart(inbox_id: number): boolean;
  close(within_ms: number): Promise<void>;
}

interface DeskOptions {
  ledger: Ledger;
  mail: MailPort;
  log: Log;
  later: Later;
  /** Has the engine look again at what may be sent. */
  look: () => void;
  /** The same at an instant (ms, the ledger's clock). Without it only rounds claim. */
  lookBy?: (at: number) => void;
  /** May a settled mail be followed by the next of its inbox at once? */
  mayGoOn?: () => boolean;
}

/** So many rounds at one instant: more means that something is wrong. */
const ROUNDS_MOST = 10_000;

/** The desk of one ledger. */
export function openLedgerDesk(options: DeskOptions): LedgerDesk {
  const { ledger, mail, log, later, look } = options;
  const tried = new Set<number>();
  const goOn: GoOn = (tx, inbox_ids) => {
    if (closing || options.mayGoOn?.() !== true) return () => undefined;
    // A jump is for the round to look at, and reading comes before sending.
    if (!clock_watch.isSteady()) return look;
    const { mails, next_at } = claimNext({ ledger, tx }, send_desk, inbox_ids);
    return () => {
      for (const claimed of mails) send_desk.start(claimed);
      if (next_at !== null) options.lookBy?.(next_at);
    };
  };
  const flights = openFlights({ ledger, mail, log, later, look, goOn });
  // Flights of their own: whoever waits for one of them waits for no other.
  const beside = openFlights({ ledger, mail, log, later, look, goOn });
  const onTried = (inbox_id: number) => {
    if (tried.has(inbox_id)) return;
    tried.add(inbox_id);
    look();
  };
  const watches = openWatches({ ledger, mail, log, later, onTried });
  const send_desk: SendDesk = {
    turns: new Map(),
    log,
    mayStart: (inbox_id) => tried.has(inbox_id) && !in_turn.isTaken(inbox_id),
    start: (claimed) => flights.start(claimed),
  };
  const in_turn = openTurns({ ledger, flights, beside, look, isClosing: () => closing });
  const clock_watch = openClockWatch(ledger, log);
  let closing = false;
  let woken = false;
  const round = () => {
    if (closing || flights.isStuck()) return null;
    const { is_frozen, has_woken } = clock_watch.look();
    woken = has_woken;
    if (has_woken) {
      // Reading comes before sending: what answers came in meanwhile, nobody knows yet.
      tried.clear();
      watches.renew();
    }
    return is_frozen ? null : soonest(sendRound(ledger, send_desk), tellDeliveries(ledger));
  };

  return {
    recover: () => recover(ledger),
    round,
    settleKept() {
      flights.settleKept();
      beside.settleKept();
    },
    async sendNow(claimed) {
      beside.start(claimed);
      await beside.landed();
    },
    sendNext: (inbox_id, claim) => in_turn.sendNext(inbox_id, claim),
    watchAll: () => watches.watchAll(),
    isClosing: () => closing,
    nudgeReading: () => watches.nudge(),
    isStuck: () => flights.isStuck(),
    mayStart: (inbox_id) => tried.has(inbox_id),
    runDue: () => runDue({ ledger, mail, tried, flights, round, isAwake: () => !woken }),
    async close(within_ms) {
      closing = true;
      watches.stop();
      const ends = [flights.landed(), beside.landed(), watches.stopped()];
      await endWithin(within_ms, ends, { later, flights: [flights, beside] });
      // Sessions that wait for a next mail have none to wait for.
      flights.hangUp();
      ledger.journal.sync();
    },
  };
}

const soonest = (one: number | null, other: number | null) =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

interface Due {
  ledger: Ledger;
  mail: MailPort;
  tried: Set<number>;
  flights: Flights;
  round(): number | null;
  isAwake(): boolean;
}

async function runDue({ ledger, mail, tried, flights, ...desk }: Due): Promise<number | null> {
  flights.settleKept();
  for (let i = 0; i < ROUNDS_MOST; i++) {
    await readAll(ledger, mail, tried);
    const next = desk.round();
    if (flights.count() > 0) await flights.landed();
    // After a jump of the clock nothing was sent yet: first all is read again.
    else if (desk.isAwake()) return next;
  }
  throw new Error("the rounds of one instant do not end");
}

interface Ending {
  later: Later;
  flights: readonly Flights[];
}

/** Waits for these ends; after so long the sessions are hung up, and a second later nobody waits any more. */
async function endWithin(
  within_ms: number,
  ends: readonly Promise<void>[],
  { later, flights }: Ending,
): Promise<void> {
  const late = Promise.withResolvers<void>();
  const hangUp = later(within_ms, () => {
    for (const one of flights) one.hangUp();
  });
  const giveUp = later(within_ms + 1000, late.resolve);
  await Promise.race([Promise.all(ends), late.promise]);
  hangUp();
  giveUp();
}

/** Reads every inbox up to date, without keeping a connection: for clocks that are moved. */
async function readAll(ledger: Ledger, mail: MailPort, tried: Set<number>): Promise<void> {
  for (const inbox of listReadInboxes(ledger)) {
    const account = accountOf(ledger, inbox);
    if (!account) continue;
    const session = await mail.openMailbox(account, new AbortController().signal);
    try {
      await readOnce(ledger, inbox.id, session);
      tried.add(inbox.id);
    } finally {
      await session.close();
    }
  }
}
