// Bulk imports: every row ends in one pile, the numbers add up, and one bad row stops no other.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { ImportResult } from "../../../src/resources/leads/import.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { suppress } from "../../../src/resources/suppressions/actions.ts";
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

const sumOf = ({ created, updated, skipped, suppressed, invalid }: ImportResult) =>
  created + updated + skipped + suppressed + invalid.length;

test("new, known, repeated, suppressed and bad rows are each counted once", async () => {
  await ask("POST", "/leads", { email: "known@example.com", title: "old" });
  house.test_ledger.write((tx) => {
    suppress(house.test_ledger, tx, {
      kind: "address",
      value: "no@example.com",
      reason: "complained",
      source: "arf",
      evidence: null,
    });
  });
  const leads = [
    { email: "new@example.com" },
    { email: "KNOWN@example.com", title: "new" },
    { email: "New@Example.com" },
    { email: "no@example.com" },
    { email: "not an address" },
    { email: "zone@example.com", timezone: "Nowhere" },
    { email: "extra@example.com", frist_name: "x" },
    { first_name: "Nobody" },
    "text",
    null,
    { email: "zone@example.com", timezone: "Europe/Rome" },
  ];
  const { status, data } = await ask<ImportResult>("POST", "/leads/bulk", { leads });
  expect(status).toBe(200);
  expect(data).toMatchObject({ created: 2, updated: 0, skipped: 2, suppressed: 1 });
  expect(data.invalid.map(({ index, code, field }) => [index, code, field])).toEqual([
    [4, "invalid_field", "email"],
    [5, "invalid_field", "timezone"],
    [6, "unknown_field", "frist_name"],
    [7, "invalid_field", "email"],
    [8, "invalid_field", ""],
    [9, "invalid_field", ""],
  ]);
  expect(sumOf(data)).toBe(leads.length);
  const known = await ask<Lead[]>("GET", "/leads?email=known@example.com");
  expect(known.data[0]?.title).toBe("old");
  expect((await ask<Lead[]>("GET", "/leads")).data).toHaveLength(3);
});

test("on_conflict update changes only the fields that a row names", async () => {
  await ask("POST", "/leads", { email: "a@example.com", title: "old", custom: { x: 1 } });
  const { data } = await ask<ImportResult>("POST", "/leads/bulk", {
    on_conflict: "update",
    leads: [
      { email: "a@example.com", company: "Acme", custom: { y: 2 } },
      { email: "b@example.com" },
    ],
  });
  expect(data).toMatchObject({ created: 1, updated: 1, skipped: 0 });
  const [lead] = (await ask<Lead[]>("GET", "/leads?email=a@example.com")).data;
  expect(lead).toMatchObject({ title: "old", company: "Acme", custom: { x: 1, y: 2 } });
});

test("a campaign enrolls the new ones, and with update the known ones too, but never twice", async () => {
  const { id: campaign_id } = await makeCampaign(ask);
  await ask("POST", "/leads", { email: "known@example.com" });
  const leads = [{ email: "known@example.com" }, { email: "new@example.com" }];
  const first = await ask<ImportResult>("POST", "/leads/bulk", { campaign_id, leads });
  expect(first.data).toMatchObject({ created: 1, skipped: 1, enrolled: 1 });
  const order = { campaign_id, leads, on_conflict: "update" };
  const second = await ask<ImportResult>("POST", "/leads/bulk", order);
  expect(second.data).toMatchObject({ updated: 2, enrolled: 1 });
  const third = await ask<ImportResult>("POST", "/leads/bulk", order);
  expect(third.data).toMatchObject({ updated: 2, enrolled: 0 });
  const enrolled = await ask<Lead[]>("GET", `/leads?campaign_id=${campaign_id}`);
  expect(enrolled.data).toHaveLength(2);
});

const rows = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ email: `lead${i}@example.com` }));

test("5,000 rows are taken, 5,001 are refused, and so is an empty list", async () => {
  const many = await ask<ImportResult>("POST", "/leads/bulk", { leads: rows(5000) });
  expect(many.data).toMatchObject({ created: 5000, skipped: 0, invalid: [] });
  expect((await ask<Lead[]>("GET", "/leads?limit=1")).data[0]?.email).toBe("lead4999@example.com");
  const again = await ask<ImportResult>("POST", "/leads/bulk", { leads: rows(5000) });
  expect(again.data).toMatchObject({ created: 0, skipped: 5000 });
  for (const leads of [rows(5001), []]) {
    const answer = await ask("POST", "/leads/bulk", { leads });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "invalid_field", field: "leads" });
  }
});

test("other requests are answered while a big import runs", async () => {
  const leads = rows(5000);
  const finished: string[] = [];
  await Promise.all([
    ask("POST", "/leads/bulk", { leads }).then(() => finished.push("import")),
    ask("GET", "/campaigns").then(() => finished.push("list")),
  ]);
  expect(finished).toEqual(["list", "import"]);
});

test("a campaign that is not there is told before any row is taken", async () => {
  const answer = await ask("POST", "/leads/bulk", {
    campaign_id: "cmp_00000000007",
    leads: [{ email: "a@example.com" }],
  });
  expect(answer.error).toMatchObject({ code: "invalid_field", field: "campaign_id" });
  expect((await ask<Lead[]>("GET", "/leads")).data).toEqual([]);
});
