// Leads through the API: one person, one address, added once, changed, found, refused in words that help.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Lead } from "../../../src/resources/leads/schema.ts";
import { noteMailed } from "../../../src/resources/leads/store.ts";
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

const ada = {
  email: "Ada@Example.COM",
  first_name: " Ada ",
  last_name: "Lovelace",
  company: "Analytical Engines",
  timezone: "europe/london",
  country: "gb",
  tags: ["vip", "math", "vip"],
  custom: { plan: "pro", seats: 3, trial: false },
};

test("a lead is added, read back and listed the same", async () => {
  const made = await ask<Lead>("POST", "/leads", ada);
  expect(made.status).toBe(201);
  expect(made.headers.get("location")).toBe(`/v1/leads/${made.data.id}`);
  expect(made.data).toMatchObject({
    object: "lead",
    email: "ada@example.com",
    first_name: "Ada",
    title: null,
    timezone: "Europe/London",
    country: "GB",
    tags: ["vip", "math"],
    custom: { plan: "pro", seats: 3, trial: false },
    status: "new",
    campaigns: [],
  });
  expect((await ask<Lead>("GET", `/leads/${made.data.id}`)).data).toEqual(made.data);
  expect((await ask<Lead[]>("GET", "/leads")).data).toEqual([made.data]);
});

test("the same address twice is a conflict that names the lead; a plus tag is another address", async () => {
  const made = await ask<Lead>("POST", "/leads", ada);
  const again = await ask("POST", "/leads", { email: "ada@example.com" });
  expect(again.status).toBe(409);
  expect(again.error).toMatchObject({ code: "lead_exists", lead_id: made.data.id, field: "email" });
  expect((await ask("POST", "/leads", { email: "ada+work@example.com" })).status).toBe(201);
});

test("a suppressed address or domain makes no lead", async () => {
  house.test_ledger.write((tx) => {
    const rest = { reason: "unsubscribed", source: "link", evidence: null } as const;
    suppress(house.test_ledger, tx, { kind: "address", value: "ada@example.com", ...rest });
    suppress(house.test_ledger, tx, { kind: "domain", value: "gone.example", ...rest });
  });
  for (const email of ["ADA@example.com", "anyone@gone.example"]) {
    const answer = await ask("POST", "/leads", { email });
    expect(answer.status).toBe(409);
    expect(answer.error.code).toBe("lead_suppressed");
  }
  expect((await ask<Lead[]>("GET", "/leads")).data).toEqual([]);
});

test("a lead can be enrolled as it is added, and says what comes next", async () => {
  const campaign = await makeCampaign(ask);
  const made = await ask<Lead>("POST", "/leads", { email: "a@b.test", campaign_id: campaign.id });
  expect(made.status).toBe(201);
  expect(made.data.campaigns).toMatchObject([
    {
      campaign_id: campaign.id,
      state: "waiting",
      ended_by: null,
      next_action: { type: "send", step_id: campaign.steps[0]?.id },
    },
  ]);
});

test("a campaign that is not there, or archived, takes no lead and none is saved", async () => {
  const campaign = await makeCampaign(ask);
  await ask("DELETE", `/campaigns/${campaign.id}`);
  const archived = await ask("POST", "/leads", { email: "a@b.test", campaign_id: campaign.id });
  expect(archived.status).toBe(409);
  expect(archived.error).toMatchObject({ code: "wrong_state", field: "campaign_id" });
  const unknown = await ask("POST", "/leads", {
    email: "a@b.test",
    campaign_id: "cmp_00000000007",
  });
  expect(unknown.status).toBe(400);
  expect(unknown.error).toMatchObject({ code: "invalid_field", field: "campaign_id" });
  expect((await ask<Lead[]>("GET", "/leads")).data).toEqual([]);
});

describe("a value that cannot be right is refused with its place", () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i]));
  const cases: [string, object, string][] = [
    ["no address", { email: undefined }, "email"],
    ["a malformed address", { email: "ada@" }, "email"],
    ["two addresses", { email: "a@b.test, c@d.test" }, "email"],
    ["an address with a display name", { email: "Ada <a@b.test>" }, "email"],
    ["a header in the address", { email: "a@b.test\r\nBcc: c@d.test" }, "email"],
    ["a line break in first_name", { first_name: "Ada\r\nBcc: c@d.test" }, "first_name"],
    ["a line break in last_name", { last_name: "L\nBcc: c@d.test" }, "last_name"],
    ["a control character in company", { company: "A\u0007B" }, "company"],
    ["a number for a name", { first_name: 7 }, "first_name"],
    ["a zone that is none", { timezone: "Mars/Olympus" }, "timezone"],
    ["an offset for a zone", { timezone: "+02:00" }, "timezone"],
    ["an object in custom", { custom: { deep: { er: 1 } } }, "custom.deep"],
    ["a list in custom", { custom: { list: [1] } }, "custom.list"],
    ["65 custom keys", { custom: many }, "custom"],
    ["9 KB in custom", { custom: { text: "x".repeat(9000) } }, "custom"],
    ["a control character in custom", { custom: { text: "a\u0001b" } }, "custom.text"],
    ["a tag with a line break", { tags: ["a", "b\nc"] }, "tags[1]"],
  ];
  test.each(cases)("%s", async (_, change, field) => {
    const answer = await ask("POST", "/leads", { ...ada, ...change });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "invalid_field", field });
    expect(answer.error.message).toStartWith(field);
    expect((await ask<Lead[]>("GET", "/leads")).data).toEqual([]);
  });

  test("an unknown field is named, and so is one that callers may not set", async () => {
    for (const field of ["frist_name", "status", "mailed_at", "workspace_id"]) {
      const answer = await ask("POST", "/leads", { ...ada, [field]: "x" });
      expect(answer.error).toMatchObject({ code: "unknown_field", field });
    }
  });
});

