// Mails that come in on the caller's word: they are read like any other, have their effect, and the answer says how
// they were judged.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Lead } from "../../../src/resources/leads/schema.ts";
import type { Message } from "../../../src/resources/messages/schema.ts";
import type { ReceivedReply, SandboxMail } from "../../../src/resources/test/schema.ts";
import { type Answer, type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../../world/inbound-mails.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

const LEA = "lea@lead.example";
const FROM = "sender@company.example";

let house: TestHouse;
let ask: Ask;
let inbox_id: string;
let answered: { from: string; to: string; message_id: string };
let message: Message;

beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  const campaign = await makeCampaign(ask, { status: "active" });
  inbox_id = campaign.inbox_ids[0]!;
  await ask("POST", "/leads", { email: LEA, campaign_id: campaign.id });
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  message = (await ask<Message[]>("GET", "/messages")).data[0]!;
  answered = { from: FROM, to: LEA, message_id: message.message_id.slice(1, -1) };
});
afterEach(() => house.close());

async function receive(
  bytes: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Answer<ReceivedReply>> {
  const answer = await house.request("/v1/test/inbound", {
    method: "POST",
    headers: {
      authorization: `Bearer ${house.test_key.key}`,
      "content-type": "message/rfc822",
      "content-length": String(bytes.length),
      "x-inbox-id": inbox_id,
      ...headers,
    },
    body: new Uint8Array(bytes),
  });
  return { status: answer.status, ...((await answer.json()) as object) } as Answer<ReceivedReply>;
}

const leadOf = async (email: string) =>
  (await ask<Lead[]>("GET", `/leads?email=${encodeURIComponent(email)}`)).data[0];

test("an answer stops the sequence, as if IMAP had delivered it", async () => {
  const { status, data } = await receive(
    answerTo(
      answered,
      "Sounds good!\n\nOn Mon, 2 Nov 2026 at 10:00, Sender <sender@company.example> wrote:\n> Hi there",
    ),
  );
  expect(status).toBe(200);
  expect(data).toMatchObject({
    object: "reply",
    outcome: "taken",
    kind: "reply",
    from: LEA,
    subject: "Re: Hello Lea",
    text: "Sounds good!",
    matched_by: "message_id",
    message_id: message.id,
    lead_id: message.lead_id,
    campaign_id: message.campaign_id,
    inbox_id,
  });
  expect(data.id).toMatch(/^rpl_/);
  await ask("POST", "/test/clock/advance", { by: "P10D" });
  expect((await ask<SandboxMail[]>("GET", "/test/mailbox")).data).toHaveLength(1);
  expect((await leadOf(LEA))?.campaigns[0]).toMatchObject({
    state: "stopped",
    ended_by: "replied",
  });
});

describe("what it is judged to be", () => {
  test("an absence with its return date", async () => {
    const return_date = new Date(house.test_ledger.clock.now() + 10 * 86_400_000)
      .toISOString()
      .slice(0, 10);
    const words = `I am out of the office and back on ${return_date}.`;
    const { data } = await receive(absenceOf(answered, words));
    expect(data).toMatchObject({ kind: "auto_reply", category: "out_of_office", return_date });
  });

  test("a bounce of the mailbox, with its code", async () => {
    const { data } = await receive(
      reportOn({ to: FROM, recipient: LEA, message_id: answered.message_id }),
    );
    expect(data).toMatchObject({
      kind: "hard_bounce",
      enhanced_status: "5.1.1",
      fault: "mailbox",
      matched_by: "report",
      lead_id: message.lead_id,
    });
    expect((await leadOf(LEA))?.status).toBe("bounced");
  });

  test("a fault of the sender, which never touches the lead", async () => {
    const words = "550 5.7.26 Unauthenticated mail is not accepted";
    const report = { to: FROM, recipient: LEA, message_id: answered.message_id };
    const { data } = await receive(reportOn({ ...report, status: "5.7.26", words }));
    expect(data).toMatchObject({ kind: "soft_bounce", fault: "sender" });
    expect((await leadOf(LEA))?.status).toBe("in_sequence");
    expect((await ask<{ status: string }>("GET", `/inboxes/${inbox_id}`)).data.status).toBe(
      "paused",
    );
  });

  test("an opt-out, with the words that say so", async () => {
    const { data } = await receive(answerTo(answered, "Please unsubscribe me."));
    expect(data).toMatchObject({ kind: "unsubscribe", category: "unsubscribe_request" });
    expect(data.evidence).toContain("unsubscribe");
    expect((await leadOf(LEA))?.status).toBe("unsubscribed");
  });

  test("nobody's mail, of which nothing is kept", async () => {
    const private_mail = mailFrom({ from: "friend@elsewhere.example", to: FROM }, "Lunch?");
    const { data } = await receive(private_mail);
    expect(data).toMatchObject({
      id: null,
      outcome: "untracked",
      kind: "reply",
      text: "Lunch?",
      matched_by: null,
      lead_id: null,
      message_id: null,
    });
  });

  test("I6: a report that names no mail of ours suppresses nobody", async () => {
    const { data } = await receive(
      reportOn({ to: FROM, recipient: LEA, message_id: "forged.0000@company.example" }),
    );
    expect(data).toMatchObject({ outcome: "untracked", kind: "hard_bounce", lead_id: null });
    expect((await leadOf(LEA))?.status).toBe("in_sequence");
  });
});

test("the same mail twice has its effect once", async () => {
  const mail = answerTo(answered, "Sounds good!");
  expect((await receive(mail)).data.outcome).toBe("taken");
  expect((await receive(mail)).data).toMatchObject({
    outcome: "repeated",
    id: null,
    lead_id: message.lead_id,
  });
  const events = await ask<unknown[]>("GET", "/events?event=reply.received");
  expect(events.data).toHaveLength(1);
});

test("mails that have yet to arrive keep their turn", async () => {
  await ask("POST", "/leads", {
    email: "reply+interested@lead.test",
    campaign_id: message.campaign_id,
  });
  await ask("POST", "/test/clock/advance", { by: "PT1H" });
  expect((await receive(answerTo(answered, "Sounds good!"))).data.outcome).toBe("taken");
  await ask("POST", "/test/clock/advance", { by: "P1D" });
  const replies = await ask<unknown[]>("GET", "/events?event=reply.received");
  expect(replies.data).toHaveLength(2);
});

test("a first mail that comes before the inbox was ever read is not taken for old post", async () => {
  const { data } = await ask<{ id: string }>("POST", "/inboxes", {
    email: "new@company.example",
    provider: "sandbox",
  });
  const mail = mailFrom({ from: "a@b.example", to: "new@company.example" }, "Hello");
  const received = await receive(mail, { "x-inbox-id": data.id });
  expect(received.data).toMatchObject({ outcome: "untracked", inbox_id: data.id });
});

test("what cannot be delivered is refused with the place that is wrong", async () => {
  const mail = mailFrom({ from: "a@b.example", to: FROM }, "Hello");
  const wrong = await receive(mail, { "x-inbox-id": "lea" });
  expect([wrong.status, wrong.error.field]).toEqual([400, "X-Inbox-Id"]);
  expect((await receive(mail, { "x-inbox-id": "inb_00000000007" })).status).toBe(404);
  expect((await receive(mail, { "content-type": "application/json" })).status).toBe(415);
  expect((await receive(new Uint8Array())).status).toBe(400);
  const live = await receive(mail, { authorization: `Bearer ${house.key.key}` });
  expect([live.status, live.error.code]).toEqual([403, "scope_missing"]);
});

test("anything at all can be delivered: it is judged and breaks nothing", async () => {
  for (const bytes of [
    Buffer.from("no mail at all"),
    Buffer.from([0, 255, 254, 13, 10, 13, 10, 0]),
    Buffer.from(`From: <${LEA}>\r\n`.repeat(2000)),
    Buffer.from(`Content-Type: multipart/mixed; boundary=x\r\n\r\n${"--x\r\n".repeat(5000)}`),
  ]) {
    const { status, data } = await receive(bytes);
    expect(status).toBe(200);
    expect(["untracked", "taken", "repeated"]).toContain(data.outcome);
  }
});
