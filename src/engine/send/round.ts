// One look at what may be sent now: per inbox with a free slot, follow-ups before first steps, campaigns in turns, the
// longest due first. Costs O(inboxes x campaigns x open zones), never O(leads). Returns when to look again.
import type { Log } from "../../core/log.ts";
import { nextOpening } from "../../core/window.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import {
  type CampaignRow,
  findCampaign,
  listActiveCampaignsOf,
} from "../../resources/campaigns/store.ts";
import { block, releaseDue } from "../../resources/enrollments/store.ts";
import {
  hasReleasable,
  listFirstSteps,
  listFirstZones,
  listFollowUpFronts,
  nextRelease,
  type Waiting,
} from "../../resources/enrollments/waiting.store.ts";
import { type InboxRow, listSendingInboxes } from "../../resources/inboxes/store.ts";
import {
  hasMailUnderWay,
  listHoldingUncertain,
  listRetries,
  nextRetryAt,
  oldestHoldingUncertain,
} from "../../resources/messages/due.store.ts";
import { markPassed, returnToQueue } from "../../resources/messages/store.ts";
import { type ClaimedMail, type ClaimResult, claimStep } from "./claim.ts";
import type { ComposeStep } from "./compose.ts";
import { campaignGates, type Gate, inboxGates } from "./gates.ts";
import { goOn } from "./settle.ts";

const HOUR_MS = 3_600_000;
/** After this long without evidence the sequence goes on as if the mail had been sent; the doubt stays shown. */
export const UNCERTAIN_HOLDS_MS = HOUR_MS;
/** So many come back in one transaction at most. */
const SLICE = 500;
/** Leads whose own gate is shut leave the index one by one: so many of them at most for one inbox, and in one transaction. */
const TRIES = 200;

/** First steps that are read at once: many inboxes take from one queue. */
const QUEUE_MOST = 20;

export interface SendDesk {
  /** Takes a claimed mail on its way. */
  start(mail: ClaimedMail): void;
  /** Since this start, has reading been tried for this inbox? Reading comes before sending. */
  mayStart(inbox_id: number): boolean;
  /** Whose turn it is: when this inbox last sent for this campaign. A hint, lost at a restart. */
  turns: Map<string, number>;
  log: Log;
  /** Only of a forecast, which knows whose slot is free: the inboxes to look at, and how their mails are made. */
  only?: { inboxes(): InboxRow[]; compose: ComposeStep };
}

/** Collects instants and keeps the earliest that lies ahead. */
class Soonest {
  /** What this round has seen already: the same for every inbox, less what was claimed since. */
  readonly firsts = new Map<number, ZoneQueue[]>();
  readonly openings = new Map<string, number | null>();
  at: number | null = null;
  readonly now: number;
  constructor(now: number) {
    this.now = now;
  }
  isEarlier(instant: number): boolean {
    return this.at === null || instant < this.at;
  }
  see(instant: number | null): void {
    if (instant !== null && instant > this.now && (this.at === null || instant < this.at))
      this.at = instant;
  }
}

/** The first steps of a zone, the longest due first. */
interface ZoneQueue {
  zone: string;
  waiting: Waiting[];
}

/** Claims what may go now. The next instant (ms UTC, the ledger's clock) at which more may, or null. */
export function sendRound(ledger: Ledger, desk: SendDesk): number | null {
  const now = ledger.clock.now();
  const soonest = new Soonest(now);
  comeBack(ledger, now);
  const sending = desk.only?.inboxes() ?? listSendingInboxes(ledger);
  const inboxes = sending.filter(({ id }) => desk.mayStart(id));
  const round: Round = { ledger, reading: ledger, desk, soonest };
  for (let at = 0; at < inboxes.length;) {
    // An idle round only reads: a transaction begins where something may be claimed.
    if (candidateOf(round, inboxes[at]) === null) at++;
    else at = claimGroup(round, inboxes, at);
  }
  soonest.see(nextRelease(ledger));
  soonest.see(nextRetryAt(ledger));
  const doubt = oldestHoldingUncertain(ledger);
  soonest.see(doubt === null ? null : doubt + UNCERTAIN_HOLDS_MS);
  return soonest.at;
}

interface Round {
  ledger: Ledger;
  /** The transaction, once there is one. */
  reading: Reading;
  desk: SendDesk;
  soonest: Soonest;
}

/** What a claim of some inboxes has found. */
export interface Claims {
  mails: ClaimedMail[];
  /** When more of these inboxes may go, or null. */
  next_at: number | null;
}

