// What is left of each budget. All of them must have room (domain.md "Budgets nest"), and all that are
// used up are told: `explain` never stops at the first.

import { startOfNextDay } from "./zones.ts";

const HOUR_MS = 3_600_000;

export const BUDGETS = [
  "inbox_day",
  "inbox_hour",
  "campaign_day",
  "campaign_new_day",
  "company_day",
] as const;
export type Budget = (typeof BUDGETS)[number];

export interface BudgetState {
  used: Record<Budget, number>;
  /** Null where nothing is limited. */
  limits: Record<Budget, number | null>;
  now: number;
  /** The workspace's zone: daily limits run on its local day. */
  zone: string;
  /** The oldest slot that the inbox took within the rolling hour, ms UTC. */
  oldest_slot_at: number | null;
}

export interface UsedUp {
  budget: Budget;
  used: number;
  limit: number;
  /** The next instant (ms UTC) at which it may pass. */
  next_at: number;
}

/** What may still be used: never below 0, also where a limit was lowered after the fact. */
export function remaining(limit: number, used: number): number {
  return Math.max(0, limit - used);
}

/** A slot counts in the rolling hour while it is later than this instant (ms UTC). */
export function rollingHourStart(now: number): number {
  return now - HOUR_MS;
}

/** Every budget that is used up, in the order of BUDGETS; empty when a mail may go. */
export function usedUpBudgets(state: BudgetState): UsedUp[] {
  const full: UsedUp[] = [];
  for (const budget of BUDGETS) {
    const limit = state.limits[budget];
    const used = state.used[budget];
    if (limit === null || remaining(limit, used) > 0) continue;
    full.push({
      budget,
      used,
      limit,
      next_at:
        budget === "inbox_hour" ? nextHourSlot(state) : startOfNextDay(state.now, state.zone),
    });
  }
  return full;
}

function nextHourSlot(state: BudgetState): number {
  // A slot from ahead of now (the clock went back) must not block for longer than an hour.
  return Math.min(state.oldest_slot_at ?? state.now, state.now) + HOUR_MS;
}
