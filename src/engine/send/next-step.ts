// Which step of a campaign a lead gets next, branches tried. The claim acts on it and `explain` tells it: one function, so
// that what is told is what happens.

import { dueAtBehind, followingStep, type NextStep, nextStep } from "../../core/sequence.ts";
import type { Reading } from "../../ledger/database.ts";
import type { StepRow } from "../../resources/campaigns/steps.store.ts";
import type { Decision } from "../../resources/enrollments/decisions.store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import { findMessageOfStep } from "../../resources/messages/store.ts";
import { branchFacts } from "./facts.ts";

type Way =
  | { plan: "send"; step: StepRow }
  /** Its mail was deferred and goes again then. */
  | { plan: "wait"; step: StepRow; until: number }
  /** The way leads to a step whose delay has not passed since the last mail. */
  | { plan: "later"; step: StepRow; due_at: number }
  | { plan: "end"; ended_by: "last_step" | "branch_end" };

/** One per step that was due and has branches: where they led, and why. */
type Decided = Omit<Decision, "enrollment_id">;

export type Plan = Way & { decisions: Decided[] };

/** The step that is sent now. A step whose mail is final is never made again: the way goes on behind it. */
export function planStep(
  reading: Reading & { readonly now: number },
  enrollment: EnrollmentRow,
  steps: readonly StepRow[],
): Plan {
  const { zone, last_sent_at } = enrollment;
  const { now } = reading;
  const facts = branchFacts(reading, enrollment, steps);
  const dueOf = (step: Pick<StepRow, "delay">) => dueAtBehind(last_sent_at, step, { zone, now });
  const isDue = (step: Pick<StepRow, "delay">) => dueOf(step) <= now;
  const find = (id: number | "end" | null) => steps.find((step) => step.id === id);
  const decisions: Decided[] = [];
  if (enrollment.step_id === null) return { plan: "end", ended_by: "last_step", decisions };
  for (let current = find(enrollment.step_id); current !== undefined;) {
    const next = nextStep(steps, current.id, facts, { zone, isDue });
    decisions.push(...decisionsOf(next));
    const step = find(next.step_id);
    if (!step) break;
    if (step.id !== current.id && !isDue(step))
      return { plan: "later", step, due_at: dueOf(step), decisions };
    const message = findMessageOfStep(reading, enrollment.id, step.id);
    if (!message || message.state === "queued") return { plan: "send", step, decisions };
    // It will go again: only what is final lets the way go on behind it.
    if (message.retry_at !== null)
      return { plan: "wait", step, until: message.retry_at, decisions };
    const following = find(followingStep(steps, step.id));
    if (!following) return { plan: "end", ended_by: "last_step", decisions };
    if (!isDue(following))
      return { plan: "later", step: following, due_at: dueOf(following), decisions };
    current = following;
  }
  return { plan: "end", ended_by: "branch_end", decisions };
}

function decisionsOf({ trace }: NextStep): Decided[] {
  return [...new Set(trace.map((trial) => trial.step_id))].map((step_id) => {
    const trials = trace.filter((trial) => trial.step_id === step_id);
    const held = trials.find(({ holds }) => holds);
    const went_to = held === undefined ? step_id : held.go_to;
    return { step_id, went_to: went_to === "end" ? null : went_to, trials };
  });
}
