// Asking what a reply would mean, and teaching imail better: at once, in one workspace, and without keeping a word.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { Ledger } from "../../../src/ledger/ledger.ts";
import { eraseLead } from "../../../src/resources/leads/actions.ts";
import {
  forgetMeaning,
  judgeReply,
  learnMeaning,
  meaningPrecision,
} from "../../../src/resources/meanings/actions.ts";
import { askWith } from "../../world/ask.ts";
import { DAY_MS, type EngineRoom, openEngineRoom } from "../../world/engine-room.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { answerTo } from "../../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
const ODD = "Tja, mal gucken was der Zzchef dazu meint, ist ja sein Geld.";

interface Classification {
  category: string;
  unsure: boolean;
  source: string;
  text: string;
  evidence: { text: string; start: number; end: number } | null;
}

let room: EngineRoom;
let house: TestHouse | null = null;
let lead = 0;
beforeEach(async () => {
  room = openEngineRoom();
  const inbox = room.make.inbox({ email: ANA });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P1D" }] });
  lead = room.make.lead({ email: LEA, campaign_id: campaign.id });
  await room.run();
});
afterEach(async () => {
  room.close();
  await house?.close();
  house = null;
});

const replies = (ledger: Ledger) =>
  ledger.db
    .query<Record<string, unknown> & { id: number; text: string }, []>(
      "SELECT id, kind, category, confidence, unsure, source, evidence, evidence_start, evidence_end, text FROM replies ORDER BY id",
    )
    .all();

async function answered(text: string): Promise<Record<string, unknown> & { id: number }> {
  const message_id = room.world.taken[0]?.message_id ?? "";
  room.world.deliver(ANA, answerTo({ from: ANA, to: LEA, message_id }, text));
  await room.run();
  const reply = replies(room.ledger).at(-1);
  if (!reply) throw new Error("no reply was stored");
  return reply;
}

const teach = (reply_id: number, text: string, category: "not_now" | "interested") =>
  room.ledger.write((tx) =>
    learnMeaning(room.ledger, tx, { reply_id, text, subject: "Re: hi", category }),
  );

test("a reply is stored with its meaning and the words that decided", async () => {
  const reply = await answered("Hi Ana.\nThanks, but we are not interested.");
  expect(reply).toMatchObject({
    kind: "reply",
    category: "not_interested",
    source: "rule",
    unsure: 0,
    evidence: "Thanks, but we are not interested.",
  });
  expect(
    String(reply["text"]).slice(Number(reply["evidence_start"]), Number(reply["evidence_end"])),
  ).toBe(String(reply["evidence"]));
  const told = room.ledger.db
    .query<{ detail: string }, []>("SELECT detail FROM events WHERE event = 'reply.classified'")
    .get();
  expect(JSON.parse(told?.detail ?? "{}")).toMatchObject({
    category: "not_interested",
    source: "rule",
    unsure: false,
  });
});

test("a correction is learnt at once, and taken back at once", async () => {
  const { id } = await answered(ODD);
  const before = judgeReply(room.ledger, ODD, "");
  teach(id, ODD, "not_now");
  expect(judgeReply(room.ledger, ODD, "").category).toBe("not_now");
  room.ledger.write((tx) => forgetMeaning(room.ledger, tx, id));
  expect(judgeReply(room.ledger, ODD, "")).toEqual(before);
});

test("five hundred corrections teach, and the oldest go first", () => {
  room.ledger.write((tx) => {
    for (let n = 1; n <= 510; n++) {
      const text = `${ODD} Nummer ${n} von vielen, die alle etwas anders klingen.`;
      learnMeaning(room.ledger, tx, { reply_id: n, text, subject: "", category: "not_now" });
    }
  });
  expect(judgeReply(room.ledger, ODD, "").category).toBe("not_now");
  const { n } = room.ledger.db.query("SELECT count(*) AS n FROM meaning_corrections").get() as {
    n: number;
  };
  expect(n).toBe(500);
}, 60_000);

test("a person's word on an opt-out teaches nothing about opt-outs", async () => {
  const text = "Please remove me from your list.";
  teach(1, text, "interested");
  expect(judgeReply(room.ledger, text, "").category).toBe("unsubscribe_request");
  expect(meaningPrecision(room.ledger).by_category).toEqual([]);
});

test("the precision is that of the owner's own corrections", async () => {
  expect(meaningPrecision(room.ledger)).toMatchObject({ judged: 0, precision: null });
  const { id } = await answered("Thanks, but we are not interested.");
  teach(id, "Thanks, but we are not interested.", "not_now");
  expect(meaningPrecision(room.ledger)).toEqual({
    judged: 1,
    corrected: 1,
    precision: 0,
    by_category: [{ category: "not_interested", confirmed: 0, corrected: 1 }],
  });
});

test("an erased lead leaves nothing of what its replies have taught (Invariant 8)", async () => {
  const { id } = await answered(ODD);
  teach(id, ODD, "not_now");
  const kept = room.ledger.db.query("SELECT * FROM meaning_corrections").all();
  expect(JSON.stringify(kept).toLowerCase()).not.toContain("zzchef");
  eraseLead(room.ledger, lead);
  expect(room.ledger.db.query("SELECT * FROM meaning_corrections").all()).toEqual([]);
  expect(judgeReply(room.ledger, ODD, "").source).not.toBe("person");
  await room.play(DAY_MS);
});

test("over the API a text is classified, its quote is cut, and nothing is stored", async () => {
  house = await openTestHouse();
  const ask = askWith(house, "test");
  const text =
    "Call me on Tuesday, please.\n\nOn Mon, 2 Nov 2026 at 10:00, Ana <ana@sender.test> wrote:\n> unsubscribe here";
  const { status, data } = await ask<Classification>("POST", "/replies/classify", { text });
  expect(status).toBe(200);
  expect(data).toMatchObject({
    object: "classification",
    category: "meeting_requested",
    unsure: false,
    text: "Call me on Tuesday, please.",
    evidence: { text: "Call me on Tuesday, please.", start: 0, end: 27 },
  });
  expect(replies(house.test_ledger)).toEqual([]);
  const optout = await ask<Classification>("POST", "/replies/classify", {
    text: "",
    subject: "unsubscribe",
  });
  expect(optout.data).toMatchObject({
    category: "unsubscribe_request",
    source: "rule",
    evidence: null,
  });
});
