// What proves that a mail arrived: a report, a reaction, or six hours without a bounce. Each mail is told of once.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { auditOf } from "../world/audit.ts";
import { type EngineRoom, HOUR_MS, MINUTE_MS, openEngineRoom } from "../world/engine-room.ts";
import { absenceOf, answerTo, reportOn } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
let room: EngineRoom;
beforeEach(async () => {
  room = openEngineRoom();
  const inbox = room.make.inbox({ email: ANA });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P30D" }] });
  room.make.lead({ email: LEA, campaign_id: campaign.id });
  await room.run();
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const evidence = () =>
  room.ledger.db
    .query<{ evidence: string; created_at: number }, []>(
      "SELECT detail ->> 'evidence' AS evidence, created_at FROM events WHERE event = 'email.delivered'",
    )
    .all();
const sent = () => ({ from: ANA, to: LEA, message_id: room.world.taken[0]?.message_id ?? "" });
const read = async (bytes: Uint8Array) => {
  room.clock.moveBy(MINUTE_MS);
  room.world.deliver(ANA, bytes);
  await room.run();
};

test("no bounce for six hours, told at that instant", async () => {
  const at = room.clock.now();
  await room.play(6 * HOUR_MS - 1);
  expect(evidence()).toEqual([]);
  await room.play(HOUR_MS);
  expect(evidence()).toEqual([{ evidence: "no_bounce", created_at: at + 6 * HOUR_MS }]);
});

test("an answer or an absence comes first, and nothing is told twice", async () => {
  await read(absenceOf(sent(), "I am out of the office."));
  await read(answerTo(sent(), "Here I am."));
  await room.play(12 * HOUR_MS);
  expect(evidence().map((one) => one.evidence)).toEqual(["engaged"]);
});

test("a report, however often it comes", async () => {
  const report = { to: ANA, recipient: LEA, message_id: sent().message_id };
  for (let turn = 0; turn < 3; turn++)
    await read(reportOn({ ...report, action: "delivered", status: "2.0.0", words: "250 ok" }));
  await room.play(12 * HOUR_MS);
  expect(evidence().map((one) => one.evidence)).toEqual(["dsn"]);
});

test("nothing of a mail that came back, nor while nobody can know", async () => {
  room.world.failReading("connect");
  room.clock.moveBy(7 * HOUR_MS);
  room.desk.round();
  expect(evidence()).toEqual([]);
  room.world.failReading(null);
  await read(reportOn({ to: ANA, recipient: LEA, message_id: sent().message_id }));
  await room.play(12 * HOUR_MS);
  expect(evidence()).toEqual([]);
});
