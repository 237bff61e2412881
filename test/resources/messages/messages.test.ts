// What was sent, as the API shows it: messages, the events that report them, and the mails of test mode.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Event } from "../../../src/resources/events/schema.ts";
import type { Message } from "../../../src/resources/messages/schema.ts";
import type { SandboxMail } from "../../../src/resources/test/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

let house: TestHouse;
let ask: Ask;
let campaign: Campaign;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  campaign = await makeCampaign(ask, { status: "active" });
  for (const email of ["ada@a.test", "bob@b.test"]) {
    await ask("POST", "/leads", { email, first_name: "Zoë", campaign_id: campaign.id });
  }
  await ask("POST", "/test/clock/advance", { by: "P5D" });
});
afterEach(() => house.close());

test("messages are listed newest first, with their ids, state and Message-ID", async () => {
  const list = await ask<Message[]>("GET", "/messages");
  expect(list.data).toHaveLength(4);
  const [newest] = list.data;
  expect(newest).toMatchObject({
    object: "message",
    kind: "step",
    state: "sent",
    campaign_id: campaign.id,
    inbox_id: campaign.inbox_ids[0],
    step_id: campaign.steps[1]?.id,
    variant_id: null,
    subject: "Re: Hello",
  });
  expect(newest?.sent_at).toMatch(/^\d{4}-.*Z$/);
  expect(newest?.message_id).toMatch(/^<.+@company\.example>$/);
  expect((await ask<Message>("GET", `/messages/${newest!.id}`)).data).toEqual(newest!);
  const mine = await ask<Message[]>("GET", `/messages?lead_id=${newest!.lead_id}`);
  expect(mine.data).toHaveLength(2);
  expect((await ask<Message[]>("GET", "/messages?state=failed")).data).toEqual([]);
  expect(
    (await ask<Message[]>("GET", `/messages?campaign_id=${campaign.id}&limit=3`)).pagination
      .has_more,
  ).toBe(true);
  expect((await ask("GET", "/messages/msg_00000000007")).status).toBe(404);
});

test("a person settles a mail in doubt over the API, once, and the timeline says who did", async () => {
  const email = "uncertain@c.test";
  const lead = await ask<{ id: string }>("POST", "/leads", {
    email,
    first_name: "Ida",
    campaign_id: campaign.id,
  });
  await ask("POST", "/test/clock/advance", { by: "P1D" });
  const mine = () => ask<Message[]>("GET", `/messages?lead_id=${lead.data.id}`);
  const [doubt] = (await mine()).data;
  expect(doubt).toMatchObject({ state: "uncertain", sent_at: null });
  const path = `/messages/${doubt!.id}/resolve`;
  const again = await ask<Message>("POST", path, { as: "send_again" });
  expect(again.data).toMatchObject({ state: "queued", message_id: doubt!.message_id });
  expect(again.data.response).toContain("has it sent again");
  expect(await ask("POST", path, { as: "sent" })).toMatchObject({
    status: 409,
    error: { code: "not_uncertain" },
  });
  const timeline = await ask<{ kind: string; detail: object }[]>(
    "GET",
    `/leads/${lead.data.id}/timeline`,
  );
  expect(timeline.data[0]).toMatchObject({ kind: "email.resolved" });
  expect(JSON.stringify(timeline.data[0])).toContain('"by":"imk_test_');
  await ask("POST", "/test/clock/advance", { by: "P1D" });
  const copies = await ask<SandboxMail[]>("GET", `/test/mailbox?to=${email}`);
  expect(copies.data).toHaveLength(2);
  await ask("POST", path, { as: "sent" });
  expect((await mine()).data[0]).toMatchObject({ state: "sent", attempts: 2 });
});

test("the test mailbox has the bytes of every mail, and finds them by address", async () => {
  const all = await ask<SandboxMail[]>("GET", "/test/mailbox");
  expect(all.data).toHaveLength(4);
  const to_ada = await ask<SandboxMail[]>("GET", "/test/mailbox?to=ADA@a.test");
  expect(to_ada.data.map(({ subject }) => subject)).toEqual(["Re: Hello", "Hello"]);
  const [, first] = to_ada.data;
  expect(first).toMatchObject({
    object: "sandbox_mail",
    from: "sender@company.example",
    to: "ada@a.test",
  });
  expect(first?.text).toStartWith("Hi Zoë");
  const message = await ask<Message>("GET", `/messages/${first!.id}`);
  expect(first?.raw).toContain(`Message-ID: ${message.data.message_id}`);
  const paged = await ask<SandboxMail[]>("GET", "/test/mailbox?limit=3");
  const rest = await ask<SandboxMail[]>(
    "GET",
    `/test/mailbox?limit=3&cursor=${paged.pagination.next_cursor}`,
  );
  expect([...paged.data, ...rest.data].map(({ id }) => id)).toEqual(all.data.map(({ id }) => id));
});

test("events come oldest first, and the id of the last one seen is a cursor that misses nothing", async () => {
  const all = await ask<Event[]>("GET", "/events?limit=100");
  const ids = all.data.map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted());
  const sent = all.data.filter(({ event }) => event === "email.sent");
  expect(sent).toHaveLength(4);
  expect(sent[0]).toMatchObject({
    object: "event",
    mode: "test",
    version: "2026-11-21",
    data: {
      campaign_id: campaign.id,
      step_id: campaign.steps[0]?.id,
      inbox_id: campaign.inbox_ids[0],
    },
  });
  expect(sent[0]?.data).toMatchObject({ at: expect.stringMatching(/Z$/) });
  const after = await ask<Event[]>("GET", `/events?after=${ids[1]}&limit=100`);
  expect(after.data.map(({ id }) => id)).toEqual(ids.slice(2));
  const page = await ask<Event[]>("GET", "/events?limit=2");
  const next = await ask<Event[]>("GET", `/events?limit=2&cursor=${page.pagination.next_cursor}`);
  expect([...page.data, ...next.data].map(({ id }) => id)).toEqual(ids.slice(0, 4));
  const narrow = await ask<Event[]>(
    "GET",
    `/events?event=email.sent&lead_id=${sent[0]?.data.lead_id}`,
  );
  expect(narrow.data).toHaveLength(2);
  expect((await ask("GET", "/events?event=email.snet")).error.field).toBe("event");
  expect((await ask("GET", "/events?after=yesterday")).error.field).toBe("after");
});

test("a live key sees none of it", async () => {
  const askLive = askWith(house, "live");
  const { data } = await ask<Message[]>("GET", "/messages");
  expect((await askLive("GET", `/messages/${data[0]!.id}`)).status).toBe(404);
  expect((await askLive<Message[]>("GET", "/messages")).data).toEqual([]);
  expect((await askLive<Event[]>("GET", "/events")).data).toEqual([]);
});
