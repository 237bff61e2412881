// Invariant 6: nothing of a live ledger is visible or changeable through a test key, or the other way round; nothing in
// test mode opens a socket.
import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import { Socket } from "node:net";

import { formatId } from "../../src/core/ids.ts";
import { listSandboxMails } from "../../src/resources/test/store.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { makerOf } from "../world/make.ts";

let house: TestHouse;
let ids: { inbox: number; campaign: number; lead: number };
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

function furnish(mode: "live" | "test") {
  const make = makerOf(mode === "live" ? house.ledger : house.test_ledger);
  const inbox = make.inbox({ email: "ana@sender.test" });
  const campaign = make.campaign({ inbox_ids: [inbox] }).id;
  ids = { inbox, campaign, lead: make.lead({ email: "lea@lead.test", campaign_id: campaign }) };
}

const ask = (mode: "live" | "test", path: string, init: RequestInit = {}) => {
  const key = mode === "live" ? house.key.key : house.test_key.key;
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return house.request(path, { ...init, headers });
};

for (const [mode, other] of [
  ["live", "test"],
  ["test", "live"],
] as const) {
  test(`a ${other} key sees and changes nothing of the ${mode} ledger`, async () => {
    furnish(mode);
    const paths = {
      lead: `/v1/leads/${formatId("lead", ids.lead)}`,
      campaign: `/v1/campaigns/${formatId("cmp", ids.campaign)}`,
      inbox: `/v1/inboxes/${formatId("inb", ids.inbox)}`,
    };
    for (const list of ["leads", "campaigns", "inboxes", "messages", "events"]) {
      const answer = (await (await ask(other, `/v1/${list}`)).json()) as { data: unknown[] };
      expect(answer.data).toEqual([]);
    }
    for (const path of Object.values(paths)) {
      expect((await ask(mode, path)).status).toBe(200);
      expect((await ask(other, path)).status).toBe(404);
    }
    const changes: [string, RequestInit][] = [
      [paths.lead, { method: "PATCH", body: JSON.stringify({ first_name: "Eve" }) }],
      [paths.lead, { method: "DELETE" }],
      [`${paths.campaign}/pause`, { method: "POST", body: "{}" }],
      [paths.campaign, { method: "PATCH", body: JSON.stringify({ name: "Mine" }) }],
    ];
    for (const [path, init] of changes) expect((await ask(other, path, init)).status).toBe(404);
    const lead = (await (await ask(mode, paths.lead)).json()) as { data: { first_name: string } };
    expect(lead.data.first_name).toBe("Lea");
  });
}

test("a campaign that plays in test mode opens no socket, and the live ledger hears nothing of it", async () => {
  furnish("test");
  const connect = spyOn(Socket.prototype, "connect");
  try {
    const ledger = house.test_ledger;
    await house.engine.advance(ledger, ledger.clock.now() + 7 * 86_400_000);
    expect(connect).not.toHaveBeenCalled();
  } finally {
    connect.mockRestore();
  }
  const sent = { to: null, limit: 10, before: Number.MAX_SAFE_INTEGER, offset: 0 };
  expect(listSandboxMails(house.test_ledger, sent)).toHaveLength(1);
  for (const table of ["messages", "events", "counters", "quotas", "sandbox_mails"])
    expect(house.ledger.db.query(`SELECT * FROM ${table}`).all()).toEqual([]);
});

test("advancing a test clock leaves the live clock and its leads where they are", async () => {
  furnish("live");
  const before = house.ledger.clock.now();
  await house.engine.advance(house.test_ledger, house.test_ledger.clock.now() + 30 * 86_400_000);
  expect(house.ledger.clock.now() - before).toBeLessThan(60_000);
  expect(house.ledger.db.query("SELECT id FROM messages").all()).toEqual([]);
});

test("ids of one mode mean nothing in the other, and keys of one open nothing of the other", () => {
  expect(house.ledger.keys.token).not.toEqual(house.test_ledger.keys.token);
  expect(house.ledger.keys.message_id).not.toEqual(house.test_ledger.keys.message_id);
  expect(house.ledger.keys.suppression).not.toEqual(house.test_ledger.keys.suppression);
});
