// Leads out of a CSV: the columns that people have, the numbers that add up, and nothing of it executed.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import * as fc from "fast-check";

import { readCsvLeads } from "../../../src/resources/leads/csv.ts";
import type { ImportResult } from "../../../src/resources/leads/import.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import { suppress } from "../../../src/resources/suppressions/actions.ts";
import { type Answer, type Ask, askWith } from "../../world/ask.ts";
import { csvText, ENCODINGS } from "../../world/csv.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(() => house.close());

async function post(body: string | Uint8Array, query = ""): Promise<Answer<ImportResult>> {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const answer = await house.request(`/v1/leads/bulk${query}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${house.test_key.key}`,
      "content-type": "text/csv; charset=utf-8",
      "content-length": String(bytes.length),
    },
    body: new Uint8Array(bytes),
  });
  const text = await answer.text();
  const parts = JSON.parse(text) as Answer<ImportResult>;
  return { ...parts, status: answer.status, headers: answer.headers, text };
}

const find = async (email: string) =>
  (await ask<Lead[]>("GET", `/leads?email=${encodeURIComponent(email)}`)).data[0];
const sumOf = ({ created, updated, skipped, suppressed, invalid }: ImportResult) =>
  created + updated + skipped + suppressed + invalid.length;

describe("columns", () => {
  test("are known by the names that people and programs give them", async () => {
    const { data } = await post(
      "E-Mail;Vorname;Nachname;Firma;Position;Telefon;Webseite;Land;Zeitzone;Schlagworte;Quelle\n" +
        "ada@example.com;Ada;Lovelace;Engine GmbH;CTO;+49 30 1;https://e.example;de;Europe/Berlin;vip, math;Messe\n",
    );
    expect(data).toMatchObject({ created: 1, invalid: [] });
    expect(await find("ada@example.com")).toMatchObject({
      first_name: "Ada",
      last_name: "Lovelace",
      company: "Engine GmbH",
      title: "CTO",
      phone: "+49 30 1",
      website: "https://e.example",
      country: "DE",
      timezone: "Europe/Berlin",
      tags: ["vip", "math"],
      source: "Messe",
      custom: {},
    });
  });

  test("that are no field become custom fields under a name that templates can say", async () => {
    await post(
      "Email Address,Job Level,Größe (cm),custom.Score,,Phone,Phone\na@b.example,C-Level,180,7,x,,+1\n",
    );
    expect(await find("a@b.example")).toMatchObject({
      phone: "+1",
      custom: { job_level: "C-Level", größe_cm: "180", score: "7", column_5: "x" },
    });
  });

  test("A10: named like a prototype are data and nothing else", async () => {
    const { data } = await post(
      "email,__proto__,constructor,prototype,toString,hasOwnProperty\na@b.example,p,c,t,s,h\n",
    );
    expect(data).toMatchObject({ created: 1, invalid: [] });
    const lead = await find("a@b.example");
    expect(lead?.custom).toEqual({
      proto: "p",
      constructor_: "c",
      prototype_: "t",
      tostring: "s",
      hasownproperty: "h",
    });
    expect(Object.getPrototypeOf({})).not.toHaveProperty("polluted");
  });

  test("without an address are refused, and the first line is shown", async () => {
    const answer = await post("Name,Stadt\nAda,Köln\n");
    expect([answer.status, answer.error.code, answer.error.field]).toEqual([
      400,
      "invalid_field",
      "email",
    ]);
    expect(answer.error.message).toContain("Name, Stadt");
    for (const body of ["", "\n\n", "email\n"]) expect((await post(body)).status).toBe(400);
  });
});

