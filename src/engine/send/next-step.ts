// Which step of a campaign a lead gets next, branches tried. The claim acts on it and `explain` tells it: one function, so
// that what is told is what happens.

import { followingStep, nextStep } from "../../core/sequence.ts";
import type { Reading } from "../../ledger/database.ts";
import type { StepRow } from "../../resources/campaigns/steps.store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import { findMessageOfStep } from "../../resources/messages/store.ts";
import { branchFacts } from "./facts.ts";

export type Plan =
  | { plan: "send"; step: StepRow }
  /** Its mail was deferred and goes again then. */
  | { plan: "wait"; step: StepRow; until: number }
  | { plan: "end"; ended_by: "last_step" | "branch_end" };

/** The step that is sent now. A step whose mail is final is never made again: the way goes on behind it. */
export function planStep(
  reading: Reading,
  enrollment: EnrollmentRow,
  steps: readonly StepRow[],
): Plan {
  const facts = branchFacts(reading, enrollment, steps);
  let step_id = enrollment.step_id;
  while (step_id !== null) {
    const decided = steps.some(({ id }) => id === step_id)
      ? nextStep(steps, step_id, facts, enrollment.zone).step_id
      : "end";
    const step = steps.find(({ id }) => id === decided);
    if (decided === "end" || !step) return { plan: "end", ended_by: "branch_end" };
    const message = findMessageOfStep(reading, enrollment.id, decided);
    if (!message || message.state === "queued") return { plan: "send", step };
    // It will go again: only what is final lets the way go on behind it.
    if (message.retry_at !== null) return { plan: "wait", step, until: message.retry_at };
    const following = followingStep(steps, decided);
    step_id = following === "end" ? null : following;
  }
  return { plan: "end", ended_by: "last_step" };
}
