// Which step comes next, why, and when it is due.

import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { sequenceIssues } from "../../src/core/sequence-issues.ts";
import {
  asksForReply,
  BRANCH_EVENTS,
  dueAt,
  followingStep,
  nextStep,
} from "../../src/core/sequence.ts";
import type { Branch, Fact, StepPlan } from "../../src/core/sequence.ts";

const ZONE = "Europe/Berlin";
const at = (text: string) => Date.parse(text);
const T = at("2026-05-04T07:00Z");
const DAY = 86_400_000;

function branch(
  event: Branch["when"]["event"],
  go_to: Branch["go_to"],
  when: Partial<Branch["when"]> = {},
): Branch {
  return { when: { event, step: null, within: null, category: null, ...when }, go_to };
}
const step = (id: number, ...branches: Branch[]): StepPlan => ({
  id,
  delay: id === 1 ? "PT0S" : "P3D",
  branches,
});
const sent = (step_id: number, instant = T + step_id): Fact => ({
  event: "sent",
  step_id,
  at: instant,
});
const fact = (event: Fact["event"], step_id: number | null, rest: Partial<Fact> = {}): Fact => ({
  event,
  step_id,
  at: T + DAY,
  ...rest,
});
const go = (steps: StepPlan[], current: number, facts: Fact[]) =>
  nextStep(steps, current, facts, { zone: ZONE, isDue: () => true });

describe("the step that is due is sent", () => {
  test("when it has no branches", () => {
    expect(go([step(1), step(2)], 1, [])).toEqual({ step_id: 1, trace: [] });
  });

  test("when none of its branches holds, and the trace says why not", () => {
    const steps = [
      step(1),
      step(2, branch("opened", "end"), branch("not_opened", 3, { step: 9 })),
      step(3),
    ];
    expect(go(steps, 2, [sent(1)])).toEqual({
      step_id: 2,
      trace: [
        {
          step_id: 2,
          branch: 0,
          event: "opened",
          holds: false,
          why: "did_not_happen",
          on_step_id: 1,
          event_at: null,
          go_to: "end",
        },
        {
          step_id: 2,
          branch: 1,
          event: "not_opened",
          holds: false,
          why: "step_not_sent",
          on_step_id: 9,
          event_at: null,
          go_to: 3,
        },
      ],
    });
  });
});

describe("the first branch that holds", () => {
  test("ends the enrollment", () => {
    const next = go([step(1), step(2, branch("clicked", "end"))], 2, [sent(1), fact("clicked", 1)]);
    expect(next.step_id).toBe("end");
    expect(next.trace).toEqual([
      {
        step_id: 2,
        branch: 0,
        event: "clicked",
        holds: true,
        why: "happened",
        on_step_id: 1,
        event_at: T + DAY,
        go_to: "end",
      },
    ]);
  });

  test("wins over later ones that hold as well", () => {
    const steps = [step(1), step(2, branch("clicked", 4), branch("opened", 3)), step(3), step(4)];
    expect(go(steps, 2, [sent(1), fact("opened", 1), fact("clicked", 1)]).step_id).toBe(4);
    expect(go(steps, 2, [sent(1), fact("opened", 1)]).step_id).toBe(3);
  });

  test("leads to a step whose own branches are tried in turn", () => {
    const steps = [
      step(1),
      step(2, branch("opened", 3)),
      step(3, branch("clicked", 4), branch("opened", 5)),
      step(4),
      step(5),
    ];
    const next = go(steps, 2, [sent(1), fact("opened", 1)]);
    expect(next.step_id).toBe(5);
    expect(next.trace.map((trial) => [trial.step_id, trial.branch, trial.holds])).toEqual([
      [2, 0, true],
      [3, 0, false],
      [3, 1, true],
    ]);
  });
});

const held = (when: Branch, facts: Fact[]) =>
  go([step(1), step(2), step(3, when)], 3, facts).trace[0]!;

