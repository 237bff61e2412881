// A campaign's steps: are they sound, which one comes next, and when is it due? Branches go only forwards,
// so every walk ends. Steps are always given in the order of their position.

import { addDuration, readDuration } from "./duration.ts";

export const BRANCH_EVENTS = [
  "opened",
  "clicked",
  "replied",
  "not_opened",
  "not_clicked",
  "bounced_soft",
] as const;
export type BranchEvent = (typeof BRANCH_EVENTS)[number];

export interface Variant {
  id: number;
  subject: string;
  body: string;
  weight: number;
}

export interface Branch {
  when: {
    event: BranchEvent;
    /** Null: the last step sent. */
    step: number | null;
    /** How long after that step's send the event counts; null: for ever. */
    within: string | null;
    /** Only of `replied`; null: any reply. */
    category: string | null;
  };
  go_to: number | "end";
}

/** What deciding needs of a step. */
export interface StepPlan {
  id: number;
  delay: string;
  branches: readonly Branch[];
}

export interface Step extends StepPlan {
  position: number;
  subject: string;
  body: string;
  /** The body is HTML even where it does not begin with a tag. */
  html: boolean;
  variants: readonly Variant[];
}

/** One recorded event of this enrollment. */
export interface Fact {
  event: "sent" | "opened" | "clicked" | "replied" | "bounced_soft";
  /** Null: a reply that belongs to no single mail; it counts for each step sent before it. */
  step_id: number | null;
  at: number;
  /** Of a reply: what it means. */
  category?: string | null;
  /** A scanner or prefetcher, not a person: never counts. */
  machine?: boolean;
}

export type BranchReason =
  "happened" | "did_not_happen" | "too_late" | "other_category" | "step_not_sent";

/** One branch that was tried. */
export interface BranchTrial {
  /** The step that was due. */
  step_id: number;
  /** Which of its branches, from 0. */
  branch: number;
  /** What the branch asks for. */
  event: BranchEvent;
  holds: boolean;
  why: BranchReason;
  /** The step whose event was asked for; null when none had been sent. */
  on_step_id: number | null;
  /** When the event happened, ms UTC. */
  event_at: number | null;
  go_to: number | "end";
}

export interface NextStep {
  step_id: number | "end";
  /** Every branch that was tried, in order: kept per lead, so that a way can be explained. */
  trace: BranchTrial[];
}

export interface WalkRules {
  /** The lead's, for days in `within`. */
  zone: string;
  /** Has the time come for a step that a branch leads to? Its own branches are tried only then (domain.md "Branches"). */
  isDue: (step: StepPlan) => boolean;
}

/**
 * Which step comes for a lead for whom `current_step_id` is due: one to be sent now, or the first on the way that is not
 * due yet. Ids must be of `steps`.
 */
export function nextStep(
  steps: readonly StepPlan[],
  current_step_id: number,
  facts: readonly Fact[],
  { zone, isDue }: WalkRules,
): NextStep {
  const trace: BranchTrial[] = [];
  let at = steps.findIndex((step) => step.id === current_step_id);
  for (;;) {
    const step = steps[at];
    if (step === undefined)
      throw new RangeError(`step ${current_step_id} leads to no step of this campaign`);
    if (step.id !== current_step_id && !isDue(step)) return { step_id: step.id, trace };
    const go_to = tryBranches(step, facts, zone, trace);
    if (go_to === null) return { step_id: step.id, trace };
    if (go_to === "end") return { step_id: "end", trace };
    // Searching only behind `at` is what makes the walk end, whatever is stored.
    at = steps.findIndex((later, i) => i > at && later.id === go_to);
  }
}

/** The step after this one when no branch is asked, or `end` (its branches are tried when it is due). */
export function followingStep(steps: readonly StepPlan[], sent_step_id: number): number | "end" {
  const at = steps.findIndex((step) => step.id === sent_step_id);
  if (at < 0) throw new RangeError(`step ${sent_step_id} is no step of this campaign`);
  return steps[at + 1]?.id ?? "end";
}

/** The earliest instant (ms UTC) of a step: the previous send (or the enrolling) plus its delay. The window is not folded in. */
export function dueAt(
  previous_sent_at: number,
  step: Pick<StepPlan, "delay">,
  zone: string,
): number {
  return addDuration(previous_sent_at, readDuration(step.delay), zone);
}

/**
 * The same for a step that a branch leads to, or that comes behind one that is skipped: its delay counts from the last mail
 * that went out (null: none did), and it is never due before now (domain.md "Branches").
 */
export function dueAtBehind(
  last_sent_at: number | null,
  step: Pick<StepPlan, "delay">,
  { zone, now }: { zone: string; now: number },
): number {
  return last_sent_at === null ? now : Math.max(now, dueAt(last_sent_at, step, zone));
}

/** Does the sequence itself ask for replies? Then `stop_on_reply` leaves the enrollment to it (domain.md "Branches"). */
export function asksForReply(steps: readonly StepPlan[]): boolean {
  return steps.some((step) => step.branches.some((branch) => branch.when.event === "replied"));
}

function tryBranches(
  step: StepPlan,
  facts: readonly Fact[],
  zone: string,
  trace: BranchTrial[],
): number | "end" | null {
  for (const [i, branch] of step.branches.entries()) {
    const trial = {
      step_id: step.id,
      branch: i,
      event: branch.when.event,
      ...judgeBranch(branch, facts, zone),
      go_to: branch.go_to,
    };
    trace.push(trial);
    if (trial.holds) return branch.go_to;
  }
  return null;
}

type Judgement = Pick<BranchTrial, "holds" | "why" | "on_step_id" | "event_at">;

function judgeBranch(branch: Branch, facts: readonly Fact[], zone: string): Judgement {
  const { step, within } = branch.when;
  const sent = lastSent(facts, step);
  // Also a "not_": of a mail that was never sent nothing can be said.
  if (sent === null)
    return { holds: false, why: "step_not_sent", on_step_id: step, event_at: null };
  const until = within === null ? null : addDuration(sent.at, readDuration(within), zone);
  const found = findEvent(branch, facts, sent, until);
  const negated = branch.when.event.startsWith("not_");
  return { holds: (found.why === "happened") !== negated, on_step_id: sent.step_id, ...found };
}

function findEvent(
  branch: Branch,
  facts: readonly Fact[],
  sent: Fact,
  until: number | null,
): Pick<Judgement, "why" | "event_at"> {
  const { event, category } = branch.when;
  const wanted = event.replace("not_", "");
  const hits = facts
    .filter((fact) => fact.event === wanted && fact.machine !== true && belongsTo(fact, sent))
    .toSorted((a, b) => a.at - b.at);
  const first = hits[0];
  if (first === undefined) return { why: "did_not_happen", event_at: null };
  const meant = hits.filter((fact) => category === null || fact.category === category);
  const match = meant.find((fact) => until === null || fact.at <= until);
  if (match !== undefined) return { why: "happened", event_at: match.at };
  const late = meant[0];
  return late === undefined
    ? { why: "other_category", event_at: first.at }
    : { why: "too_late", event_at: late.at };
}

function belongsTo(fact: Fact, sent: Fact): boolean {
  return fact.step_id === sent.step_id || (fact.step_id === null && fact.at >= sent.at);
}

/** The send of this step, or of the last one sent; the later of the list wins a tie. */
function lastSent(facts: readonly Fact[], step_id: number | null): Fact | null {
  let last: Fact | null = null;
  for (const fact of facts) {
    if (fact.event !== "sent" || (step_id !== null && fact.step_id !== step_id)) continue;
    if (last === null || fact.at >= last.at) last = fact;
  }
  return last;
}
