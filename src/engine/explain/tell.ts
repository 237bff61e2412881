// From gates to reasons: the words, since when, and what to do. Costs a look or two at the database for what the
// deciding code does not need to know.

import type { Reason } from "../../core/explanation.ts";
import { REASONS } from "../../core/reasons.ts";
import { closedAt } from "../../core/window.ts";
import { lastSlotAt } from "../../resources/messages/slots.store.ts";
import { endOf } from "./expect.ts";
import type { Found, Scene } from "./scene.ts";
import { CALLS, type Told, WORDS } from "./words.ts";

/** What the sentences name, the same for all reasons of one thing. */
export type Subject = Omit<Told, "gate" | "inbox" | "now" | "workspace_zone">;

/** Of whom nothing more is known. */
export const NOBODY: Omit<Subject, "zone" | "campaign"> = {
  enrollment: null,
  message: null,
  blocked_by: null,
  ahead: null,
  next_at: null,
};

/** The reasons in the order of the gates. */
export function tell(scene: Scene, finds: readonly Found[], subject: Subject): Reason[] {
  const { ledger, now } = scene;
  const workspace_zone = ledger.workspace().zone;
  return finds.map((one) => {
    const { gate, inbox } = one;
    const told: Told = { ...subject, gate, inbox, now, workspace_zone };
    const { code } = gate;
    return {
      code,
      message: WORDS[code](told),
      waits_for: endOf(one),
      since: gate.since ?? sinceOf(scene, one, subject),
      // What was to pass by now passes with the next look.
      next_at: gate.next_at === null ? null : Math.max(now, gate.next_at),
      fix: { text: REASONS[code].remedy, call: CALLS[code]?.(told) ?? null },
      inbox_id: inbox?.id ?? null,
    };
  });
}

function sinceOf(
  { ledger, now }: Scene,
  { gate, inbox }: Found,
  { campaign, zone }: Subject,
): number | null {
  if (gate.code === "outside_window" && campaign !== null)
    return closedAt(campaign.send_window, zone, now);
  if (inbox === null) return null;
  if (gate.code === "pace") return lastSlotAt(ledger, inbox.id);
  // The mail that took the last place; with a limit that was lowered since, nobody knows.
  const is_budget = gate.code === "daily_limit" || gate.code === "hourly_limit";
  return is_budget && gate.used === gate.limit ? lastSlotAt(ledger, inbox.id) : null;
}