describe("a branch holds", () => {
  test.each<[string, Branch, Fact[], boolean, string]>([
    [
      "on an event of the last step sent",
      branch("opened", "end"),
      [sent(1), sent(2), fact("opened", 2)],
      true,
      "happened",
    ],
    [
      "not on an event of an earlier one",
      branch("opened", "end"),
      [sent(1), sent(2), fact("opened", 1)],
      false,
      "did_not_happen",
    ],
    [
      "on the step that it names",
      branch("opened", "end", { step: 1 }),
      [sent(1), sent(2), fact("opened", 1)],
      true,
      "happened",
    ],
    [
      "not on a scanner's click",
      branch("clicked", "end"),
      [sent(1), fact("clicked", 1, { machine: true })],
      false,
      "did_not_happen",
    ],
    [
      "on not_clicked where only a scanner clicked",
      branch("not_clicked", "end"),
      [sent(1), fact("clicked", 1, { machine: true })],
      true,
      "did_not_happen",
    ],
    [
      "not on not_opened where it was opened",
      branch("not_opened", "end"),
      [sent(1), fact("opened", 1)],
      false,
      "happened",
    ],
    [
      "never on a step that was skipped, not even not_opened",
      branch("not_opened", "end", { step: 2 }),
      [sent(1)],
      false,
      "step_not_sent",
    ],
    [
      "on a reply with its category",
      branch("replied", "end", { category: "not_now" }),
      [sent(1), fact("replied", 1, { category: "not_now" })],
      true,
      "happened",
    ],
    [
      "not on a reply with another",
      branch("replied", "end", { category: "not_now" }),
      [sent(1), fact("replied", 1, { category: "question" })],
      false,
      "other_category",
    ],
    [
      "on any of several replies",
      branch("replied", "end", { category: "not_now" }),
      [
        sent(1),
        fact("replied", 1, { category: "question" }),
        fact("replied", 1, { category: "not_now" }),
      ],
      true,
      "happened",
    ],
    [
      "on a reply that belongs to no single mail",
      branch("replied", "end"),
      [sent(1), fact("replied", null)],
      true,
      "happened",
    ],
    [
      "not on such a reply from before the send",
      branch("replied", "end"),
      [sent(1), fact("replied", null, { at: T - 1 })],
      false,
      "did_not_happen",
    ],
    [
      "on a soft bounce",
      branch("bounced_soft", "end"),
      [sent(1), fact("bounced_soft", 1)],
      true,
      "happened",
    ],
    [
      "on the last instant of within",
      branch("opened", "end", { within: "P1D" }),
      [sent(1, T), fact("opened", 1, { at: T + DAY })],
      true,
      "happened",
    ],
    [
      "not a millisecond after within",
      branch("opened", "end", { within: "P1D" }),
      [sent(1, T), fact("opened", 1, { at: T + DAY + 1 })],
      false,
      "too_late",
    ],
    [
      "on not_opened when the opening came too late",
      branch("not_opened", "end", { within: "P1D" }),
      [sent(1, T), fact("opened", 1, { at: T + DAY + 1 })],
      true,
      "too_late",
    ],
    [
      "on an event in time, also when later ones followed",
      branch("opened", "end", { within: "P1D" }),
      [sent(1, T), fact("opened", 1, { at: T + 9 * DAY }), fact("opened", 1, { at: T + 5 })],
      true,
      "happened",
    ],
  ])("%s", (_, ...row) => {
    const [when, facts, holds, why] = row;
    expect(held(when, facts)).toMatchObject({ holds, why });
  });

  test("within counts days on the lead's calendar", () => {
    const facts = [
      sent(1, at("2026-10-24T12:00Z")),
      fact("opened", 1, { at: at("2026-10-25T12:30Z") }),
    ];
    expect(held(branch("opened", "end", { within: "P1D" }), facts).holds).toBe(true);
    expect(held(branch("opened", "end", { within: "PT24H" }), facts).holds).toBe(false);
  });
});

