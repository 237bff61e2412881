// One inbox for all mailboxes: what came back is listed, read, corrected and attached; a person's word stands.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { formatId, parseId } from "../../../src/core/ids.ts";
import type { Lead } from "../../../src/resources/leads/schema.ts";
import type { OpenReply, Reply } from "../../../src/resources/replies/schema.ts";
import { insertReply } from "../../../src/resources/replies/store.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

const BO = "reply+interested@shop.test";
const CY = "reply+question@store.test";

let house: TestHouse;
let ask: Ask;
let campaign_id: string;
let inbox_id: string;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
  const campaign = await makeCampaign(ask, { status: "active" });
  campaign_id = campaign.id;
  inbox_id = campaign.inbox_ids[0] ?? "";
  for (const email of [BO, CY, "ooo@away.test"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ask("POST", "/leads", { email, campaign_id });
  }
  await ask("POST", "/test/clock/advance", { by: "P2D" });
});
afterEach(() => house.close());

const list = async (query = "") => (await ask<Reply[]>("GET", `/replies${query}`)).data;
const replyOf = async (email: string) => (await list()).find(({ from }) => from === email)!;
const leadOf = async (email: string) =>
  (await ask<Lead[]>("GET", `/leads?email=${encodeURIComponent(email)}`)).data[0]!;
const unread = async () =>
  (await ask<{ unread_replies: number }>("GET", `/inboxes/${inbox_id}`)).data.unread_replies;
const patch = (id: string, body: object) => ask<OpenReply>("PATCH", `/replies/${id}`, body);
const eventsOf = async (event: string) =>
  (await ask<{ data: Record<string, unknown> }[]>("GET", `/events?event=${event}`)).data;

