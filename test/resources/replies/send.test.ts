// Answers over the API: in test mode they land in the mailbox, and the same call twice is one mail.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { TimelineItem } from "../../../src/resources/leads/schema.ts";
import type { Message } from "../../../src/resources/messages/schema.ts";
import type { OpenReply, Reply } from "../../../src/resources/replies/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

const BO = "reply+interested@shop.test";

let house: TestHouse;
let ask: Ask;
let reply: Reply;
let inbox_id: string;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  const campaign = await makeCampaign(ask, { status: "active" });
  inbox_id = campaign.inbox_ids[0] ?? "";
  await ask("PATCH", `/inboxes/${inbox_id}`, { signature: "Ada Reed\nSender Ltd." });
  await ask("POST", "/leads", { email: BO, campaign_id: campaign.id });
  await ask("POST", "/test/clock/advance", { by: "P1D" });
  reply = (await ask<Reply[]>("GET", "/replies")).data[0]!;
});
afterEach(() => house.close());

const send = (body: object) => ask<Message>("POST", `/replies/${reply.id}/send`, body);
const rawOf = async (id: string) => {
  const { data } = await ask<{ raw: string }>("GET", `/test/mailbox/${id}`);
  return data.raw;
};

const detailOf = (detail: object | null, name: string): unknown =>
  Object.entries(detail ?? {}).find(([one]) => one === name)?.[1] ?? null;

test("it lands in the mailbox with the signature, and marks the reply as read", async () => {
  const { status, data } = await send({ body: "90 EUR a month." });
  expect(status).toBe(200);
  expect(data).toMatchObject({
    kind: "answer",
    state: "sent",
    inbox_id,
    lead_id: reply.lead_id,
    campaign_id: reply.campaign_id,
    step_id: null,
    subject: reply.subject,
  });
  const raw = await rawOf(data.id);
  expect(raw).toContain("90 EUR a month.\r\n\r\n--=20\r\nAda Reed\r\nSender Ltd.");
  const { data: open } = await ask<OpenReply>("GET", `/replies/${reply.id}`);
  expect(open.read).toBe(true);
  expect(open.thread.at(-1)).toMatchObject({
    id: data.id,
    kind: "answer",
    by: house.test_key.public_id,
  });
});

test("placeholders and spintax go as they were written; HTML goes with its text", async () => {
  const plain = await send({ body: "{{ first_name }} {a|b}" });
  expect(await rawOf(plain.data.id)).toContain("{{ first_name }} {a|b}");
  const html = await send({ body: "<p>90 <b>EUR</b></p>" });
  const raw = await rawOf(html.data.id);
  expect(raw).toContain("multipart/alternative");
  expect(raw).toContain("<b>EUR</b>");
});

test("with an Idempotency-Key the same call twice is one mail", async () => {
  const body = JSON.stringify({ body: "Once." });
  const post = () =>
    house.request(`/v1/replies/${reply.id}/send`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${house.test_key.key}`,
        "content-type": "application/json",
        "content-length": String(body.length),
        "idempotency-key": "one-answer",
      },
      body,
    });
  const [one, other] = [await post(), await post()];
  expect(other.headers.get("idempotent-replayed")).toBe("true");
  expect(await one.text()).toBe(await other.text());
  expect((await ask<Message[]>("GET", "/messages?kind=answer")).data).toHaveLength(1);
});

test("what cannot be sent is refused with what to do, and nothing is kept of it", async () => {
  expect((await send({ body: "" })).error.field).toBe("body");
  expect((await send({ body: "Hi", cc: "x@y.test" })).error.code).toBe("unknown_field");
  await ask("POST", "/suppressions", { value: BO });
  const refused = await send({ body: "Hi" });
  expect([refused.status, refused.error.code]).toEqual([409, "lead_suppressed"]);
  expect((await send({ body: "Hi", despite_suppression: true })).data.state).toBe("sent");
  await ask("POST", `/inboxes/${inbox_id}/pause`);
  expect((await send({ body: "Hi", despite_suppression: true })).error.code).toBe("wrong_state");
  expect((await ask("POST", "/replies/rpl_00000000000/send", { body: "Hi" })).status).toBe(404);
  expect((await ask<Message[]>("GET", "/messages?kind=answer")).data).toHaveLength(1);
});

test("a lead's timeline has mails, replies, answers, corrections and pauses with who did them", async () => {
  await send({ body: "90 EUR a month." });
  await ask("PATCH", `/replies/${reply.id}`, { category: "question" });
  await ask("POST", `/leads/${reply.lead_id}/resume`);
  await ask("POST", `/leads/${reply.lead_id}/pause`);
  await ask("POST", `/leads/${reply.lead_id}/stop`);
  const { data } = await ask<TimelineItem[]>("GET", `/leads/${reply.lead_id}/timeline?limit=100`);
  const by = house.test_key.public_id;
  const story = data
    .toReversed()
    .map(({ object, kind, detail }) => [object, kind, detailOf(detail, "by")]);
  expect(story.filter(([, kind]) => kind !== "email.delivered")).toEqual([
    ["message", "sent", null],
    ["event", "email.sent", null],
    ["reply", "reply", null],
    ["event", "reply.received", null],
    ["event", "reply.classified", null],
    ["message", "sent", by],
    ["event", "reply.answered", by],
    ["event", "reply.classified", by],
    ["event", "lead.resumed", by],
    ["event", "lead.paused", by],
    ["event", "lead.stopped", by],
  ]);
  const words = data.filter(({ object }) => object !== "event").map(({ text }) => text);
  expect(words.every((text) => text !== null && text !== "")).toBe(true);
  const answer = data.find(({ detail }) => detailOf(detail, "kind") === "answer");
  expect(answer?.text).toContain("90 EUR a month.");
});
