// What becomes of those who are not mailed by the end of a forecast: they go on waiting, or something keeps them back that
// does not pass by itself. The codes are those of the gates.

import { nextOpening } from "../../core/window.ts";
import type { CampaignRow } from "../../resources/campaigns/store.ts";
import type { Remnant } from "./scene.store.ts";

interface Outlook {
  campaign: CampaignRow;
  /** The end of the forecast, ms UTC. */
  until: number;
  /** May any of its inboxes send first steps? */
  can_send: boolean;
}

export function sumRemnants(
  remnants: readonly Remnant[],
  outlook: Outlook,
): { remaining: number; not_sent: Record<string, number> } {
  const not_sent: Record<string, number> = {};
  let remaining = 0;
  for (const rest of remnants) {
    if (rest.state === "completed") continue;
    const reason = keptBackBy(rest, outlook);
    if (reason === null) remaining += rest.leads;
    else not_sent[reason] = (not_sent[reason] ?? 0) + rest.leads;
  }
  return { remaining, not_sent };
}

/** The code of what keeps them from ever being mailed as things are; null for those who only wait for their turn. */
function keptBackBy(rest: Remnant, { campaign, until, can_send }: Outlook): string | null {
  if (rest.state === "stopped") return rest.ended_by ?? "stopped";
  if (rest.state === "paused") return "lead_paused";
  const own = (rest.blocked_by ?? "").match(/^(missing_\w+|internal_error)/)?.[1];
  if (own !== undefined) return own;
  if (nextOpening(campaign.send_window, rest.zone, until) === null) return "outside_window";
  if (rest.inbox_id === null) return can_send ? null : "inbox_unusable";
  return rest.inbox_state === "active" ? null : `inbox_${rest.inbox_state ?? "deleted"}`;
}

/** Is it one of those at the front of this queue of first steps? */
export function waitsIn(rest: Remnant, queue: { zone: string }): boolean {
  const { state, inbox_id, blocked_by, zone } = rest;
  return state === "waiting" && inbox_id === null && blocked_by === null && zone === queue.zone;
}
