// What a campaign may not be, each told with its place.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeSandbox } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

describe("what cannot run is refused with the place of each error", () => {
  const step = { subject: "Hello", body: "Hi" };
  const cases: [string, object, string][] = [
    ["no name", { name: undefined }, "name"],
    ["a blank name", { name: "  " }, "name"],
    ["a name of 121 characters", { name: "x".repeat(121) }, "name"],
    ["a line break in the name", { name: "a\r\nb" }, "name"],
    ["no inbox", { inbox_ids: [] }, "inbox_ids"],
    ["an unknown inbox", { inbox_ids: ["inb_00000000007"] }, "inbox_ids[0]"],
    ["an id of another kind", { inbox_ids: ["cmp_00000000007"] }, "inbox_ids[0]"],
    ["no steps", { steps: [] }, "steps"],
    ["21 steps", { steps: Array.from({ length: 21 }, () => step) }, "steps"],
    ["a bad delay", { steps: [step, step, { ...step, delay: "3 days" }] }, "steps[2].delay"],
    ["a delay of a month", { steps: [step, { ...step, delay: "P1M" }] }, "steps[1].delay"],
    ["a first step without subject", { steps: [{ body: "Hi" }] }, "steps[0].subject"],
    ["a step without body", { steps: [step, { subject: "x" }] }, "steps[1].body"],
    [
      "a line break in a subject",
      { steps: [{ ...step, subject: "a\r\nBcc: x@y.test" }] },
      "steps[0].subject",
    ],
    [
      "Liquid that does not end",
      { steps: [{ ...step, body: "Hi {{ first_name" }] },
      "steps[0].body",
    ],
    [
      "a tag that reads files",
      { steps: [{ ...step, body: "{% include 'x' %}" }] },
      "steps[0].body",
    ],
    [
      "a filter that is none",
      { steps: [{ ...step, subject: "{{ a | shout }}" }] },
      "steps[0].subject",
    ],
    [
      "bad Liquid in a variant",
      { steps: [{ variants: [{ subject: "a", body: "{% if %}" }] }] },
      "steps[0].variants[0].body",
    ],
    [
      "a weight of 0",
      { steps: [{ ...step, variants: [{ subject: "a", body: "b", weight: 0 }] }] },
      "steps[0].variants[0].weight",
    ],
    ["a window that ends before it starts", { send_window: { start: "18:00" } }, "send_window.end"],
    ["a day that is none", { send_window: { days: ["monday"] } }, "send_window.days[0]"],
    ["no day", { send_window: { days: [] } }, "send_window.days"],
    ["a zone that is none", { send_window: { timezone: "CET/Berlin" } }, "send_window.timezone"],
    [
      "a date that is none",
      { send_window: { exclude_dates: ["2027-02-30"] } },
      "send_window.exclude_dates[0]",
    ],
    ["a cool-down in words", { lead_cooldown: "a day" }, "lead_cooldown"],
    ["a daily limit in text", { daily_limit: "50" }, "daily_limit"],
  ];
  test.each(cases)("%s", async (_, change, field) => {
    const inbox = await makeSandbox(ask);
    const answer = await ask("POST", "/campaigns", {
      name: "Spring",
      inbox_ids: [inbox.id],
      steps: [step],
      ...change,
    });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "invalid_field", field });
    expect(answer.error.message).toStartWith(field);
    expect((await ask<Campaign[]>("GET", "/campaigns")).data).toEqual([]);
  });

  test("all of them at once, the first on top", async () => {
    const inbox = await makeSandbox(ask);
    const answer = await ask("POST", "/campaigns", {
      name: "Spring",
      inbox_ids: [inbox.id, "inb_00000000007"],
      daily_limit: 0,
      steps: [
        { subject: "a", body: "{{" },
        { body: "b", branches: [{ when: { event: "opened" }, go_to: 0 }] },
      ],
    });
    expect(answer.error.details?.map(({ field }) => field)).toEqual([
      "daily_limit",
      "inbox_ids[1]",
      "steps[0].body",
      "steps[1].branches[0].go_to",
    ]);
  });

  test("an unknown field is named with its place", async () => {
    const inbox = await makeSandbox(ask);
    const answer = await ask("POST", "/campaigns", {
      name: "Spring",
      inbox_ids: [inbox.id],
      steps: [{ subject: "a", body: "b", dealy: "P3D" }],
    });
    expect(answer.error).toMatchObject({ code: "unknown_field", field: "steps[0].dealy" });
  });
});