/** The envelope of a mail that may be an answer, and the mail where it lies. */
function listUntracked(text: string, sender = "boss@shop.test"): string {
  const ledger = house.test_ledger;
  const inbox = parseId("inb", inbox_id) ?? 0;
  return ledger.write((tx) => {
    const bytes = Buffer.from(
      `From: <${sender}>\r\nTo: <sender@company.example>\r\nSubject: Re: Hello\r\nMessage-ID: <u1@shop.test>\r\n\r\n${text}\r\n`,
    );
    const place = { inbox_id: inbox, folder: "INBOX", sender, recipient: "sender@company.example" };
    const { uid } = tx.db
      .query<{ uid: number }, [number]>(
        "SELECT coalesce(max(uid), 0) + 1 AS uid FROM sandbox_mails WHERE inbox_id = ? AND folder = 'INBOX'",
      )
      .get(inbox)!;
    tx.db
      .query(
        "INSERT INTO sandbox_mails (id, inbox_id, folder, uid, sender, recipient, bytes, arrives_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(tx.id(), place.inbox_id, place.folder, uid, sender, place.recipient, bytes, tx.now);
    const id = insertReply(tx, {
      kind: "reply",
      category: null,
      confidence: null,
      source: null,
      evidence: null,
      matched_by: "untracked",
      inbox_id: inbox,
      lead_id: null,
      campaign_id: null,
      message_id: null,
      sender,
      subject: "Re: Hello",
      text: "",
      header_id: "u1@shop.test",
      return_date: null,
      enhanced_status: null,
      fault: null,
      received_at: tx.now,
    });
    tx.db
      .query("UPDATE replies SET folder = 'INBOX', uidvalidity = 1, uid = ? WHERE id = ?")
      .run(uid, id);
    return formatId("rpl", id);
  });
}

describe("the list", () => {
  test("is newest first and has what the mail is, whose it is and what decided", async () => {
    const rows = await list();
    expect(rows.map(({ id }) => id)).toEqual(
      rows
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    const bo = await replyOf(BO);
    expect(bo).toMatchObject({
      object: "reply",
      kind: "reply",
      from: BO,
      matched_by: "message_id",
      campaign_id,
      inbox_id,
      read: false,
    });
    expect(bo.text).toContain("That sounds good");
    expect(bo.lead_id).toBe((await leadOf(BO)).id);
  });

  test.each([
    ["?kind=auto_reply", ["ooo@away.test"]],
    ["?category=out_of_office", ["ooo@away.test"]],
    ["?q=SOUNDS%20good", [BO]],
    ["?untracked=true", []],
    ["?campaign_id=cmp_00000000000", []],
    ["?inbox_id=inb_00000000000", []],
  ])("is filtered by %s", async (query, senders) => {
    expect((await list(query)).map(({ from }) => from)).toEqual(senders);
  });

  test("is filtered by lead, by what is read, and paged in both ways", async () => {
    const bo = await replyOf(BO);
    expect(await list(`?lead_id=${bo.lead_id}`)).toHaveLength(1);
    await patch(bo.id, { read: true });
    expect((await list("?unread=false")).map(({ id }) => id)).toEqual([bo.id]);
    expect(await list("?unread=true")).toHaveLength(2);
    await patch(bo.id, { read: false });
    expect(await list("?unread=true")).toHaveLength(3);
    const first = await ask<Reply[]>("GET", "/replies?limit=2");
    const second = await ask<Reply[]>(
      "GET",
      `/replies?limit=2&cursor=${first.pagination.next_cursor}`,
    );
    expect([first.data.length, second.data.length]).toEqual([2, 1]);
    const counted = await ask<Reply[]>("GET", "/replies?page=2&limit=2");
    expect(counted.pagination).toMatchObject({ page: 2, total: 3, pages: 2 });
  });

  test("is counted for each inbox, as far as nobody has read it", async () => {
    expect(await unread()).toBe(3);
    await patch((await replyOf(BO)).id, { read: true });
    expect(await unread()).toBe(2);
  });

  test("refuses what it does not know", async () => {
    expect((await ask("GET", "/replies?category=nice")).error.field).toBe("category");
    expect((await ask("GET", "/replies?unread=1")).error.field).toBe("unread");
  });
});

test("a reply is shown with its thread, ours and theirs in order, as text", async () => {
  const bo = await replyOf(BO);
  const { data } = await ask<OpenReply>("GET", `/replies/${bo.id}`);
  expect(data.thread.map(({ object }) => object)).toEqual(["message", "reply"]);
  expect(data.thread[0]).toMatchObject({ kind: "step", state: "sent", id: bo.message_id! });
  expect(data.thread[0]?.text).toContain("Hi");
  expect(data.thread[1]).toMatchObject({ id: bo.id, from: BO, text: bo.text });
});

describe("a correction", () => {
  test("stands beside the machine's word, and the lead follows it", async () => {
    const bo = await replyOf(BO);
    const { data } = await patch(bo.id, { category: "not_interested" });
    expect(data).toMatchObject({
      category: "not_interested",
      machine_category: bo.machine_category,
      source: "person",
      confidence: 1,
      unsure: false,
    });
    expect((await leadOf(BO)).status).toBe("not_interested");
    await patch(bo.id, { category: "interested" });
    expect((await leadOf(BO)).status).toBe("interested");
    await patch(bo.id, { category: "other" });
    expect((await leadOf(BO)).status).toBe("in_sequence");
    expect((await list("?category=other")).map(({ id }) => id)).toEqual([bo.id]);
    const told = await eventsOf("reply.classified");
    expect(told.at(-1)?.data).toMatchObject({
      reply_id: bo.id,
      category: "other",
      by: house.test_key.public_id,
    });
  });

  test("to what it is already changes and tells nothing", async () => {
    const bo = await replyOf(BO);
    await patch(bo.id, { category: "question" });
    const before = (await eventsOf("reply.classified")).length;
    await patch(bo.id, { category: "question" });
    expect(await eventsOf("reply.classified")).toHaveLength(before);
  });

  test("to an opt-out suppresses at once, and taking it back lifts nothing", async () => {
    const cy = await replyOf(CY);
    await patch(cy.id, { category: "unsubscribe_request" });
    expect((await leadOf(CY)).status).toBe("unsubscribed");
    expect((await eventsOf("lead.unsubscribed")).at(-1)?.data).toMatchObject({ source: "person" });
    expect(await list("?kind=unsubscribe")).toHaveLength(1);
    const back = await patch(cy.id, { category: "interested" });
    expect(back.data).toMatchObject({ kind: "reply", category: "interested" });
    expect((await leadOf(CY)).status).toBe("unsubscribed");
    const again = await ask("POST", "/leads", { email: CY });
    expect(again.error.code).toMatch(/lead_(exists|suppressed)/);
    expect((await ask<unknown[]>("GET", "/suppressions")).data).toHaveLength(1);
  });

  test("of an absence that was an answer stops the sequence, as the answer would have", async () => {
    const away = await replyOf("ooo@away.test");
    expect((await leadOf("ooo@away.test")).campaigns[0]?.state).toBe("held");
    const before = (await eventsOf("reply.received")).length;
    const { data } = await patch(away.id, { category: "interested" });
    expect(data.kind).toBe("reply");
    const lead = await leadOf("ooo@away.test");
    expect(lead.campaigns[0]).toMatchObject({ state: "stopped", ended_by: "replied" });
    expect(lead.status).toBe("interested");
    expect(await eventsOf("reply.received")).toHaveLength(before + 1);
  });

  test("of a bounce is refused: its codes say what it is", async () => {
    await ask("POST", "/leads", { email: "bounce+hard@gone.test", campaign_id });
    await ask("POST", "/test/clock/advance", { by: "P1D" });
    const [bounce] = await list("?kind=hard_bounce");
    const { status, error } = await patch(bounce?.id ?? "", { category: "interested" });
    expect([status, error.code]).toEqual([409, "wrong_state"]);
  });

  test("is held against If-Match", async () => {
    const bo = await replyOf(BO);
    const { headers } = await ask("GET", `/replies/${bo.id}`);
    const change = (etag: string) =>
      house.request(`/v1/replies/${bo.id}`, {
        method: "PATCH",
        headers: {
          authorization: `Bearer ${house.test_key.key}`,
          "content-type": "application/json",
          "content-length": "13",
          "if-match": etag,
        },
        body: '{"read":true}',
      });
    expect((await change(headers.get("etag") ?? "")).status).toBe(200);
    expect((await change(headers.get("etag") ?? "")).status).toBe(412);
  });
});

describe("an untracked mail", () => {
  test("is listed by its envelope; its words are fetched when it is opened and stored nowhere", async () => {
    const id = listUntracked("I am Bo's boss, zzsecret words.");
    expect((await list()).map((one) => one.id)).not.toContain(id);
    const [row] = await list("?untracked=true");
    expect(row).toMatchObject({ id, text: null, lead_id: null, matched_by: "untracked" });
    const { data } = await ask<OpenReply>("GET", `/replies/${id}`);
    expect(data.text).toContain("zzsecret");
    expect(data.thread).toEqual([]);
    const kept = house.test_ledger.db
      .query<{ text: string }, []>("SELECT text FROM replies WHERE matched_by = 'untracked'")
      .all();
    expect(kept).toEqual([{ text: "" }]);
  });

  test("that is gone from its mailbox is shown without words", async () => {
    const id = listUntracked("Soon gone.");
    house.test_ledger.write((tx) => tx.db.run("DELETE FROM sandbox_mails WHERE folder = 'INBOX'"));
    const { status, data } = await ask<OpenReply>("GET", `/replies/${id}`);
    expect([status, data.text]).toEqual([200, null]);
  });

  test("can be attached to a lead, and then stops its sequence", async () => {
    await ask("POST", "/leads", { email: "quiet@shop.test", campaign_id });
    await ask("POST", "/test/clock/advance", { by: "PT2H" });
    const lead = await leadOf("quiet@shop.test");
    const id = listUntracked("Tell me more.");
    const { data } = await patch(id, { lead_id: lead.id });
    expect(data).toMatchObject({ lead_id: lead.id, campaign_id, text: "Tell me more." });
    expect(data.thread).toHaveLength(2);
    expect((await leadOf("quiet@shop.test")).campaigns[0]).toMatchObject({
      state: "stopped",
      ended_by: "replied",
    });
    const other = await patch(id, { lead_id: (await leadOf(BO)).id });
    expect([other.status, other.error.code]).toEqual([409, "wrong_state"]);
    expect(await list("?untracked=true")).toEqual([]);
  });

  test("whose words ask for no more mail is heard when it is attached", async () => {
    const id = listUntracked("Please unsubscribe me.");
    const cy = await leadOf(CY);
    const { data } = await patch(id, { lead_id: cy.id });
    expect(data).toMatchObject({ kind: "unsubscribe", category: "unsubscribe_request" });
    expect((await leadOf(CY)).status).toBe("unsubscribed");
  });

  test("is attached by the mail that it answers, and to nothing that is not there", async () => {
    const id = listUntracked("Tell me more.");
    const bo = await replyOf(BO);
    const wrong = await patch(id, { message_id: bo.message_id, lead_id: (await leadOf(CY)).id });
    expect(wrong.error.field).toBe("message_id");
    expect((await patch(id, { lead_id: "lead_00000000000" })).error.field).toBe("lead_id");
    expect((await patch(id, { category: "interested" })).error.code).toBe("wrong_state");
    const { data } = await patch(id, { message_id: bo.message_id, read: true });
    expect(data).toMatchObject({ message_id: bo.message_id, lead_id: bo.lead_id, read: true });
  });
});

test("hostile words are text in JSON and nothing else", async () => {
  const id = listUntracked("<script>alert(1)</script> \u2028 tell me more");
  const { data, headers } = await patch(id, { lead_id: (await leadOf(BO)).id });
  expect(headers.get("content-type")).toStartWith("application/json");
  expect(data.text).toContain("<script>");
});

test("Invariant 8: an erased lead's replies, answers and untracked envelopes are gone", async () => {
  const bo = await replyOf(BO);
  await ask("POST", `/replies/${bo.id}/send`, { body: "Hello zzanswer" });
  const untracked = listUntracked("zzuntracked", BO);
  await ask("DELETE", `/leads/${bo.lead_id}`);
  expect((await ask("GET", `/replies/${bo.id}`)).status).toBe(404);
  expect((await ask("GET", `/replies/${untracked}`)).status).toBe(404);
  const { db } = house.test_ledger;
  const cells = db
    .query<{ text: string | null; subject: string }, []>(
      "SELECT text, subject FROM messages WHERE kind = 'answer'",
    )
    .all();
  expect(cells).toEqual([{ text: null, subject: "" }]);
});
