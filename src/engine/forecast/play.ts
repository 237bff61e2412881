// Plays the engine's own rounds on a copy, from one instant at which something may go to the next, with servers that take
// every mail. When each inbox is next looked at is kept, so that an instant costs what is due at it and not all inboxes.

import type { ForecastRun } from "../../core/forecast.ts";
import { dateStart, localDate, localDay } from "../../core/zones.ts";
import { openCopy } from "../../ledger/copy.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findCampaign, listInboxIds, setCampaignState } from "../../resources/campaigns/store.ts";
import { nextRelease } from "../../resources/enrollments/waiting.store.ts";
import { findInbox, type InboxRow, markRead } from "../../resources/inboxes/store.ts";
import { openCommitGroup } from "../send/commit-group.ts";
import { type SendDesk, sendRound } from "../send/round.ts";
import { settle } from "../send/settle.ts";
import type { ForecastAnswer, ForecastOrder } from "./order.ts";
import { sumRemnants, waitsIn } from "./remnants.ts";
import {
  type CutQueue,
  findScene,
  LEADS_MOST,
  listPlayed,
  listRemnants,
  listUnderWay,
  takeScene,
} from "./scene.store.ts";
import { openStage, type Stage } from "./stage.ts";
import { countSends } from "./tally.ts";
import { openUnwritten } from "./unwritten.ts";

/** What the rounds ask of at every mail and never change. */
const STILL = ["campaigns", "campaign_inboxes", "steps"];
/** By this answer a mail that was played is known. */
const TAKEN = "250 2.0.0 foretold";
const NEVER = Number.POSITIVE_INFINITY;

/** Copies what matters and plays it. For a thread of its own: it does not let go until it is done. */
export function playForecast(order: ForecastOrder): ForecastAnswer {
  const copy = openCopy(order.source);
  try {
    const { campaign_id, days, now, workspace } = order;
    const scene = findScene(copy, campaign_id);
    const today = localDay(now, workspace.zone);
    const taken = takeScene(copy, scene, { campaign_id, days, now, today });
    if ("too_many" in taken)
      return { result: "too_large", leads: taken.too_many, limit: LEADS_MOST };
    // Before the taking ends: what is asked of the file later would keep its write-ahead log from being emptied.
    const stage = openStage(copy, order);
    copy.settle(STILL);
    return playTaken(stage, order, { inbox_ids: scene.inbox_ids, cut: taken.cut });
  } finally {
    copy.close();
  }
}

interface Taken {
  inbox_ids: readonly number[];
  cut: readonly CutQueue[];
}

function playTaken(stage: Stage, order: ForecastOrder, taken: Taken): ForecastAnswer {
  const { ledger } = stage;
  const { zone } = order.workspace;
  const until = dateStart(localDate(order.now, zone).add({ days: order.days }), zone);
  const takeOver = openServer(ledger);
  ledger.write((tx) => setCampaignState(tx, order.campaign_id, "active", null));
  for (const { id } of listUnderWay(ledger)) takeOver(id);
  const inbox_ids = taken.inbox_ids.filter((id) => isActive(ledger, id));
  playUntil(stage, { inbox_ids, until, takeOver });
  // Beyond the front of a queue that has run out would have come others.
  const dry = taken.cut.find(
    (queue) => !listRemnants(ledger, queue.campaign_id).some((rest) => waitsIn(rest, queue)),
  );
  if (dry) return { result: "too_large", leads: LEADS_MOST + dry.left, limit: LEADS_MOST };
  return {
    result: "done",
    run: sumUp(ledger, order.campaign_id, { until, cut: taken.cut }),
  };
}

const isActive = (ledger: Ledger, inbox_id: number) =>
  findInbox(ledger, inbox_id)?.state === "active";