/** Claims the next mails of these inboxes in the transaction that is under way; the caller starts them after its COMMIT. */
export function claimNext(
  { ledger, tx }: { ledger: Ledger; tx: Tx },
  desk: SendDesk,
  inbox_ids: ReadonlySet<number>,
): Claims {
  const soonest = new Soonest(tx.now);
  const mails: ClaimedMail[] = [];
  const round: Round = { ledger, reading: tx, desk, soonest };
  for (const inbox of listSendingInboxes(tx, inbox_ids)) {
    if (desk.mayStart(inbox.id)) sendFrom(round, inbox, mails);
  }
  return { mails, next_at: soonest.at };
}

/** From `first` on, until so many were looked at; the place of the inbox that comes next. */
function claimGroup(round: Round, inboxes: readonly InboxRow[], first: number): number {
  const mails: ClaimedMail[] = [];
  const next = round.ledger.together((tx) => {
    let [at, tries] = [first, 0];
    for (; at < inboxes.length && tries < TRIES; at++) {
      const inbox = inboxes[at];
      if (inbox) tries += sendFrom({ ...round, reading: tx }, inbox, mails);
    }
    return at;
  });
  // Only what is durable is on its way.
  for (const mail of mails) round.desk.start(mail);
  return next;
}

/** What waited for an instant that has come: blocked and held leads, deferred mails, doubts that nobody can settle. */
function comeBack(ledger: Ledger, now: number): void {
  // Mails before their leads, at one instant: a lead that comes back finds its mail queued again.
  let left = hasReleasable(ledger, now) || listRetries(ledger, now).length > 0;
  while (left) {
    left = ledger.write((tx) => {
      const retries = listRetries(tx, tx.now);
      for (const { id } of retries) returnToQueue(tx, id, null);
      return Math.max(retries.length, releaseDue(tx)) >= SLICE;
    });
  }
  const doubts = listHoldingUncertain(ledger, now - UNCERTAIN_HOLDS_MS);
  if (doubts.length > 0) {
    ledger.write((tx) => {
      for (const message of doubts) {
        goOn(tx, message, { sent_at: message.committed_at ?? tx.now, counted: true });
        markPassed(tx, message.id);
      }
    });
  }
}

interface Candidate {
  campaign: CampaignRow;
  follow_up: boolean;
  waiting: Waiting;
}

/** What this inbox would send now, or null. */
function candidateOf(round: Round, inbox: InboxRow | undefined): Candidate | null {
  if (!inbox) return null;
  if (hasMailUnderWay(round.reading, inbox.id)) return null; // its settling goes on with this inbox
  const gates = inboxGates(inbox, round.soonest.now);
  if (gates.length === 0) return choose(round, inbox);
  seePassing(gates, round.soonest);
  return null;
}

/** Claims one mail of this inbox. How many leads were tried for it. */
function sendFrom(round: Round, inbox: InboxRow, mails: ClaimedMail[]): number {
  const { ledger, desk, soonest } = round;
  for (let tries = 1; tries <= TRIES; tries++) {
    const best = candidateOf(round, inbox);
    if (!best) return tries;
    const claim = claimOrBlock(ledger, best.waiting.id, inbox.id, desk);
    if (claim.result === "closed") {
      seePassing(claim.gates, soonest);
      return tries;
    }
    leaveQueue(soonest, best);
    if (claim.result === "claimed") {
      desk.turns.set(`${inbox.id}|${best.campaign.id}`, claim.mail.id);
      mails.push(claim.mail);
      return tries;
    }
  }
  soonest.see(soonest.now + 1);
  return TRIES;
}

/** It waits no more; behind the last one that was read there may be others. */
function leaveQueue({ firsts }: Soonest, { campaign, waiting }: Candidate): void {
  const queue = firsts.get(campaign.id)?.find(({ waiting: [first] }) => first?.id === waiting.id);
  queue?.waiting.shift();
  if (queue?.waiting.length === 0) firsts.delete(campaign.id);
}

/** A claim that fails by a fault of ours must not keep everybody else waiting: its lead steps aside for an hour. */
function claimOrBlock(
  ledger: Ledger,
  enrollment_id: number,
  inbox_id: number,
  desk: SendDesk,
): ClaimResult {
  try {
    return claimStep(ledger, enrollment_id, inbox_id, desk.only?.compose);
  } catch (error) {
    if (error instanceof Error && error.name === "SQLiteError") throw error;
    desk.log.error({ enrollment_id, error: String(error) }, "a mail could not be made");
    ledger.write((tx) =>
      block(tx, enrollment_id, { until: tx.now + HOUR_MS, by: "internal_error" }),
    );
    return { result: "passed" };
  }
}

