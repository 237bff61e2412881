// Which step of a lead is sent now: branches tried, their trace kept, and what is not due yet put off. A step whose mail is
// final is never made again (Invariant 1): the way goes on behind it.

import { dueAtBehind, followingStep, type NextStep, nextStep } from "../../core/sequence.ts";
import type { Tx } from "../../ledger/database.ts";
import type { StepRow } from "../../resources/campaigns/steps.store.ts";
import { noteDecision } from "../../resources/enrollments/decisions.store.ts";
import { block, complete, type EnrollmentRow, putOff } from "../../resources/enrollments/store.ts";
import { findMessageOfStep } from "../../resources/messages/store.ts";
import { branchFacts } from "./facts.ts";

/** The step to be sent now, or null: the lead has left the due index, for later or for good. */
export function decideStep(tx: Tx, enrollment: EnrollmentRow, steps: StepRow[]): StepRow | null {
  const { zone, last_sent_at } = enrollment;
  const facts = branchFacts(tx, enrollment, steps);
  const dueOf = (step: Pick<StepRow, "delay">) =>
    dueAtBehind(last_sent_at, step, { zone, now: tx.now });
  const isDue = (step: Pick<StepRow, "delay">) => dueOf(step) <= tx.now;
  const find = (id: number) => steps.find((step) => step.id === id) ?? null;
  let current = enrollment.step_id === null ? null : find(enrollment.step_id);
  let ended_by: "branch_end" | "last_step" =
    enrollment.step_id === null ? "last_step" : "branch_end";
  while (current !== null) {
    const next = nextStep(steps, current.id, facts, { zone, isDue });
    keepTrace(tx, enrollment.id, next);
    const decided = next.step_id === "end" ? null : find(next.step_id);
    if (decided === null) break;
    if (decided.id !== current.id && !isDue(decided)) return wait(tx, enrollment, decided, dueOf);
    const message = findMessageOfStep(tx, enrollment.id, decided.id);
    if (!message || message.state === "queued") return decided;
    if (message.retry_at !== null) {
      // It will go again: only what is final lets the way go on behind it.
      block(tx, enrollment.id, { until: message.retry_at, by: "deferred" });
      return null;
    }
    const following = followingStep(steps, decided.id);
    current = following === "end" ? null : find(following);
    if (current === null) ended_by = "last_step";
    else if (!isDue(current)) return wait(tx, enrollment, current, dueOf);
  }
  complete(tx, enrollment.id, {
    message_id: null,
    sent_at: tx.now,
    sent_step_id: 0,
    counted: false,
    ended_by,
  });
  return null;
}

function wait(
  tx: Tx,
  enrollment: EnrollmentRow,
  step: StepRow,
  dueOf: (step: StepRow) => number,
): null {
  putOff(tx, enrollment.id, { step_id: step.id, due_at: dueOf(step) });
  return null;
}

/** One row per step that was due and has branches: where it led, and why. */
function keepTrace(tx: Tx, enrollment_id: number, { trace }: NextStep): void {
  for (const step_id of new Set(trace.map((trial) => trial.step_id))) {
    const trials = trace.filter((trial) => trial.step_id === step_id);
    const held = trials.find(({ holds }) => holds);
    const went_to = held === undefined ? step_id : held.go_to;
    noteDecision(tx, {
      enrollment_id,
      step_id,
      went_to: went_to === "end" ? null : went_to,
      trials,
    });
  }
}
