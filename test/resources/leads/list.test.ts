// A list of leads is written as text, a single lead as an object: both must say the same.

import { afterEach, beforeEach, expect, test } from "bun:test";

import { idTime } from "../../../src/core/ids.ts";
import { formatInstant } from "../../../src/ledger/row.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

const list = async () => (await ask<Lead[]>("GET", "/leads")).data;
const single = async (id: string | undefined) => (await ask<Lead>("GET", `/leads/${id}`)).data;
async function post(path: string, body: object): Promise<void> {
  const { status, text } = await ask("POST", path, body);
  if (status >= 300) throw new Error(text);
}

test("a lead in a list is the same as the lead alone, whatever is in its fields", async () => {
  const [one, two] = [await makeCampaign(ask), await makeCampaign(ask)];
  const nasty = 'q"uote \\ back/slash </script> \u2028 é 漢字 😀 {{ x }}';
  await post("/leads", { email: "plain@example.com" });
  await post("/leads", {
    email: "full@example.com",
    first_name: nasty.replace("\u2028", ""),
    last_name: "O'Brien",
    company: 'A & B, "C"',
    country: "de",
    timezone: "Asia/Tokyo",
    tags: ['t"1', "ü"],
    source: 'a "list"',
    custom: { city: nasty.replace("\u2028", "\n\t"), n: 1.5, b: false, 'k"ey': "" },
    campaign_id: one.id,
  });
  const [full] = await list();
  await post(`/leads/${full?.id}/enroll`, { campaign_id: two.id });
  await post(`/leads/${full?.id}/stop`, { campaign_id: one.id });
  const again = await list();
  expect(again.map(({ email }) => email)).toEqual(["full@example.com", "plain@example.com"]);
  for (const lead of again) {
    // oxlint-disable-next-line no-await-in-loop -- two of them
    expect(lead).toEqual(await single(lead.id));
  }
  expect(again[0]?.campaigns.map(({ ended_by }) => ended_by)).toEqual(["stopped", null]);
  expect(again[0]?.campaigns[1]?.next_action).toMatchObject({ type: "send" });
});

test("a list and a single lead have their fields in the same order", async () => {
  await post("/leads", { email: "ada@example.com", campaign_id: (await makeCampaign(ask)).id });
  const [listed] = await list();
  const alone = await single(listed?.id);
  expect(JSON.stringify(listed)).toBe(JSON.stringify(alone));
});

test("an instant is written as the calendar has it, at the ends of days, months and time", () => {
  const days = [0, -1, 1, 999, 86_399_999, 86_400_000, -86_400_000];
  const months = [951_782_399_999, 951_782_400_000, idTime(4096)];
  const ends = [253_402_300_799_999, 253_402_300_800_000, -62_167_219_200_001, 8.64e15];
  const instants = days.concat(months, ends);
  // Back and forth over the same days: what is kept of one must not stand in another.
  for (const ms of [...instants, ...instants.toReversed()]) {
    expect(formatInstant(ms)).toBe(new Date(ms).toISOString());
  }
});