test("a step that is not of the campaign, or a way that leads nowhere, is a bug and throws", () => {
  expect(() => go([step(1)], 7, [])).toThrow(RangeError);
  expect(() =>
    go([step(1), step(2, branch("opened", 7))], 2, [sent(1), fact("opened", 1)]),
  ).toThrow(RangeError);
  expect(() =>
    go([step(1), step(2, branch("opened", 1))], 2, [sent(1), fact("opened", 1)]),
  ).toThrow(RangeError);
});

test("after the last step the sequence ends, after any other its follower comes", () => {
  expect(followingStep([step(1), step(2)], 1)).toBe(2);
  expect(followingStep([step(1), step(2)], 2)).toBe("end");
  expect(() => followingStep([step(1)], 2)).toThrow(RangeError);
});

test("a sequence asks for replies when any of its branches does", () => {
  expect(asksForReply([step(1), step(2, branch("opened", "end"))])).toBe(false);
  expect(asksForReply([step(1), step(2, branch("replied", "end"))])).toBe(true);
});

test("a step is due its delay after the last send, outside of the window too", () => {
  expect(dueAt(at("2026-03-27T16:00Z"), { delay: "P3D" }, ZONE)).toBe(at("2026-03-30T15:00Z"));
  expect(dueAt(at("2026-03-27T16:00Z"), { delay: "PT72H" }, ZONE)).toBe(at("2026-03-30T16:00Z"));
  expect(dueAt(T, { delay: "PT0S" }, ZONE)).toBe(T);
  expect(() => dueAt(T, { delay: "soon" }, ZONE)).toThrow(RangeError);
});

/** Branches of the step at `i` of `count`, each forwards; most of them sound. */
function anyBranches(i: number, count: number): fc.Arbitrary<Branch[]> {
  const end = fc.constant("end" as const);
  const go_to = i + 2 > count ? end : fc.oneof(end, fc.integer({ min: i + 2, max: count }));
  const earlier = fc.integer({ min: 1, max: Math.max(1, i) });
  const when = fc.record({
    event: fc.constantFrom(...BRANCH_EVENTS),
    step: fc.option(earlier, { nil: null }),
    within: fc.constantFrom(null, "P1D", "PT4H"),
    category: fc.constant(null),
  });
  return fc.array(fc.record({ when, go_to }), { maxLength: i === 0 ? 0 : 4 });
}

const sequences = fc
  .integer({ min: 1, max: 20 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => anyBranches(i, count))))
  .map((lists) =>
    lists.map((branches, i) => ({ id: i + 1, delay: "P3D", branches, variants: [] })),
  );

const happenings = fc.array(
  fc.record({
    event: fc.constantFrom("opened" as const, "clicked" as const, "replied" as const),
    step_id: fc.integer({ min: 1, max: 20 }),
    hours: fc.nat(60),
  }),
  { maxLength: 30 },
);

test("every sound sequence comes to an end, sends only forwards, and never ends before a branch says so", () => {
  let sound = 0;
  fc.assert(
    fc.property(sequences, happenings, (steps, happened) => {
      if (sequenceIssues(steps).length > 0) return;
      sound++;
      const facts: Fact[] = [];
      let due: number | "end" = 1;
      let way: ReturnType<typeof go> | null = null;
      for (let now = T; due !== "end"; now += 3 * DAY) {
        way = go(steps, due, facts);
        if (way.step_id === "end") break;
        expect(way.step_id).toBeGreaterThanOrEqual(due);
        const sent_id = way.step_id;
        facts.push(sent(sent_id, now));
        for (const { event, step_id, hours } of happened) {
          if (step_id === sent_id) facts.push({ event, step_id, at: now + hours * 3_600_000 });
        }
        due = followingStep(steps, sent_id);
      }
      const last = way!.trace.at(-1);
      if (way!.step_id === "end") expect(last).toMatchObject({ holds: true, go_to: "end" });
      else expect(way!.step_id).toBe(steps.length);
    }),
    { numRuns: 300 },
  );
  expect(sound).toBeGreaterThan(50);
});
