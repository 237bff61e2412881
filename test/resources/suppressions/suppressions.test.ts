// The list of those who are never mailed again: what stands on it, what it stops, and how it is left.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Lead } from "../../../src/resources/leads/schema.ts";
import type { Message } from "../../../src/resources/messages/schema.ts";
import type { Suppression } from "../../../src/resources/suppressions/schema.ts";
import type { SandboxMail } from "../../../src/resources/test/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

interface Bulk {
  created: number;
  updated: number;
  skipped: number;
  invalid: { index: number; code: string; field: string; message: string }[];
}

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

const add = (draft: object) => ask<Suppression>("POST", "/suppressions", draft);
const leadOf = async (email: string) =>
  (await ask<Lead[]>("GET", `/leads?email=${encodeURIComponent(email)}`)).data[0];

async function sendCsv(csv: string | Uint8Array) {
  const body = typeof csv === "string" ? Buffer.from(csv, "utf8") : csv;
  const answer = await house.request("/v1/suppressions/bulk", {
    method: "POST",
    headers: {
      authorization: `Bearer ${house.test_key.key}`,
      "content-type": "text/csv",
      "content-length": String(body.length),
    },
    body: new Uint8Array(body),
  });
  return { status: answer.status, body: (await answer.json()) as { data: Bulk } };
}