function sumUp(
  ledger: Ledger,
  campaign_id: number,
  { until, cut }: { until: number; cut: readonly CutQueue[] },
): ForecastRun {
  const campaign = findCampaign(ledger, campaign_id);
  if (!campaign) throw new Error("the campaign is not in the copy");
  const can_send = listInboxIds(ledger, campaign_id).some((id) => isActive(ledger, id));
  const outlook = { campaign, until, can_send };
  const { remaining, not_sent } = sumRemnants(listRemnants(ledger, campaign_id), outlook);
  const left = cut.filter((queue) => queue.campaign_id === campaign_id);
  const played = listPlayed(ledger, campaign_id, TAKEN);
  const sends = countSends(played, ledger.workspace().zone);
  return {
    sends,
    last_date: sends.at(-1)?.date ?? null,
    remaining: left.reduce((sum, queue) => sum + queue.left, remaining),
    not_sent,
  };
}

/** Takes a claimed mail through the engine's commit point and settles it as accepted, at once. */
function openServer(ledger: Ledger): (message_id: number) => void {
  // One mail at a time is a full group: nothing waits.
  const group = openCommitGroup(ledger, () => () => undefined);
  return (message_id) => {
    let released = false;
    group.expect();
    group.join(message_id, {
      release: () => void (released = true),
      refuse: () => undefined,
    });
    group.unexpect();
    settle(
      ledger,
      message_id,
      released ? { outcome: "accepted", response: TAKEN } : { outcome: "refused" },
    );
  };
}

interface Course {
  /** Those that may send. */
  inbox_ids: readonly number[];
  /** ms UTC, exclusive. */
  until: number;
  takeOver: (message_id: number) => void;
}

function playUntil({ ledger, clock }: Stage, { inbox_ids, until, takeOver }: Course): void {
  const looks = new Map(inbox_ids.map((id) => [id, clock.now()]));
  const ids = inbox_ids.toSorted((one, other) => one - other);
  const desk = openPlayDesk(ledger, takeOver);
  let release = NEVER;
  for (;;) {
    const at = Math.min(release, ...looks.values());
    if (at >= until) return;
    clock.moveTo(Math.max(at, clock.now()));
    // What becomes free may be anybody's: every inbox looks again.
    const free = ids.filter((id) => (looks.get(id) ?? NEVER) <= at || release <= at);
    // As in a round: the inbox first that has rested longest.
    if (free.length > 1) free.sort((one, other) => desk.slotOf(one) - desk.slotOf(other));
    for (const id of free) looks.set(id, Math.max(desk.look(id), at));
    release = ids.length === 0 ? NEVER : (nextRelease(ledger) ?? NEVER);
  }
}

function fail(facts: object, text: string): never {
  throw new Error(`${text}: ${JSON.stringify(facts)}`);
}

interface PlayDesk {
  /** Sends what may go; the next instant to look, ms UTC. */
  look(inbox_id: number): number;
  /** Its pace: no mail before then, ms UTC. */
  slotOf(inbox_id: number): number;
}

/** Looks at one inbox at a time; answers when to look at it again. */
function openPlayDesk(ledger: Ledger, takeOver: (message_id: number) => void): PlayDesk {
  // Between two looks nothing but the reading changes an inbox.
  const rows = new Map<number, InboxRow | null>();
  let here: InboxRow[] = [];
  let sent = false;
  const compose = openUnwritten();
  const desk: SendDesk = {
    turns: new Map(),
    log: { info: () => undefined, warn: fail, error: fail },
    mayStart: () => true,
    start(mail) {
      sent = true;
      takeOver(mail.id);
    },
    only: {
      inboxes: () => here,
      compose,
    },
  };
  return {
    slotOf: (inbox_id) => (rows.get(inbox_id) ?? findInbox(ledger, inbox_id))?.next_slot_at ?? 0,
    look(inbox_id) {
      const row = rows.get(inbox_id) ?? findInbox(ledger, inbox_id);
      const read_at = ledger.clock.now();
      // No answer comes, and every mailbox has been read.
      ledger.write((tx) => markRead(tx, inbox_id, read_at));
      here = row ? [{ ...row, read_at }] : [];
      sent = false;
      const next = sendRound(ledger, desk);
      if (!sent) return next ?? NEVER;
      const after = findInbox(ledger, inbox_id);
      rows.set(inbox_id, after);
      return after?.next_slot_at ?? NEVER;
    },
  };
}
