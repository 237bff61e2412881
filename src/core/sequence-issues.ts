// Everything that can be wrong with a campaign's steps, each with its field (domain.md "Branches").
// What passes here is what sequence.ts may rely on: only forwards, every step reachable.

import { DURATION_RULE, parseDuration } from "./duration.ts";
import type { FaultDetail } from "./faults.ts";
import { BRANCH_EVENTS } from "./sequence.ts";

const STEPS_MOST = 20;
const BRANCHES_MOST = 20;
const WEIGHT_MOST = 1000;
/** What a human reply can mean, and so what `replied` can ask for (domain.md "Inbound mail"). */
const REPLY_MEANINGS = [
  "interested",
  "meeting_requested",
  "question",
  "referral",
  "not_now",
  "not_interested",
  "wrong_person",
  "other",
];

/** Steps before their words are checked. Ids are compared as they are: numbers inside, text as it came in. */
export interface StepDraft<Id> {
  id: Id;
  delay: string;
  branches: readonly BranchDraft<Id>[];
  variants: readonly { weight: number }[];
}

export interface BranchDraft<Id> {
  when: { event: string; step: Id | null; within: string | null; category: string | null };
  go_to: Id | "end";
}

type Report = (field: string, rule: string) => void;

/** Every issue of the steps in their order, the field as `steps[2].branches[0].go_to`; empty when they can run. */
export function sequenceIssues<Id extends number | string>(
  steps: readonly StepDraft<Id>[],
): FaultDetail[] {
  const issues: FaultDetail[] = [];
  const report: Report = (field, rule) => {
    issues.push({ field, message: `${field} ${rule}` });
  };
  if (steps.length < 1 || steps.length > STEPS_MOST) {
    report("steps", `must have 1 to ${STEPS_MOST} steps`);
    return issues;
  }
  const places = new Map<Id, number>();
  for (const [i, step] of steps.entries()) {
    if (places.has(step.id)) report(`steps[${i}].id`, "must not name the same step twice");
    else places.set(step.id, i);
  }
  for (const [i, step] of steps.entries()) stepIssues(step, i, places, report);
  // Ways are only worth following where every branch is sound.
  if (issues.length === 0) reachIssues(steps, places, report);
  return issues;
}

function stepIssues<Id>(
  step: StepDraft<Id>,
  i: number,
  places: Map<Id, number>,
  report: Report,
): void {
  const field = `steps[${i}]`;
  if (parseDuration(step.delay) === null) report(`${field}.delay`, `must be ${DURATION_RULE}`);
  for (const [v, variant] of step.variants.entries()) {
    const fits =
      Number.isInteger(variant.weight) && variant.weight >= 1 && variant.weight <= WEIGHT_MOST;
    if (!fits)
      report(`${field}.variants[${v}].weight`, `must be a whole number from 1 to ${WEIGHT_MOST}`);
  }
  if (i === 0 && step.branches.length > 0)
    return report(`${field}.branches`, "must be empty: nothing was sent before the first step");
  if (step.branches.length > BRANCHES_MOST)
    return report(`${field}.branches`, `must have at most ${BRANCHES_MOST} branches`);
  for (const [b, branch] of step.branches.entries()) {
    const named: Report = (part, rule) => report(`${field}.branches[${b}].${part}`, rule);
    whenIssues(branch, i, places, named);
    if (branch.go_to !== "end" && (places.get(branch.go_to) ?? -1) <= i) {
      named("go_to", 'must be "end" or the id of a later step: branches only go forwards');
    }
  }
}

function whenIssues<Id>(
  branch: BranchDraft<Id>,
  i: number,
  places: Map<Id, number>,
  named: Report,
): void {
  const { event, step, within, category } = branch.when;
  if (!BRANCH_EVENTS.some((known) => known === event))
    named("when.event", `must be one of ${BRANCH_EVENTS.join(", ")}`);
  if (step !== null && (places.get(step) ?? i) >= i)
    named("when.step", "must be the id of an earlier step");
  if (within !== null && !isPositive(within))
    named("when.within", `must be ${DURATION_RULE}, and not zero`);
  if (category === null) return;
  if (event !== "replied") named("when.category", "may only stand beside the event replied");
  else if (!REPLY_MEANINGS.includes(category))
    named("when.category", `must be one of ${REPLY_MEANINGS.join(", ")}`);
}

function isPositive(text: string): boolean {
  const duration = parseDuration(text);
  return duration !== null && duration.days + duration.seconds > 0;
}

/** A step becomes due behind one that can be sent, or by a branch; it is sent unless its branches leave no case. */
function reachIssues<Id>(
  steps: readonly StepDraft<Id>[],
  places: Map<Id, number>,
  report: Report,
): void {
  const due = new Set([0]);
  const first_id = steps[0]?.id;
  for (const [i, step] of steps.entries()) {
    if (!due.has(i)) {
      report(
        `steps[${i}]`,
        "can never be reached: the branches of the steps before it lead past it",
      );
      continue;
    }
    for (const branch of step.branches) {
      if (branch.go_to !== "end") due.add(places.get(branch.go_to) ?? i);
    }
    if (leavesNoCase(step.branches, first_id)) {
      report(
        `steps[${i}].branches`,
        "leave no case in which this step is sent: one of them always holds",
      );
    } else due.add(i + 1);
  }
}

/** Do two branches cover both "it happened" and "it did not"? Sure only of a step that was surely sent: the last, or the first. */
function leavesNoCase<Id>(branches: readonly BranchDraft<Id>[], first_id: Id | undefined): boolean {
  const sure = branches.filter(
    (branch) => branch.when.step === null || branch.when.step === first_id,
  );
  return sure.some((yes) =>
    sure.some(
      (no) =>
        no.when.event === `not_${yes.when.event}` &&
        no.when.step === yes.when.step &&
        coversTime(yes.when.within, no.when.within),
    ),
  );
}

/** Is every event that comes within `inner` also within `outer`? */
function coversTime(outer: string | null, inner: string | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  const long = parseDuration(outer);
  const short = parseDuration(inner);
  return (
    long !== null && short !== null && long.days >= short.days && long.seconds >= short.seconds
  );
}