async function readCsv(query = ""): Promise<string> {
  const answer = await house.request(`/v1/suppressions?format=csv${query}`, {
    headers: { authorization: `Bearer ${house.test_key.key}` },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(answer.headers.get("x-request-id")).toMatch(/^req_/);
  return answer.text();
}

describe("an address on the list", () => {
  test("is answered as it stands, and can be read back", async () => {
    const made = await add({ value: " Ada@Example.COM ", evidence: "Asked by phone" });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/v1/suppressions/${made.data.id}`);
    expect(made.data).toMatchObject({
      object: "suppression",
      kind: "address",
      value: "ada@example.com",
      reason: "manual",
      source: "api",
      evidence: "Asked by phone",
    });
    expect((await ask("GET", `/suppressions/${made.data.id}`)).data).toEqual(made.data);
    expect((await ask<Suppression[]>("GET", "/suppressions")).data).toEqual([made.data]);
  });

  test("stops the lead and cancels its unfinished mail, at once", async () => {
    const campaign = await makeCampaign(ask, { status: "active" });
    const email = "lea@lead.test";
    await ask("POST", "/leads", { email, campaign_id: campaign.id });
    await ask("POST", "/test/clock/advance", { by: "P1D" });
    await add({ value: email });
    expect(await leadOf(email)).toMatchObject({
      status: "suppressed",
      campaigns: [{ state: "stopped", ended_by: "suppressed", next_action: null }],
    });
    await ask("POST", "/test/clock/advance", { by: "P20D" });
    expect((await ask<SandboxMail[]>("GET", "/test/mailbox")).data).toHaveLength(1);
    const again = await ask("POST", "/leads", { email: "lea@LEAD.test" });
    expect(again.error.code).toBe("lead_exists");
  });

  test("never becomes a lead", async () => {
    await add({ value: "lea@lead.test" });
    const made = await ask("POST", "/leads", { email: "Lea@lead.test" });
    expect(made.error.code).toBe("lead_suppressed");
  });

  test("an opt-out that is told by hand is one: the lead is unsubscribed and the event says so", async () => {
    await ask("POST", "/leads", { email: "lea@lead.test" });
    await add({ value: "lea@lead.test", reason: "unsubscribed" });
    expect((await leadOf("lea@lead.test"))?.status).toBe("unsubscribed");
    const events = await ask<{ event: string }[]>("GET", "/events");
    expect(events.data.map(({ event }) => event)).toEqual(["lead.unsubscribed"]);
  });

  test("twice keeps the first reason, unless the second is the person's own wish", async () => {
    const first = await add({ value: "ada@example.com", evidence: "a competitor" });
    const again = await add({ value: "ada@example.com", evidence: "another" });
    expect([again.status, again.data]).toEqual([200, first.data]);
    const raised = await add({ value: "ada@example.com", reason: "unsubscribed" });
    expect(raised.status).toBe(200);
    expect(raised.data).toMatchObject({ id: first.data.id, reason: "unsubscribed" });
    const weaker = await add({ value: "ada@example.com", reason: "bounced" });
    expect(weaker.data.reason).toBe("unsubscribed");
  });
});

describe("a domain on the list", () => {
  test("stops every lead of exactly that domain, also behind the first slice", async () => {
    const campaign = await makeCampaign(ask, { status: "active" });
    // More than one transaction looks at: half of the domain's leads stand on either side of the cut.
    const filler = Array.from({ length: 4980 }, (_, i) => ({ email: `f${i}@filler.test` }));
    await ask("POST", "/leads/bulk", { leads: filler });
    const many = Array.from({ length: 40 }, (_, i) => ({ email: `p${i}@acme.test` }));
    const others = [{ email: "a@sub.acme.test" }, { email: "b@notacme.test" }];
    await ask("POST", "/leads/bulk", { campaign_id: campaign.id, leads: [...many, ...others] });
    const made = await add({ value: "@ACME.test" });
    expect(made.data).toMatchObject({ kind: "domain", value: "acme.test" });
    const stopped = await ask<Lead[]>("GET", "/leads?status=suppressed&limit=100");
    expect(stopped.data).toHaveLength(40);
    await ask("POST", "/test/clock/advance", { by: "P10D" });
    const mails = (await ask<SandboxMail[]>("GET", "/test/mailbox?limit=100")).data;
    expect(new Set(mails.map(({ to }) => to))).toEqual(
      new Set(["a@sub.acme.test", "b@notacme.test"]),
    );
    expect((await ask("POST", "/leads", { email: "new@acme.test" })).error.code).toBe(
      "lead_suppressed",
    );
    const messages = await ask<Message[]>("GET", "/messages?state=sent&limit=100");
    expect(messages.data).toHaveLength(mails.length);
  });

  test("is found by an address that it covers", async () => {
    const domain = await add({ value: "acme.test" });
    const own = await add({ value: "ada@acme.test" });
    await add({ value: "bob@acme.test" });
    const found = await ask<Suppression[]>("GET", "/suppressions?email=Ada@acme.test");
    expect(found.data.map(({ id }) => id)).toEqual([own.data.id, domain.data.id]);
    const domains = await ask<Suppression[]>("GET", "/suppressions?kind=domain");
    expect(domains.data.map(({ value }) => value)).toEqual(["acme.test"]);
    expect((await ask<Suppression[]>("GET", "/suppressions?q=BOB")).data).toHaveLength(1);
    expect((await ask("GET", "/suppressions?email=acme.test")).error.field).toBe("email");
  });
});

describe("what is neither an address nor a domain is refused", () => {
  const cases = [
    "",
    "nobody",
    "a@b, c@d.test",
    "a@b.test\r\nBcc: c@d.test",
    "*.acme.test",
    "1.2.3.4",
  ];
  test.each(cases)("%j", async (value) => {
    const answer = await add({ value });
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ code: "invalid_field", field: "value" });
  });

  test("and nobody is erased by hand here", async () => {
    const answer = await add({ value: "ada@example.com", reason: "erased" });
    expect(answer.error).toMatchObject({ code: "invalid_field", field: "reason" });
  });
});

describe("taking one back", () => {
  test("frees an entry made by hand: the lead may be mailed again", async () => {
    const campaign = await makeCampaign(ask, { status: "active" });
    await ask("POST", "/leads", { email: "lea@lead.test" });
    const made = await add({ value: "lea@lead.test" });
    expect((await ask("DELETE", `/suppressions/${made.data.id}`)).status).toBe(204);
    expect((await ask("GET", `/suppressions/${made.data.id}`)).status).toBe(404);
    const lead = await leadOf("lea@lead.test");
    expect(lead?.status).toBe("new");
    await ask("POST", `/leads/${lead?.id}/enroll`, { campaign_id: campaign.id });
    await ask("POST", "/test/clock/advance", { by: "P1D" });
    expect((await ask<SandboxMail[]>("GET", "/test/mailbox")).data).toHaveLength(1);
  });

  test.each(["unsubscribed", "complained"])(
    "is refused for %s without a proof of consent, which is kept",
    async (reason) => {
      await ask("POST", "/leads", { email: "lea@lead.test" });
      const made = await add({ value: "lea@lead.test", reason, evidence: "the mail of 3 May" });
      const path = `/suppressions/${made.data.id}`;
      const refused = await ask("DELETE", path);
      expect(refused.status).toBe(409);
      expect(refused.error).toMatchObject({ code: "wrong_state", field: "consent" });
      expect((await ask("DELETE", `${path}?consent=yes`)).status).toBe(400);
      const consent = "Signed up again on 2027-01-31";
      const lifted = await ask("DELETE", `${path}?consent=${encodeURIComponent(consent)}`);
      expect(lifted.status).toBe(204);
      expect((await leadOf("lea@lead.test"))?.status).toBe("new");
      const kept = house.test_ledger.db
        .query<{ reason: string; evidence: string; consent: string }, []>(
          "SELECT reason, evidence, consent FROM lifted_suppressions",
        )
        .all();
      expect(kept).toEqual([{ reason, evidence: "the mail of 3 May", consent }]);
    },
  );

  test("is refused for an erased person, whatever is said", async () => {
    const lead = await ask<Lead>("POST", "/leads", { email: "lea@lead.test" });
    await ask("DELETE", `/leads/${lead.data.id}`);
    const [row] = (await ask<Suppression[]>("GET", "/suppressions?email=lea@lead.test")).data;
    expect(row).toMatchObject({ reason: "erased", value: null, evidence: null });
    const answer = await ask("DELETE", `/suppressions/${row?.id}?consent=She%20asked%20for%20it`);
    expect([answer.status, answer.error.code]).toEqual([409, "wrong_state"]);
  });

  test("leaves a lead alone that something else still covers", async () => {
    await ask("POST", "/leads", { email: "lea@lead.test" });
    await ask("POST", "/leads", { email: "bob@lead.test" });
    const domain = await add({ value: "lead.test" });
    await add({ value: "lea@lead.test" });
    await ask("DELETE", `/suppressions/${domain.data.id}`);
    expect((await leadOf("lea@lead.test"))?.status).toBe("suppressed");
    expect((await leadOf("bob@lead.test"))?.status).toBe("new");
  });
});

describe("many at once", () => {
  test("every row is counted once and the numbers add up", async () => {
    await add({ value: "there@example.com" });
    const rows = [
      { value: "a@example.com" },
      { value: "A@example.com" },
      { value: "there@example.com", reason: "unsubscribed" },
      { value: "acme.test" },
      { value: "nonsense" },
      { value: "b@example.com", reason: "because" },
      { email: "c@example.com" },
      "d@example.com",
    ];
    const answer = await ask<Bulk>("POST", "/suppressions/bulk", { suppressions: rows });
    const { created, updated, skipped, invalid } = answer.data;
    expect([created, updated, skipped]).toEqual([2, 1, 1]);
    expect(invalid.map(({ index, code, field }) => [index, code, field])).toEqual([
      [4, "invalid_field", "value"],
      [5, "invalid_field", "reason"],
      [6, "invalid_field", "value"],
      [7, "invalid_field", ""],
    ]);
    expect(created + updated + skipped + invalid.length).toBe(rows.length);
  });

  test("none, too many and something else are refused", async () => {
    for (const body of [
      {},
      { suppressions: [] },
      { suppressions: Array.from({ length: 5001 }, () => ({})) },
      { a: 1 },
    ])
      expect((await ask("POST", "/suppressions/bulk", body)).status).toBe(400);
  });

  test("a CSV of another tool is read: its columns, its words for reasons, and what it does not know is kept", async () => {
    const csv = [
      "E-Mail;Reason;Note",
      "ada@example.com;Unsubscribed;by link",
      "bob@example.com;hard_bounce;",
      "eve@example.com;550 5.1.1 no such user;",
      "acme.test;;a customer",
      "nonsense;;",
    ].join("\r\n");
    const { status, body } = await sendCsv(csv);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ created: 4, updated: 0, skipped: 0 });
    expect(body.data.invalid.map(({ index }) => index)).toEqual([4]);
    const list = await ask<Suppression[]>("GET", "/suppressions");
    expect(
      list.data.map(({ value, reason, evidence, source }) => [value, reason, evidence, source]),
    ).toEqual([
      ["acme.test", "manual", "a customer", "csv"],
      ["eve@example.com", "manual", "550 5.1.1 no such user", "csv"],
      ["bob@example.com", "bounced", null, "csv"],
      ["ada@example.com", "unsubscribed", "by link", "csv"],
    ]);
  });

  test("A11: what goes out as CSV runs no formula and comes back in as it was", async () => {
    const values = [
      "=cmd@example.com",
      "+plus@example.com",
      "-dash@example.com",
      "plain@example.com",
    ];
    for (const value of values)
      await add({ value, evidence: '=HYPERLINK("http://evil.test","x")' });
    const csv = await readCsv();
    for (const line of csv.split("\r\n").slice(1)) expect(line).not.toMatch(/(^|,)"?[=+\-@\t]/);
    expect(csv).toStartWith("value,kind,reason,source,evidence,created_at\r\n");
    const other = await openTestHouse();
    const first = house;
    try {
      house = other;
      ask = askWith(other, "test");
      expect((await sendCsv(csv)).body.data).toMatchObject({ created: 4, invalid: [] });
      const list = await ask<Suppression[]>("GET", "/suppressions");
      expect(new Set(list.data.map(({ value }) => value))).toEqual(new Set(values));
      expect(list.data[0]?.evidence).toBe('=HYPERLINK("http://evil.test","x")');
    } finally {
      house = first;
      await other.close();
    }
  });

  test("a CSV has all that match, over any number of pages", async () => {
    const rows = Array.from({ length: 2300 }, (_, i) => ({ value: `p${i}@example.com` }));
    await ask("POST", "/suppressions/bulk", { suppressions: rows });
    await add({ value: "acme.test" });
    expect((await readCsv()).trimEnd().split("\r\n")).toHaveLength(2302);
    expect((await readCsv("&kind=domain")).trimEnd().split("\r\n")).toHaveLength(2);
    const page = await ask<Suppression[]>("GET", "/suppressions?page=24&limit=100");
    expect(page.data).toHaveLength(1);
    expect(page.pagination).toMatchObject({ page: 24, total: 2301, pages: 24, has_more: false });
  });
});