/** All gates must pass, so the last of them decides; one that somebody must open says nothing. */
function seePassing(gates: readonly Gate[], soonest: Soonest): void {
  if (gates.some(({ next_at }) => next_at === null)) return;
  soonest.see(Math.max(...gates.map(({ next_at }) => next_at ?? 0)));
}

/** Follow-ups before first steps; within a class the campaign whose turn is oldest; within it the longest due. */
function choose(round: Round, inbox: InboxRow): Candidate | null {
  const { desk } = round;
  for (const follow_up of [true, false]) {
    const looks = follow_up ? followUps(round, inbox) : firstSteps(round, inbox);
    const candidates = looks.flatMap((look) => {
      const waiting = longestDue(round, look);
      return waiting ? [{ campaign: look.campaign, follow_up, waiting }] : [];
    });
    if (candidates.length < 2) {
      if (candidates[0]) return candidates[0];
      continue;
    }
    const turn = ({ campaign }: Candidate) => desk.turns.get(`${inbox.id}|${campaign.id}`) ?? 0;
    const [best] = candidates.toSorted(
      (one, other) => turn(one) - turn(other) || one.waiting.due_at - other.waiting.due_at,
    );
    if (best) return best;
  }
  return null;
}

interface Look {
  inbox: InboxRow;
  campaign: CampaignRow;
  follow_up: boolean;
  fronts: { zone: string; waiting: Waiting }[];
}

/** The longest due enrollment of this class in a zone whose gates are open. */
function longestDue({ ledger, reading, soonest }: Round, look: Look): Waiting | null {
  const { inbox, campaign, follow_up } = look;
  const { now } = soonest;
  let best: Waiting | null = null;
  for (const { zone, waiting } of look.fronts) {
    if (waiting.due_at > now) {
      // No window opens before that instant.
      if (soonest.isEarlier(waiting.due_at))
        soonest.see(nextOpening(campaign.send_window, zone, waiting.due_at));
      continue;
    }
    const opens = nextOpeningOf(campaign, zone, soonest);
    if (opens !== now) {
      soonest.see(opens);
      continue;
    }
    // Where the window is open, what else is shut is shut in every zone.
    if (best !== null && waiting.due_at >= best.due_at) continue;
    const gates = campaignGates({ ledger, reading, now, inbox, campaign, zone, follow_up });
    if (gates.length > 0) seePassing(gates, soonest);
    else if (best === null || waiting.due_at < best.due_at) best = waiting;
  }
  return best;
}

function followUps({ reading }: Round, inbox: InboxRow): Look[] {
  const looks: Look[] = [];
  for (const { campaign_id, zone, ...waiting } of listFollowUpFronts(reading, inbox.id)) {
    const last = looks.at(-1);
    if (last?.campaign.id === campaign_id) {
      last.fronts.push({ zone, waiting });
      continue;
    }
    const campaign = findCampaign(reading, campaign_id);
    if (campaign) looks.push({ inbox, campaign, follow_up: true, fronts: [{ zone, waiting }] });
  }
  return looks.filter(({ campaign }) => campaign.state === "active");
}

function firstSteps({ reading, soonest }: Round, inbox: InboxRow): Look[] {
  return listActiveCampaignsOf(reading, inbox.id).map((campaign) => {
    const queues = soonest.firsts.get(campaign.id) ?? queuesOf(reading, campaign.id);
    soonest.firsts.set(campaign.id, queues);
    const fronts = queues.flatMap(({ zone, waiting: [waiting] }) =>
      waiting ? [{ zone, waiting }] : [],
    );
    return { inbox, campaign, follow_up: false, fronts };
  });
}

function queuesOf(reading: Reading, campaign_id: number): ZoneQueue[] {
  return listFirstZones(reading, campaign_id).map((zone) => ({
    zone,
    waiting: listFirstSteps(reading, { campaign_id, zone, limit: QUEUE_MOST }),
  }));
}

/** `now` while the window is open. */
function nextOpeningOf(
  { id, send_window }: CampaignRow,
  zone: string,
  { openings, now }: Soonest,
): number | null {
  const key = `${id}|${zone}`;
  const known = openings.get(key);
  if (known !== undefined) return known;
  const at = nextOpening(send_window, zone, now);
  openings.set(key, at);
  return at;
}