test("a change sets what it names, empties what is null and merges custom", async () => {
  const { data } = await ask<Lead>("POST", "/leads", ada);
  const changed = await ask<Lead>("PATCH", `/leads/${data.id}`, {
    company: null,
    tags: ["new"],
    custom: { plan: null, region: "EU" },
  });
  expect(changed.data).toMatchObject({
    first_name: "Ada",
    company: null,
    tags: ["new"],
    custom: { seats: 3, trial: false, region: "EU" },
  });
});

test("an address can be corrected until the first mail, then it is fixed", async () => {
  const { data } = await ask<Lead>("POST", "/leads", ada);
  await ask("POST", "/leads", { email: "taken@example.com" });
  const path = `/leads/${data.id}`;
  expect((await ask<Lead>("PATCH", path, { email: "ada2@example.com" })).data.email).toBe(
    "ada2@example.com",
  );
  expect((await ask("PATCH", path, { email: "taken@example.com" })).error.code).toBe("lead_exists");
  house.test_ledger.write((tx) => {
    const row = tx.db
      .query<{ id: number }, []>("SELECT id FROM leads WHERE email = 'ada2@example.com'")
      .get();
    noteMailed(tx, row?.id ?? 0, tx.now);
  });
  const fixed = await ask("PATCH", path, { email: "ada3@example.com" });
  expect(fixed.status).toBe(409);
  expect(fixed.error).toMatchObject({ code: "wrong_state", field: "email" });
  expect((await ask("PATCH", path, { email: "ADA2@example.com", title: "Countess" })).status).toBe(
    200,
  );
});

test("lists are filtered, paged newest first, and a cursor keeps to its filters", async () => {
  const campaign = await makeCampaign(ask);
  for (let i = 0; i < 5; i++) {
    await ask("POST", "/leads", {
      email: `lead${i}@example.com`,
      company: i < 2 ? "Acme" : "Other 100%",
      tags: i === 3 ? ["hot"] : [],
      ...(i === 4 ? { campaign_id: campaign.id } : {}),
    });
  }
  const emails = async (query: string) =>
    (await ask<Lead[]>("GET", `/leads?${query}`)).data.map(({ email }) => email.split("@")[0]);
  expect(await emails("company=acme")).toEqual(["lead1", "lead0"]);
  expect(await emails("tag=hot")).toEqual(["lead3"]);
  expect(await emails("q=LEAD2")).toEqual(["lead2"]);
  expect(await emails("q=100%25")).toEqual(["lead4", "lead3", "lead2"]);
  expect(await emails("q=%25")).toEqual(["lead4", "lead3", "lead2"]);
  expect(await emails("email=LEAD0@EXAMPLE.com")).toEqual(["lead0"]);
  expect(await emails(`campaign_id=${campaign.id}`)).toEqual(["lead4"]);
  expect(await emails("status=bounced")).toEqual([]);
  const first = await ask<Lead[]>("GET", "/leads?limit=2");
  expect(first.data).toHaveLength(2);
  expect(first.pagination.has_more).toBe(true);
  await ask("POST", "/leads", { email: "late@example.com" });
  const cursor = first.pagination.next_cursor ?? "";
  expect(await emails(`limit=2&cursor=${cursor}`)).toEqual(["lead2", "lead1"]);
  const moved = await ask("GET", `/leads?limit=2&tag=hot&cursor=${cursor}`);
  expect(moved.error).toMatchObject({ code: "invalid_field", field: "cursor" });
  const unknown = await ask("GET", "/leads?comapny=Acme");
  expect(unknown.error).toMatchObject({ code: "unknown_field", field: "comapny" });
  expect((await ask("GET", "/leads?limit=0x10")).error.field).toBe("limit");
});

test("an id that is none never means no filter and no campaign", async () => {
  await ask("POST", "/leads", ada);
  // Of the right shape, but u is no letter of our ids.
  const id = "cmp_uuuuuuuuuuu";
  expect((await ask<Lead[]>("GET", `/leads?campaign_id=${id}`)).data).toEqual([]);
  const answer = await ask("POST", "/leads", { email: "a@b.test", campaign_id: id });
  expect(answer.error).toMatchObject({ code: "invalid_field", field: "campaign_id" });
  expect((await ask("GET", "/events?after=evt_uuuuuuuuuuu")).error.field).toBe("after");
});

test("nothing of a test ledger can be seen, changed or erased with a live key", async () => {
  const { data } = await ask<Lead>("POST", "/leads", ada);
  const askLive = askWith(house, "live");
  for (const method of ["GET", "PATCH", "DELETE"] as const) {
    const body = method === "PATCH" ? { title: "x" } : undefined;
    expect((await askLive(method, `/leads/${data.id}`, body)).status).toBe(404);
  }
  expect((await askLive<Lead[]>("GET", "/leads")).data).toEqual([]);
  expect((await ask<Lead>("GET", `/leads/${data.id}`)).data).toEqual(data);
});
