// Invariant 8 through the API: an erased lead leaves no personal data in the ledger, only a keyed hash.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openLedger } from "../../../src/ledger/ledger.ts";
import { systemRandom } from "../../../src/ledger/random.ts";
import { changeLead, createLead, eraseLead } from "../../../src/resources/leads/actions.ts";
import type { ImportResult } from "../../../src/resources/leads/import.ts";
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

/** Every cell of every table of the test ledger that holds one of these words, as `table.column`. */
function cellsWith(words: readonly string[]): string[] {
  const { db } = house.test_ledger;
  const tables = db
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all();
  return tables.flatMap(({ name }) =>
    db
      .query<Record<string, unknown>, []>(`SELECT * FROM "${name}"`)
      .all()
      .flatMap((row) =>
        Object.entries(row)
          .filter(([, value]) => {
            const text =
              value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
            return words.some((word) => text.toLowerCase().includes(word.toLowerCase()));
          })
          .map(([column]) => `${name}.${column}`),
      ),
  );
}

const person = {
  email: "reply+interested@zzcompany-domain.test",
  first_name: "Zzfirstname",
  last_name: "Zzlastname",
  company: "Zzemployer",
  phone: "+49 30 99999",
  tags: ["zztag"],
  custom: { note: "zznote" },
};
// The company's domain alone stays in the day's count per company: it is the company's, not the person's.
const TRACES = [
  person.email,
  "zzfirstname",
  "zzlastname",
  "zzemployer",
  "99999",
  "zztag",
  "zznote",
];

test("Invariant 8: mailed and answered, then erased: only the keyed hash is left", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  const body = { ...person, campaign_id: campaign.id };
  const { data } = await ask<Lead>("POST", "/leads", body);
  await ask("POST", "/test/clock/advance", { by: "P2D" });
  const events = await ask<{ event: string }[]>("GET", `/events?lead_id=${data.id}`);
  expect(events.data.map(({ event }) => event)).toContain("email.sent");
  expect(events.data.map(({ event }) => event)).toContain("reply.received");
  expect(cellsWith(TRACES)).not.toEqual([]);

  const erased = await ask("DELETE", `/leads/${data.id}`);
  expect([erased.status, erased.text]).toEqual([204, ""]);
  expect(cellsWith(TRACES)).toEqual([]);
  expect((await ask("GET", `/leads/${data.id}`)).status).toBe(404);
  expect((await ask("DELETE", `/leads/${data.id}`)).status).toBe(404);
  expect((await ask<Lead[]>("GET", "/leads")).data).toEqual([]);
  const bare = await ask<{ event: string }[]>("GET", "/events?event=email.sent");
  expect(bare.data).toHaveLength(1);

  const again = await ask("POST", "/leads", body);
  expect(again.error.code).toBe("lead_suppressed");
  const bulk = await ask<ImportResult>("POST", "/leads/bulk", { leads: [person] });
  expect(bulk.data).toMatchObject({ created: 0, suppressed: 1 });
  expect(cellsWith(TRACES)).toEqual([]);
});

test("Invariant 2: an erased lead gets no more mail", async () => {
  const campaign = await makeCampaign(ask, { status: "active" });
  const email = "quiet@zzcompany-domain.test";
  const { data } = await ask<Lead>("POST", "/leads", { email, campaign_id: campaign.id });
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  const sent = () => ask<unknown[]>("GET", "/events?event=email.sent");
  expect((await sent()).data).toHaveLength(1);
  await ask("DELETE", `/leads/${data.id}`);
  await ask("POST", "/test/clock/advance", { by: "P30D" });
  expect((await sent()).data).toHaveLength(1);
  expect((await ask<unknown[]>("GET", `/test/mailbox?to=${email}`)).data).toEqual([]);
});

test("a lead that was never mailed goes without a trace too", async () => {
  const { data } = await ask<Lead>("POST", "/leads", person);
  await ask("DELETE", `/leads/${data.id}`);
  expect(cellsWith([...TRACES, "erased:"])).toEqual([]);
  expect((await ask("POST", "/leads", person)).error.code).toBe("lead_suppressed");
});

test("Invariant 8: nothing of an erased person is left in the ledger's files", async () => {
  const dir = mkdtempSync(join(tmpdir(), "imail-erase-"));
  const { test_ledger } = house;
  const ledger = openLedger({
    path: join(dir, "ledger.db"),
    workspace_id: 1,
    mode: "live",
    random: systemRandom,
    installation_secret: systemRandom.bytes(32),
    data_key: null,
    workspace: () => test_ledger.workspace(),
    onNudge: () => undefined,
    onError: () => undefined,
  });
  const traces = () =>
    readdirSync(dir).filter((name) =>
      TRACES.some((word) =>
        readFileSync(join(dir, name)).toString("latin1").toLowerCase().includes(word),
      ),
    );
  try {
    const id = createLead(ledger, person, null);
    changeLead(ledger, id, { custom: { note: "zznote ".repeat(900) } });
    expect(traces()).not.toEqual([]);
    eraseLead(ledger, id);
    expect(traces()).toEqual([]);
  } finally {
    ledger.close();
    rmSync(dir, { recursive: true });
  }
});
