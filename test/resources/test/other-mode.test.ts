// Invariant 6: what one mode has, a key of the other mode neither sees nor changes. A table over all routes: one that
// is added is driven here as well.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { formatId } from "../../../src/core/ids.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { createBookingSource } from "../../../src/resources/booking-sources/actions.ts";
import { insertReply } from "../../../src/resources/replies/store.ts";
import { suppress } from "../../../src/resources/suppressions/actions.ts";
import { insertSandboxMail } from "../../../src/resources/test/store.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makerOf } from "../../world/make.ts";

let house: TestHouse;
beforeEach(async () => {
  house = await openTestHouse();
});
afterEach(() => house.close());

/** Nouns that belong to the workspace and not to a mode. */
const OF_CONTROL = new Set(["api-keys", "workspaces", "auth"]);

/** One of each thing, straight in the ledger; their ids by the first word of a path. */
function furnish(ledger: Ledger): Record<string, string> {
  const make = makerOf(ledger);
  const inbox = make.inbox({ email: "ana@sender.test" });
  const campaign = make.campaign({ inbox_ids: [inbox] });
  const lead = make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
  const { message, suppression } = ledger.write((tx) => {
    const reason = { reason: "manual", source: "api", evidence: null } as const;
    suppress(ledger, tx, { kind: "domain", value: "acme.test", ...reason });
    insertSandboxMail(tx, {
      inbox_id: inbox,
      folder: "outbox",
      sender: "ana@sender.test",
      recipient: "lea@lead.test",
      bytes: Buffer.from("Subject: Hello\r\n\r\nHi\r\n"),
      arrives_at: tx.now,
    });
    const id = tx.id();
    tx.db
      .query(
        `INSERT INTO messages (id, kind, state, inbox_id, lead_id, recipient, subject, queued_at)
         VALUES (?, 'test', 'queued', ?, ?, 'lea@lead.test', 'Hello', ?)`,
      )
      .run(id, inbox, lead, tx.now);
    const row = tx.db.query<{ id: number }, []>("SELECT id FROM suppressions").get();
    return { message: id, suppression: row?.id ?? 0 };
  });
  return {
    inboxes: formatId("inb", inbox),
    campaigns: formatId("cmp", campaign.id),
    leads: formatId("lead", lead),
    messages: formatId("msg", message),
    test: formatId("msg", message),
    suppressions: formatId("sup", suppression),
    replies: formatId("rpl", makeReply(ledger, { inbox_id: inbox, lead_id: lead })),
    "booking-sources": formatId("bks", createBookingSource(ledger, "Calendar").id),
  };
}

const makeReply = (ledger: Ledger, of: { inbox_id: number; lead_id: number }): number =>
  ledger.write((tx) =>
    insertReply(tx, {
      ...of,
      kind: "reply",
      category: null,
      confidence: null,
      source: "rule",
      evidence: null,
      matched_by: "message_id",
      campaign_id: null,
      message_id: null,
      sender: "lea@lead.test",
      subject: "Re: Hello",
      text: "Hello",
      header_id: null,
      return_date: null,
      enhanced_status: null,
      fault: null,
      received_at: tx.now,
    }),
  );

/** All rows of a ledger but for what is counted per request. */
function everything(ledger: Ledger): string {
  const tables = ledger.db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'idempot%' ORDER BY name",
    )
    .all();
  return JSON.stringify(
    tables.map(({ name }) => [name, ledger.db.query(`SELECT * FROM "${name}"`).values()]),
    (_, value: unknown) => (value instanceof Uint8Array ? [...value].join() : value),
  );
}

/** A body that fits, where an empty one does not. */
const bodyOf = (route: string, ids: Record<string, string>): object | null => {
  const bodies: Record<string, object> = {
    "POST /v1/campaigns/:id/preview": { lead_id: ids["leads"] },
    "POST /v1/campaigns/:id/test": { step_id: "stp_00000000007", to: "ana@sender.test" },
    "POST /v1/leads/:id/enroll": { campaign_id: ids["campaigns"] },
    "POST /v1/messages/:id/resolve": { as: "sent" },
    "POST /v1/replies/:id/send": { body: "Hello" },
    "PATCH /v1/leads/:id": { first_name: "Eve" },
    "PATCH /v1/campaigns/:id": { name: "Mine" },
    "PATCH /v1/inboxes/:id": { name: "Mine" },
  };
  return bodies[route] ?? (route.startsWith("GET") || route.startsWith("DELETE") ? null : {});
};

for (const [mode, other] of [
  ["live", "test"],
  ["test", "live"],
] as const) {
  test(`no route shows or changes anything of the ${mode} ledger to a ${other} key`, async () => {
    const ledger = mode === "live" ? house.ledger : house.test_ledger;
    const ids = furnish(ledger);
    const before = everything(ledger);
    const key = other === "live" ? house.key.key : house.test_key.key;
    const call = (method: string, path: string, body: object | null) =>
      house.request(path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body ? { "content-type": "application/json" } : {}),
        },
        body: body && JSON.stringify(body),
      });
    const routes = house.app.routes.filter(({ path }) => path.startsWith("/v1/"));
    const wrong: string[] = [];
    let driven = 0;
    for (const { method, path } of routes) {
      const noun = path.split("/")[2] ?? "";
      if (OF_CONTROL.has(noun)) continue;
      const is_list = method === "GET" && !path.includes(":") && noun !== "test";
      const is_one = path.includes(":");
      if (!is_list && !is_one && !(noun === "test" && other === "live")) continue;
      driven++;
      const clean = path.replace(/\/$/, "");
      const route = `${method} ${clean}`;
      const answer = await call(method, clean.replace(":id", ids[noun] ?? "?"), bodyOf(route, ids));
      const wanted = is_list ? 200 : noun === "test" && other === "live" ? 403 : 404;
      const text = await answer.text();
      const is_empty = !is_list || text.includes('"data":[]');
      const tells = Object.values(ids).some((id) => text.includes(id)) || text.includes("lea@");
      if (answer.status !== wanted || !is_empty || tells)
        wrong.push(`${route}: ${answer.status} ${text.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    expect(driven).toBeGreaterThan(25);
    expect(everything(ledger)).toBe(before);
  });
}
