// Budgets nest: all must have room, and all that have none are told.

import { expect, test } from "bun:test";

import { remaining, rollingHourStart, usedUpBudgets } from "../../src/core/quota.ts";
import type { BudgetState } from "../../src/core/quota.ts";

const NOW = Date.parse("2026-03-28T22:30Z");
const NEXT_DAY = Date.parse("2026-03-28T23:00Z");
const MINUTE = 60_000;

const state: BudgetState = {
  used: { inbox_day: 0, inbox_hour: 0, campaign_day: 0, campaign_new_day: 0, company_day: 0 },
  limits: {
    inbox_day: 50,
    inbox_hour: 10,
    campaign_day: 5000,
    campaign_new_day: null,
    company_day: null,
  },
  now: NOW,
  zone: "Europe/Berlin",
  oldest_slot_at: null,
};

test.each([
  [50, 0, 50],
  [50, 49, 1],
  [50, 50, 0],
  [10, 50, 0],
])("of %i with %i used %i remain", (limit, used, left) => {
  expect(remaining(limit, used)).toBe(left);
});

test("with room in every budget nothing is used up, and what is not limited never is", () => {
  expect(usedUpBudgets(state)).toEqual([]);
  expect(
    usedUpBudgets({ ...state, used: { ...state.used, campaign_new_day: 1e9, company_day: 1e9 } }),
  ).toEqual([]);
});

test("a day's budget may pass when the workspace's next day begins", () => {
  const used = { ...state.used, inbox_day: 50 };
  expect(usedUpBudgets({ ...state, used })).toEqual([
    { budget: "inbox_day", used: 50, limit: 50, next_at: NEXT_DAY },
  ]);
});

test("the hour's budget may pass an hour after its oldest slot, at the instant at which that slot stops counting", () => {
  const oldest_slot_at = NOW - 40 * MINUTE;
  const [hour] = usedUpBudgets({
    ...state,
    used: { ...state.used, inbox_hour: 10 },
    oldest_slot_at,
  });
  expect(hour).toEqual({ budget: "inbox_hour", used: 10, limit: 10, next_at: NOW + 20 * MINUTE });
  expect(oldest_slot_at > rollingHourStart(hour!.next_at - 1)).toBe(true);
  expect(oldest_slot_at > rollingHourStart(hour!.next_at)).toBe(false);
});

test("a slot that a wrong clock put ahead of now blocks for an hour at most", () => {
  const [hour] = usedUpBudgets({
    ...state,
    used: { ...state.used, inbox_hour: 10 },
    oldest_slot_at: NOW + 1e9,
  });
  expect(hour!.next_at).toBe(NOW + 60 * MINUTE);
});

test("every budget that is used up is told, not the first", () => {
  const full = usedUpBudgets({
    ...state,
    used: { inbox_day: 60, inbox_hour: 10, campaign_day: 20, campaign_new_day: 0, company_day: 2 },
    limits: {
      inbox_day: 50,
      inbox_hour: 10,
      campaign_day: 20,
      campaign_new_day: 0,
      company_day: 2,
    },
    oldest_slot_at: NOW - MINUTE,
  });
  expect(full.map((one) => one.budget)).toEqual([
    "inbox_day",
    "inbox_hour",
    "campaign_day",
    "campaign_new_day",
    "company_day",
  ]);
  expect(full.every((one) => one.next_at > NOW)).toBe(true);
});
