// Reads the steps of a request into the steps that are kept: ids are given, references are resolved, every issue is
// told with its place. A step that keeps its id keeps its row, its mails and its numbers.
import { isControlFree } from "../../core/address.ts";
import type { FaultDetail } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { issue } from "../../core/issues.ts";
import { checkTemplate } from "../../core/render.ts";
import { sequenceIssues } from "../../core/sequence-issues.ts";
import type { Branch, Step, Variant } from "../../core/sequence.ts";
import type { StepDraft } from "./schema.ts";

/** Stands for a step that is not there: no id is that low. */
const NOWHERE = Number.MIN_SAFE_INTEGER;

type Reference = string | number;
type BranchDraft = NonNullable<StepDraft["branches"]>[number];

/** The steps, new ones under negative ids until they are saved, with everything that is wrong. */
export function readSteps(
  drafts: readonly StepDraft[],
  previous: readonly Step[],
): { steps: Step[]; issues: FaultDetail[] } {
  const issues: FaultDetail[] = [];
  const ids = drafts.map((draft, i) => {
    const id = draft.id === undefined ? -1 - i : (parseId("stp", draft.id) ?? NOWHERE);
    const is_known = id < 0 || previous.some((step) => step.id === id);
    if (!is_known || id === NOWHERE)
      issues.push(issue(`steps[${i}].id`, "names no step of this campaign"));
    return id;
  });
  const resolve = (to: Reference) => resolveStep(to, ids);
  const steps = drafts.map((draft, position): Step => {
    const id = ids[position] ?? NOWHERE;
    const old = previous.find((step) => step.id === id) ?? null;
    return readStep(draft, { id, position }, old, resolve);
  });
  for (const [i, step] of steps.entries()) {
    const old = previous.find(({ id }) => id === step.id) ?? null;
    issues.push(...variantIssues(drafts[i] ?? {}, old, i), ...wordIssues(step));
  }
  issues.push(...sequenceIssues(steps));
  return { steps, issues };
}

function resolveStep(to: Reference, ids: readonly number[]): number {
  const id = typeof to === "number" ? (ids[to] ?? NOWHERE) : (parseId("stp", to) ?? NOWHERE);
  return ids.includes(id) ? id : NOWHERE;
}

function readStep(
  draft: StepDraft,
  place: { id: number; position: number },
  old: Step | null,
  resolve: (to: Reference) => number,
): Step {
  const body = draft.body ?? old?.body ?? "";
  const variants = draft.variants
    ? readVariants(draft.variants, old?.variants ?? [])
    : [...(old?.variants ?? [])];
  const first_words = body === "" ? (variants[0]?.body ?? "") : body;
  const is_unchanged = draft.body === undefined && draft.variants === undefined;
  const before = is_unchanged ? (old?.html ?? null) : null;
  return {
    ...place,
    delay: draft.delay ?? old?.delay ?? (place.position === 0 ? "PT0S" : "P3D"),
    subject: draft.subject ?? old?.subject ?? "",
    body,
    html: draft.html ?? before ?? /^\s*<[a-z!]/i.test(first_words),
    variants,
    branches: draft.branches
      ? draft.branches.map((branch) => readBranch(branch, resolve))
      : [...(old?.branches ?? [])],
  };
}

/** A variant that names its id keeps it; others get the next number, never one that was in use. */
function readVariants(
  drafts: NonNullable<StepDraft["variants"]>,
  old: readonly Variant[],
): Variant[] {
  const given = drafts.map(({ id }) => (id === undefined ? 0 : Number(id)));
  let last = Math.max(
    0,
    ...old.map(({ id }) => id),
    ...given.filter((id) => Number.isSafeInteger(id)),
  );
  return drafts.map(({ subject = "", body, weight = 1 }, i) => {
    const id = given[i] ?? 0;
    return { id: id === 0 ? ++last : id, subject, body, weight };
  });
}

function readBranch(draft: BranchDraft, resolve: (to: Reference) => number): Branch {
  const { event, step, within, category } = draft.when;
  return {
    when: {
      event,
      step: step === undefined || step === null ? null : resolve(step),
      within: within ?? null,
      category: category ?? null,
    },
    go_to: draft.go_to === "end" ? "end" : resolve(draft.go_to),
  };
}

function variantIssues(draft: StepDraft, old: Step | null, i: number): FaultDetail[] {
  const given = (draft.variants ?? []).map(({ id }) => id ?? null);
  const rule = "must be the id of a variant of this step, once, or be left out";
  return given.flatMap((id, v) => {
    const is_known = id === null || old?.variants.some((variant) => String(variant.id) === id);
    const is_twice = id !== null && given.indexOf(id) < v;
    return is_known && !is_twice ? [] : [issue(`steps[${i}].variants[${v}].id`, rule)];
  });
}

/** What is wrong with the words of a step: empty where there must be some, or no template that can be sent. */
export function wordIssues({ subject, body, variants, position }: Step): FaultDetail[] {
  const field = `steps[${position}]`;
  const is_first = position === 0;
  if (variants.length === 0) return textIssues({ subject, body }, field, is_first);
  return [
    ...templateIssues(subject, body, field),
    ...variants.flatMap((variant, v) => textIssues(variant, `${field}.variants[${v}]`, is_first)),
  ];
}

/** Words that are sent: there must be some. */
function textIssues(
  words: { subject: string; body: string },
  field: string,
  is_first: boolean,
): FaultDetail[] {
  const issues: FaultDetail[] = [];
  if (is_first && words.subject.trim() === "") {
    issues.push(
      issue(`${field}.subject`, "must not be empty: the first step has no thread to go on in"),
    );
  }
  if (words.body.trim() === "") issues.push(issue(`${field}.body`, "must not be empty"));
  return [...issues, ...templateIssues(words.subject, words.body, field)];
}

function templateIssues(subject: string, body: string, field: string): FaultDetail[] {
  const issues: FaultDetail[] = [];
  if (!isControlFree(subject)) {
    issues.push(
      issue(`${field}.subject`, "must be one line without line breaks or other control characters"),
    );
  }
  // Line breaks and tabs are the only control characters that a body can be sent with.
  if (!isControlFree(body.replace(/[\t\n\r\u2028\u2029]/g, ""))) {
    issues.push(
      issue(`${field}.body`, "must not hold control characters other than line breaks and tabs"),
    );
  }
  for (const [part, text] of [
    ["subject", subject],
    ["body", body],
  ] as const) {
    const wrong = checkTemplate(text);
    if (wrong)
      issues.push(
        issue(`${field}.${part}`, `is not a template that can be sent: ${wrong.message}`),
      );
  }
  return issues;
}

/** The same steps with real ids for the new ones, references included. */
export function giveStepIds(steps: readonly Step[], next: () => number): Step[] {
  const given = new Map(steps.map(({ id }) => [id, id < 0 ? next() : id]));
  return mapStepIds(steps, (id) => given.get(id) ?? id);
}

/** The same steps under other ids, references included. */
export function mapStepIds(steps: readonly Step[], real: (id: number) => number): Step[] {
  return steps.map((step) => ({
    ...step,
    id: real(step.id),
    branches: step.branches.map(({ when, go_to }) => ({
      when: { ...when, step: when.step === null ? null : real(when.step) },
      go_to: go_to === "end" ? go_to : real(go_to),
    })),
  }));
}
