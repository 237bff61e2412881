// The test clock through the API: it stands still, goes forward only, and tells what happened on the way.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { moveTestClock } from "../../../src/ledger/ledger.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

interface Clock {
  object: string;
  now: string;
  from: string;
  events: Record<string, number>;
}

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

test("the clock stands still until it is advanced", async () => {
  const first = await ask<Clock>("GET", "/test/clock");
  expect(first.data.object).toBe("test_clock");
  expect((await ask<Clock>("GET", "/test/clock")).data.now).toBe(first.data.now);
  const moved = await ask<Clock>("POST", "/test/clock/advance", { by: "PT90M" });
  expect(moved.data.from).toBe(first.data.now);
  expect(Date.parse(moved.data.now) - Date.parse(first.data.now)).toBe(90 * 60_000);
  expect((await ask<Clock>("GET", "/test/clock")).data.now).toBe(moved.data.now);
});

test("a day is a calendar day in the workspace's zone, also when the clocks change", async () => {
  moveTestClock(house.test_ledger, Date.parse("2030-03-30T11:00:00Z"));
  const moved = await ask<Clock>("POST", "/test/clock/advance", { by: "P1D" });
  expect(moved.data.now).toBe("2030-03-31T10:00:00.000Z");
});

test("an advance answers which events came on the way", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  await ask("POST", "/leads", { email: "a@b.test", campaign_id: campaign.id });
  const moved = await ask<Clock>("POST", "/test/clock/advance", { by: "P5D" });
  expect(moved.data.events["email.sent"]).toBe(2);
  const again = await ask<Clock>("POST", "/test/clock/advance", { by: "P5D" });
  expect(again.data.events["email.sent"]).toBeUndefined();
});

test("how far is an ISO 8601 duration of at most 366 days", async () => {
  for (const by of ["P367D", "P1Y", "1 day", "-P1D", "P1.5D", ""]) {
    const answer = await ask("POST", "/test/clock/advance", { by });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "invalid_field", field: "by" });
  }
  expect((await ask("POST", "/test/clock/advance", {})).error.field).toBe("by");
});

test("a live key gets nowhere in test mode", async () => {
  const before = house.test_ledger.clock.now();
  const askLive = askWith(house, "live");
  const answers = [
    await askLive("GET", "/test/clock"),
    await askLive("POST", "/test/clock/advance", { by: "P1D" }),
    await askLive("GET", "/test/mailbox"),
  ];
  for (const { status, error } of answers) {
    expect([status, error.code]).toEqual([403, "scope_missing"]);
    expect(error.message).toContain("imk_test_");
  }
  expect(house.test_ledger.clock.now()).toBe(before);
});