describe("rows", () => {
  test("each end in one pile, bad ones with their line, and the numbers add up", async () => {
    await ask("POST", "/leads", { email: "known@example.com" });
    house.test_ledger.write((tx) => {
      suppress(house.test_ledger, tx, {
        kind: "domain",
        value: "never.example",
        reason: "manual",
        source: "test",
        evidence: null,
      });
    });
    const lines = [
      "email,first_name,timezone",
      "new@example.com,Ada,",
      "KNOWN@example.com,Bob,",
      "",
      "New@Example.com,Twice,",
      "no@never.example,,",
      "not an address,,",
      '"zone@example.com","Two',
      'lines",Nowhere',
      "long@example.com,a,,,x",
      "short@example.com",
      ",Nobody,",
    ];
    const { data } = await post(lines.join("\r\n"));
    expect(data).toMatchObject({ created: 2, updated: 0, skipped: 2, suppressed: 1 });
    expect(data.invalid.map(({ index, line, field }) => [index, line, field])).toEqual([
      [4, 7, "email"],
      [5, 8, "first_name"],
      [6, 10, ""],
      [8, 12, "email"],
    ]);
    expect(sumOf(data)).toBe(9);
    expect(await find("short@example.com")).toBeDefined();
  });

  test("that update leave alone what an empty cell does not name", async () => {
    await ask("POST", "/leads", { email: "a@b.example", title: "CEO", custom: { x: 1 } });
    const { data } = await post(
      "email,title,company,y\na@b.example,,Acme,2\n",
      "?on_conflict=update",
    );
    expect(data).toMatchObject({ created: 0, updated: 1 });
    expect(await find("a@b.example")).toMatchObject({
      title: "CEO",
      company: "Acme",
      custom: { x: 1, y: "2" },
    });
  });

  test("are enrolled in the campaign of the query; one that is not there is told first", async () => {
    const { id } = await makeCampaign(ask);
    const { data } = await post("email\na@b.example\nc@b.example\n", `?campaign_id=${id}`);
    expect(data).toMatchObject({ created: 2, enrolled: 2 });
    const none = await post("email\nd@b.example\n", "?campaign_id=cmp_00000000007");
    expect(none.error).toMatchObject({ code: "invalid_field", field: "campaign_id" });
    const unknown = await post("email\nd@b.example\n", "?campaign=x");
    expect(unknown.error).toMatchObject({ code: "unknown_field", field: "campaign" });
    expect(await find("d@b.example")).toBeUndefined();
  });

  test("of a file that cannot be read to its end are not imported at all", async () => {
    const answer = await post('email\na@b.example\n"b@b.example\n');
    expect([answer.status, answer.error.code]).toEqual([400, "invalid_field"]);
    expect(await find("a@b.example")).toBeUndefined();
  });
});

test("JSON may name campaign and conflict in the query too, and is still held against its schema", async () => {
  const { id } = await makeCampaign(ask);
  const leads = [{ email: "a@b.example" }];
  const made = await ask<ImportResult>("POST", `/leads/bulk?campaign_id=${id}`, { leads });
  expect(made.data).toMatchObject({ created: 1, enrolled: 1 });
  expect((await ask("POST", "/leads/bulk", {})).error).toMatchObject({ field: "leads" });
  expect((await ask("POST", "/leads/bulk", { leads, rows: 1 })).error).toMatchObject({
    code: "unknown_field",
    field: "rows",
  });
});

test("5,000 rows are imported, and others are answered meanwhile", async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [`lead${i}@example.com`, `Name ${i}`]);
  const finished: string[] = [];
  const [answer] = await Promise.all([
    post(csvText([["email", "first_name"], ...rows])).then((one) => {
      finished.push("import");
      return one;
    }),
    ask("GET", "/campaigns").then(() => finished.push("list")),
  ]);
  expect(answer.data).toMatchObject({ created: 5000, invalid: [] });
  expect(finished).toEqual(["list", "import"]);
});

const word = fc.string({
  unit: fc.constantFrom(...Array.from("abcXYZ01 ,;|'\"äöüßéñ€={}")),
  minLength: 1,
  maxLength: 12,
});
const lead = fc.record({
  email: fc.integer({ min: 0, max: 30 }).map((n) => `lead${n}@example.com`),
  first_name: word,
  city: word,
});

test("every encoding and delimiter gives the same leads", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(lead, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...ENCODINGS),
      fc.constantFrom(",", ";", "\t", "|"),
      async (leads, encode, delimiter) => {
        const rows = leads.map(({ email, first_name, city }) => [email, first_name, city]);
        const text = csvText([["E-Mail", "Vorname", "Straße"], ...rows], delimiter, "\r\n");
        const found = await readCsvLeads(encode(text));
        expect(found.map(({ row }) => row)).toEqual(
          leads.map(({ email, first_name, city }) => ({
            email,
            ...(first_name.trim() === "" ? {} : { first_name: first_name.trim() }),
            ...(city.trim() === "" ? {} : { custom: { straße: city.trim() } }),
          })),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("whatever the rows, the numbers add up", async () => {
  const cell = fc.oneof(
    fc.integer({ min: 0, max: 5 }).map((n) => `lead${n}@example.com`),
    fc.constantFrom("", "no address", "A@B.EXAMPLE", "x@y", "Europe/Berlin", "Nowhere/City"),
    fc.string({ maxLength: 20 }),
  );
  const rows = fc.array(fc.array(cell, { maxLength: 5 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom("skip", "update"), async (table, on_conflict) => {
      // A row without a character is a blank line and no row.
      const kept = table.filter((cells) => csvText([cells]).trim() !== "");
      fc.pre(kept.length > 0);
      const text = csvText([["email", "timezone", "first_name", "x"], ...kept]);
      const { status, data } = await post(text, `?on_conflict=${on_conflict}`);
      expect(status).toBe(200);
      expect(sumOf(data)).toBe(kept.length);
    }),
    { numRuns: 60 },
  );
});
