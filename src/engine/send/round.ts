// One look at what may be sent now: per inbox with a free slot, follow-ups before first steps, campaigns in turns, the
// longest due first. Costs O(inboxes x campaigns x open zones), never O(leads). Returns when to look again.
import type { Log } from "../../core/log.ts";
import { nextOpening } from "../../core/window.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import {
  type CampaignRow,
  listActiveCampaignsOf,
  listFollowUpCampaignsOf,
} from "../../resources/campaigns/store.ts";
import { block, releaseDue } from "../../resources/enrollments/store.ts";
import {
  firstFirstStep,
  firstFollowUp,
  hasReleasable,
  listFirstZones,
  listFollowUpZones,
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
import { returnToQueue } from "../../resources/messages/store.ts";
import { type ClaimedMail, type ClaimResult, claimStep } from "./claim.ts";
import { campaignGates, type Gate, inboxGates } from "./gates.ts";
import { goOn } from "./settle.ts";

const HOUR_MS = 3_600_000;
/** After this long without evidence the sequence goes on as if the mail had been sent; the doubt stays shown. */
export const UNCERTAIN_HOLDS_MS = HOUR_MS;
/** So many come back in one transaction at most. */
const SLICE = 500;
/** Leads whose own gate is shut leave the index one by one; a round looks at so many of them at most. */
const TRIES = 200;

export interface SendDesk {
  /** Takes a claimed mail on its way. */
  start(mail: ClaimedMail): void;
  /** Since this start, has reading been tried for this inbox? Reading comes before sending. */
  mayStart(inbox_id: number): boolean;
  /** Whose turn it is: when this inbox last sent for this campaign. A hint, lost at a restart. */
  turns: Map<string, number>;
  log: Log;
}

/** Collects instants and keeps the earliest that lies ahead. */
class Soonest {
  /** What this round has seen already: the same for every inbox until something is claimed. */
  readonly firsts = new Map<number, Front[]>();
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

/** Claims what may go now. The next instant (ms UTC, the ledger's clock) at which more may, or null. */
export function sendRound(ledger: Ledger, desk: SendDesk): number | null {
  const now = ledger.clock.now();
  const soonest = new Soonest(now);
  comeBack(ledger, now);
  for (const inbox of listSendingInboxes(ledger)) {
    if (!desk.mayStart(inbox.id)) continue;
    sendFrom(ledger, inbox, desk, soonest);
  }
  soonest.see(nextRelease(ledger));
  soonest.see(nextRetryAt(ledger));
  const doubt = oldestHoldingUncertain(ledger);
  soonest.see(doubt === null ? null : doubt + UNCERTAIN_HOLDS_MS);
  return soonest.at;
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
      for (const message of doubts)
        goOn(tx, message, { sent_at: message.committed_at ?? tx.now, counted: true });
    });
  }
}

interface Candidate {
  campaign: CampaignRow;
  follow_up: boolean;
  waiting: Waiting;
}

function sendFrom(ledger: Ledger, start: InboxRow, desk: SendDesk, soonest: Soonest): void {
  for (let tries = 0; tries < TRIES; tries++) {
    const gates = inboxGates(start, soonest.now);
    if (hasMailUnderWay(ledger, start.id)) return; // its settling nudges the next round
    if (gates.length > 0) {
      seePassing(gates, soonest);
      return;
    }
    const best = choose(ledger, start, desk, soonest);
    if (!best) return;
    soonest.firsts.clear();
    const claim = claimOrBlock(ledger, best.waiting.id, start.id, desk);
    if (claim.result === "claimed") {
      desk.turns.set(`${start.id}|${best.campaign.id}`, claim.mail.id);
      desk.start(claim.mail);
      return;
    }
    if (claim.result === "closed") {
      seePassing(claim.gates, soonest);
      return;
    }
  }
  soonest.see(soonest.now + 1);
}

/** A claim that fails by a fault of ours must not keep everybody else waiting: its lead steps aside for an hour. */
function claimOrBlock(
  ledger: Ledger,
  enrollment_id: number,
  inbox_id: number,
  desk: SendDesk,
): ClaimResult {
  try {
    return claimStep(ledger, enrollment_id, inbox_id);
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
function choose(
  ledger: Ledger,
  inbox: InboxRow,
  desk: SendDesk,
  soonest: Soonest,
): Candidate | null {
  for (const follow_up of [true, false]) {
    const list = follow_up ? listFollowUpCampaignsOf : listActiveCampaignsOf;
    const campaigns = list(ledger, inbox.id);
    const candidates = campaigns.flatMap((campaign) => {
      const waiting = longestDue({ ledger, inbox, campaign, follow_up }, soonest);
      return waiting ? [{ campaign, follow_up, waiting }] : [];
    });
    const turn = ({ campaign }: Candidate) => desk.turns.get(`${inbox.id}|${campaign.id}`) ?? 0;
    const [best] = candidates.toSorted(
      (one, other) => turn(one) - turn(other) || one.waiting.due_at - other.waiting.due_at,
    );
    if (best) return best;
  }
  return null;
}

interface Look {
  ledger: Ledger;
  inbox: InboxRow;
  campaign: CampaignRow;
  follow_up: boolean;
}

/** The longest due enrollment of this class in a zone whose gates are open. */
function longestDue(look: Look, soonest: Soonest): Waiting | null {
  const { ledger, inbox, campaign, follow_up } = look;
  const { now } = soonest;
  const fronts = follow_up ? followUps(look) : firstSteps(look, soonest);
  let best: Waiting | null = null;
  for (const { zone, waiting } of fronts) {
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
    const gates = campaignGates({ ledger, reading: ledger, now, inbox, campaign, zone, follow_up });
    if (gates.length > 0) seePassing(gates, soonest);
    else if (best === null || waiting.due_at < best.due_at) best = waiting;
  }
  return best;
}

interface Front {
  zone: string;
  waiting: Waiting;
}

function followUps({ ledger, inbox, campaign }: Look): Front[] {
  return listFollowUpZones(ledger, inbox.id, campaign.id).flatMap((zone) => {
    const waiting = firstFollowUp(ledger, { inbox_id: inbox.id, campaign_id: campaign.id, zone });
    return waiting ? [{ zone, waiting }] : [];
  });
}

function firstSteps({ ledger, campaign }: Look, { firsts }: Soonest): Front[] {
  const known = firsts.get(campaign.id);
  if (known) return known;
  const found = listFirstZones(ledger, campaign.id).flatMap((zone) => {
    const waiting = firstFirstStep(ledger, { campaign_id: campaign.id, zone });
    return waiting ? [{ zone, waiting }] : [];
  });
  firsts.set(campaign.id, found);
  return found;
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
