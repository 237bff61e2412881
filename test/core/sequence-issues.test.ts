// What a campaign's steps may not be, each with the field that is named.

import { describe, expect, test } from "bun:test";

import { sequenceIssues } from "../../src/core/sequence-issues.ts";
import type { BranchDraft, StepDraft } from "../../src/core/sequence-issues.ts";

type Draft = StepDraft<string>;

const step = (id: string, part: Partial<Draft> = {}): Draft => ({
  id,
  delay: "P3D",
  branches: [],
  variants: [],
  ...part,
});
function branch(
  event: string,
  go_to: string,
  when: Partial<BranchDraft<string>["when"]> = {},
): BranchDraft<string> {
  return { when: { event, step: null, within: null, category: null, ...when }, go_to };
}
const branched = (id: string, ...branches: BranchDraft<string>[]) => step(id, { branches });
const fields = (steps: Draft[]) => sequenceIssues(steps).map((issue) => issue.field);

describe("nothing is wrong with", () => {
  test.each<[string, Draft[]]>([
    ["one step", [step("a", { delay: "PT0S" })]],
    ["20 steps", Array.from({ length: 20 }, (_, i) => step(`s${i}`))],
    ["a first step that waits", [step("a", { delay: "PT4H" })]],
    ["weights of 1 and 1000", [step("a", { variants: [{ weight: 1 }, { weight: 1000 }] })]],
    [
      "a branch to the end and one forwards",
      [
        step("a"),
        branched(
          "b",
          branch("replied", "end", { category: "not_now" }),
          branch("opened", "c", { step: "a", within: "P3D" }),
        ),
        step("c"),
      ],
    ],
    [
      "opened and not_opened of different times",
      [
        step("a"),
        branched("b", branch("opened", "c", { within: "P1D" }), branch("not_opened", "d")),
        step("c"),
        step("d"),
      ],
    ],
    [
      "opened and not_opened of a step that may be skipped",
      [
        step("a"),
        branched("b", branch("clicked", "c")),
        branched(
          "c",
          branch("opened", "d", { step: "b" }),
          branch("not_opened", "end", { step: "b" }),
        ),
        step("d"),
      ],
    ],
    [
      "opened and not_opened of different steps",
      [
        step("a"),
        step("b"),
        branched("c", branch("opened", "end", { step: "a" }), branch("not_opened", "end")),
      ],
    ],
  ])("%s", (_, steps) => {
    expect(sequenceIssues(steps)).toEqual([]);
  });
});

describe("refused is", () => {
  test.each<[string, string, Draft[]]>([
    ["no step", "steps", []],
    ["a 21st step", "steps", Array.from({ length: 21 }, (_, i) => step(`s${i}`))],
    ["a step named twice", "steps[1].id", [step("a"), step("a")]],
    ["a delay in words", "steps[1].delay", [step("a"), step("b", { delay: "3 days" })]],
    ["a delay of a month", "steps[0].delay", [step("a", { delay: "P1M" })]],
    ["a delay above P366D", "steps[0].delay", [step("a", { delay: "P367D" })]],
    [
      "a weight of 0",
      "steps[0].variants[1].weight",
      [step("a", { variants: [{ weight: 1 }, { weight: 0 }] })],
    ],
    [
      "a weight of 1001",
      "steps[0].variants[0].weight",
      [step("a", { variants: [{ weight: 1001 }] })],
    ],
    ["half a weight", "steps[0].variants[0].weight", [step("a", { variants: [{ weight: 1.5 }] })]],
    [
      "a branch of the first step",
      "steps[0].branches",
      [branched("a", branch("opened", "b")), step("b")],
    ],
    [
      "a 21st branch",
      "steps[1].branches",
      [step("a"), branched("b", ...Array.from({ length: 21 }, () => branch("opened", "end")))],
    ],
    ["a way back", "steps[1].branches[0].go_to", [step("a"), branched("b", branch("opened", "a"))]],
    [
      "a way to itself",
      "steps[1].branches[0].go_to",
      [step("a"), branched("b", branch("opened", "b"))],
    ],
    [
      "a way to nowhere",
      "steps[2].branches[0].go_to",
      [step("a"), step("b"), branched("c", branch("opened", "x"))],
    ],
    [
      "an unknown event",
      "steps[1].branches[0].when.event",
      [step("a"), branched("b", branch("not_replied", "end"))],
    ],
    [
      "an event of a step that does not exist",
      "steps[1].branches[0].when.step",
      [step("a"), branched("b", branch("opened", "end", { step: "x" }))],
    ],
    [
      "an event of the step itself",
      "steps[1].branches[0].when.step",
      [step("a"), branched("b", branch("opened", "end", { step: "b" }))],
    ],
    [
      "a within that is none",
      "steps[1].branches[0].when.within",
      [step("a"), branched("b", branch("opened", "end", { within: "3d" }))],
    ],
    [
      "a within of nothing",
      "steps[1].branches[0].when.within",
      [step("a"), branched("b", branch("opened", "end", { within: "PT0S" }))],
    ],
    [
      "a category beside another event",
      "steps[1].branches[0].when.category",
      [step("a"), branched("b", branch("opened", "end", { category: "question" }))],
    ],
    [
      "an unknown category",
      "steps[1].branches[0].when.category",
      [step("a"), branched("b", branch("replied", "end", { category: "happy" }))],
    ],
    [
      "a step that its branches never let through",
      "steps[1].branches",
      [step("a"), branched("b", branch("opened", "c"), branch("not_opened", "c")), step("c")],
    ],
    [
      "the same within the same time",
      "steps[1].branches",
      [
        step("a"),
        branched(
          "b",
          branch("opened", "c", { within: "P1D" }),
          branch("not_opened", "c", { within: "P1D" }),
        ),
        step("c"),
      ],
    ],
    [
      "the same with times that overlap",
      "steps[1].branches",
      [
        step("a"),
        branched(
          "b",
          branch("not_clicked", "c", { within: "P2D", step: "a" }),
          branch("clicked", "c", { within: "P3D", step: "a" }),
        ),
        step("c"),
      ],
    ],
  ])("%s", (_, field, steps) => {
    const issues = sequenceIssues(steps);
    expect(issues.map((issue) => issue.field)).toEqual([field]);
    expect(issues[0]!.message).toStartWith(`${field} `);
  });

  test("a step to which no way leads, beside the one that blocks the way", () => {
    const steps = [
      step("a"),
      branched("b", branch("opened", "d"), branch("not_opened", "end")),
      step("c"),
      step("d"),
    ];
    expect(fields(steps)).toEqual(["steps[1].branches", "steps[2]"]);
  });

  test("everything at once, each with its field", () => {
    const steps = [
      step("a", { delay: "x" }),
      branched("b", branch("x", "a", { step: "c", within: "x", category: "x" })),
      step("c", { variants: [{ weight: -1 }] }),
    ];
    const at = "steps[1].branches[0]";
    expect(fields(steps)).toEqual([
      "steps[0].delay",
      `${at}.when.event`,
      `${at}.when.step`,
      `${at}.when.within`,
      `${at}.when.category`,
      `${at}.go_to`,
      "steps[2].variants[0].weight",
    ]);
  });
});
