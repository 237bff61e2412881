// Those that wait, in groups that share their fate: first steps of a zone, follow-ups of an inbox and a zone. For each
// group, when its first may go, and under which reason its leads are counted.

import { isReasonCode, type ReasonCode } from "../../core/reasons.ts";
import { nextOpening } from "../../core/window.ts";
import type { CampaignRow } from "../../resources/campaigns/store.ts";
import type { ZoneCount } from "../../resources/enrollments/explain.store.ts";
import { shut, windowGates } from "../send/gates.ts";
import type { Crowd } from "./crowd.ts";
import { decider, freeFirst, passesAlone, whenPassed } from "./expect.ts";
import { type Found, found, type Scene } from "./scene.ts";

export interface Group {
  zone: string;
  count: ZoneCount;
  /** When its first may go; null where no instant can be told. */
  at: number | null;
  /** What keeps its due leads from going; empty where nothing does. */
  finds: Found[];
  /** What its first waits for; null where nothing stands in its way. */
  decides: Found | null;
}

interface Place {
  campaign: CampaignRow;
  crowd: Crowd;
  common: readonly Found[];
}

/** All groups of a campaign. */
export function groupsOf(scene: Scene, { campaign, crowd, common }: Place): Group[] {
  const { now } = scene;
  const windows = new Map<string, Found[]>();
  const windowOf = (zone: string) => {
    const known = windows.get(zone) ?? found(windowGates(campaign, zone, now));
    windows.set(zone, known);
    return known;
  };
  const make = (count: ZoneCount, of_campaign: readonly Found[], options: Found[][]): Group => {
    const { zone, first_due_at } = count;
    const at_best = freeFirst(options, now)?.finds ?? options.flat();
    const finds = [...of_campaign, ...windowOf(zone), ...at_best];
    const not_due = first_due_at > now ? found([shut("not_due", first_due_at)]) : [];
    const passed = whenPassed([...finds, ...not_due], now);
    const at = passed === null ? null : nextOpening(campaign.send_window, zone, passed);
    return { zone, count, at, finds, decides: decider([...finds, ...not_due]) };
  };
  const listed = crowd.inboxes.filter(({ is_listed }) => is_listed).map(({ firsts }) => firsts);
  // New leads have a budget of their own, and a sticky inbox need not be one that the campaign names.
  const of_first = new Set<ReasonCode>(["daily_new_leads", "no_inbox", "no_inbox_can_send"]);
  const of_follow_up = common.filter(({ gate }) => !of_first.has(gate.code));
  return [
    ...crowd.firsts.map((count) => make(count, common, listed)),
    ...crowd.inboxes.flatMap(({ zones, finds }) =>
      zones.map((count) => make(count, of_follow_up, [finds])),
    ),
  ];
}

/** Each lead that has not ended once, under the reason that is the last to pass. */
export function waitingFor(
  crowd: Crowd,
  groups: readonly Group[],
): Partial<Record<ReasonCode, number>> {
  const counts: Partial<Record<ReasonCode, number>> = {};
  const add = (code: ReasonCode, leads: number) => {
    if (leads > 0) counts[code] = (counts[code] ?? 0) + leads;
  };
  for (const { state, blocked_by, leads } of crowd.kept_back) add(codeOf(state, blocked_by), leads);
  add("under_way", crowd.in_flight.under_way);
  add("uncertain", crowd.in_flight.uncertain);
  for (const { count, finds } of groups) {
    const stuck = finds.find((one) => !passesAlone(one));
    const due_code = stuck?.gate.code ?? decider(finds)?.gate.code ?? "turn";
    add(due_code, count.due);
    add(stuck?.gate.code ?? "not_due", count.waiting - count.due);
  }
  return counts;
}

function codeOf(state: "held" | "paused" | "waiting", blocked_by: string | null): ReasonCode {
  if (state !== "waiting") return state;
  const [word = ""] = (blocked_by ?? "").split(/[: ]/);
  return isReasonCode(word) ? word : "kept_back";
}
