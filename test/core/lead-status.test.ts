// What an answer makes of a lead's status: machines raise it, people correct it, and nobody undoes an opt-out by it.
import { describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { raisedStatus, statusAfter, statusWithoutMeeting } from "../../src/core/lead-status.ts";
import { LEAD_STATES, type LeadState } from "../../src/core/states.ts";

const machine = (category: string | null, unsure = false) => ({
  category,
  by: "machine" as const,
  unsure,
});
const person = (category: string | null) => ({ category, by: "person" as const });

describe("a machine's word", () => {
  const words: [LeadState, string, LeadState][] = [
    ["in_sequence", "interested", "interested"],
    ["in_sequence", "meeting_requested", "interested"],
    ["in_sequence", "not_interested", "not_interested"],
    ["in_sequence", "wrong_person", "not_interested"],
    ["in_sequence", "question", "in_sequence"],
    ["in_sequence", "referral", "in_sequence"],
    ["in_sequence", "not_now", "in_sequence"],
    ["not_interested", "interested", "interested"],
    ["interested", "not_interested", "not_interested"],
    ["interested", "other", "interested"],
    ["meeting", "not_interested", "meeting"],
    ["unsubscribed", "interested", "unsubscribed"],
  ];
  for (const [from, category, to] of words) {
    test(`${from} and ${category}: ${to}`, () => {
      expect(statusAfter(from, machine(category))).toBe(to);
    });
  }

  test("counts nothing while it is unsure", () => {
    expect(statusAfter("in_sequence", machine("interested", true))).toBe("in_sequence");
  });
});

describe("a person's word", () => {
  test("stands above a machine's", () => {
    expect(statusAfter("meeting", person("not_interested"))).toBe("not_interested");
    expect(statusAfter("interested", person("question"))).toBe("in_sequence");
    expect(statusAfter("meeting", person("question"))).toBe("meeting");
  });
});

test("no word about an answer takes an opt-out, a bounce or a complaint back", () => {
  const category = fc.option(fc.constantFrom("interested", "meeting_requested", "question", "x"));
  const by = fc.constantFrom("machine" as const, "person" as const);
  const ended = fc.constantFrom<LeadState>("suppressed", "bounced", "unsubscribed", "complained");
  fc.assert(
    fc.property(ended, category, by, (state, said, who) => {
      expect(statusAfter(state, { category: said, by: who })).toBe(state);
      expect(raisedStatus(state, "meeting")).toBe(state);
      expect(statusWithoutMeeting(state)).toBe(state);
    }),
  );
});

test("a meeting stands above what was said before, and leaves interest behind", () => {
  for (const state of LEAD_STATES.slice(0, 5))
    expect(raisedStatus(state, "meeting")).toBe("meeting");
  expect(statusWithoutMeeting("meeting")).toBe("interested");
  expect(statusWithoutMeeting("not_interested")).toBe("not_interested");
});
