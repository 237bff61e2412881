// A step to oneself: it reaches nobody else, and counts nowhere.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { parseId } from "../../../src/core/ids.ts";
import { insertUser } from "../../../src/resources/auth/store.ts";
import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Message } from "../../../src/resources/messages/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign, makeSandbox } from "../../world/make-campaign.ts";

const ME = "sender@company.example";

let house: TestHouse;
let ask: Ask;
let campaign: Campaign;
let lead_id: string;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  await makeSandbox(ask, ME);
  campaign = await makeCampaign(ask, {
    steps: [
      { subject: "Hello {{ first_name }}", body: "Dear {{ first_name }}" },
      { body: "Again" },
    ],
  });
  const made = await ask<{ id: string }>("POST", "/leads", {
    email: "ada@lead.test",
    first_name: "Ada",
    campaign_id: campaign.id,
  });
  lead_id = made.data.id;
});
afterEach(async () => {
  await house.close();
});

const step = (at = 0) => campaign.steps[at]?.id ?? "";
const send = (body: object) => ask<Message>("POST", `/campaigns/${campaign.id}/test`, body);

interface Mail {
  raw: string;
}

test("it lands in the mailbox as the lead would get it, from a draft and at once", async () => {
  const { status, data } = await send({ step_id: step(), to: ME.toUpperCase() });
  expect(status).toBe(200);
  expect(data).toMatchObject({ kind: "test", state: "sent", lead_id: null, enrollment_id: null });
  const mails = await ask<{ id: string }[]>("GET", `/test/mailbox?to=${ME}`);
  expect(mails.data).toHaveLength(1);
  const mail = await ask<Mail>("GET", `/test/mailbox/${data.id}`);
  expect(mail.data.raw).toContain("Subject: Hello Ada\r\n");
  expect(mail.data.raw).toContain("Dear Ada");
});

test("it counts nowhere: no limit, no number, no event, nothing about the lead", async () => {
  const ledger = house.house.ledgers.all().find(({ mode }) => mode === "test");
  const rows = (sql: string) => ledger?.db.query<Record<string, unknown>, []>(sql).all();
  const look = () => [
    rows("SELECT day, subject, id, used FROM quotas"),
    rows("SELECT id, event FROM events"),
    rows("SELECT day, metric, n FROM counters"),
    rows("SELECT id, next_slot_at, failures, state FROM inboxes"),
    rows("SELECT id, mailed_at, state FROM leads"),
    rows("SELECT id, state, in_flight, inbox_id, step_id, due_at, sent_count FROM enrollments"),
    rows("SELECT id FROM messages WHERE slot_at IS NOT NULL OR quota_day IS NOT NULL"),
  ];
  const before = look();
  expect((await send({ step_id: step(1), to: ME, lead_id })).data.state).toBe("sent");
  expect(look()).toEqual(before);
  // And the lead gets its own mail all the same.
  await ask("POST", `/campaigns/${campaign.id}/resume`);
  await ask("POST", "/test/clock/advance", { by: "PT1M" });
  expect((await ask<unknown[]>("GET", "/test/mailbox?to=ada@lead.test")).data).toHaveLength(1);
});

test("it goes to own inboxes and to the account, and to no other address", async () => {
  for (const to of ["ada@lead.test", "not an address", "someone@else.example"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, error } = await send({ step_id: step(), to });
    expect([status, error.code, error.field]).toEqual([400, "invalid_field", "to"]);
  }
  house.control.write((tx) => insertUser(tx, { email: "me@home.example", password_hash: "" }));
  expect((await send({ step_id: step(), to: "me@home.example" })).data.state).toBe("sent");
});

test("it is not sent where a word is missing, and the lead to name is asked for", async () => {
  const bare = await ask<{ id: string }>("POST", "/leads", { email: "bare@lead.test" });
  const { status, error } = await send({ step_id: step(), to: ME, lead_id: bare.data.id });
  expect([status, error.field]).toEqual([400, "lead_id"]);
  expect(error.message).toContain("missing_variable: first_name");
  expect((await ask<unknown[]>("GET", "/messages?kind=test")).data).toEqual([]);
});

test("without an inbox that can send it is refused, and an archived campaign sends nothing", async () => {
  for (const id of campaign.inbox_ids) {
    // oxlint-disable-next-line no-await-in-loop -- one inbox
    await ask("POST", `/inboxes/${id}/pause`);
  }
  expect((await send({ step_id: step(), to: ME })).error.code).toBe("not_ready");
  await ask("DELETE", `/campaigns/${campaign.id}`);
  expect((await send({ step_id: step(), to: ME })).error.code).toBe("wrong_state");
});

test("nothing of an erased lead is left in the tests that were written as to them", async () => {
  const { data } = await send({ step_id: step(), to: ME, lead_id });
  expect((await ask("DELETE", `/leads/${lead_id}`)).status).toBe(204);
  const ledger = house.house.ledgers.all().find(({ mode }) => mode === "test");
  const kept = ledger?.db
    .query<{ subject: string; bytes: unknown }, [number]>(
      "SELECT subject, coalesce(text, html, bytes) AS bytes FROM messages WHERE id = ?",
    )
    .get(parseId("msg", data.id) ?? 0);
  expect(kept).toEqual({ subject: "Hello {{ first_name }}", bytes: null });
  expect((await ask<unknown[]>("GET", "/test/mailbox")).data).toEqual([]);
});
