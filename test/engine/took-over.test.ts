// "You took over": who writes to a lead from a mail client is not contradicted by a machine.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { auditOf } from "../world/audit.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  openEngineRoom,
} from "../world/engine-room.ts";
import { mailFrom } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
let room: EngineRoom;
let inbox = 0;
let lead = 0;

const open = async (options: Parameters<typeof openEngineRoom>[0] = {}) => {
  room = openEngineRoom(options);
  inbox = room.make.inbox({ email: ANA, provider: "smtp" });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P1D" }] });
  lead = room.make.lead({ email: LEA, campaign_id: campaign.id });
  await room.run();
  room.clock.moveBy(MINUTE_MS);
};
beforeEach(() => open());
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const byHand = (to = LEA, headers: Record<string, string> = {}) =>
  mailFrom({ from: ANA, to, subject: "A personal word", headers }, "Dear Lea, it is me.");
const file = async (bytes: Uint8Array) => {
  room.world.deliver(ANA, bytes, { folder: "Sent" });
  await room.run();
};
const took = () =>
  room.ledger.db
    .query(
      "SELECT id FROM events WHERE event = 'lead.paused' AND detail ->> 'by' = 'you_took_over'",
    )
    .all().length;

test("a mail that the user writes to an active lead pauses that lead, before its follow-up", async () => {
  room.clock.moveBy(DAY_MS);
  await file(byHand());
  expect(room.enrollment(lead)).toMatchObject({ state: "paused", paused_by: "you_took_over" });
  await room.play(10 * DAY_MS);
  expect(room.world.taken).toHaveLength(1);
  expect(took()).toBe(1);
});

test("a copy of it and a hidden copy count, too, and every campaign of the lead pauses", async () => {
  const other = room.make.campaign({ inbox_ids: [inbox] });
  const max = room.make.lead({ email: "max@lead.test", campaign_id: other.id });
  await file(byHand("someone@else.test", { Cc: LEA, Bcc: "Max <max@lead.test>" }));
  for (const id of [lead, max])
    expect(room.enrollment(id)).toMatchObject({ paused_by: "you_took_over" });
  expect(took()).toBe(2);
});

test("nothing of that mail is kept", async () => {
  await file(byHand());
  expect(room.ledger.db.query("SELECT id FROM replies").all()).toEqual([]);
  const detail = room.ledger.db
    .query("SELECT detail FROM events WHERE event = 'lead.paused'")
    .all();
  expect(detail).toEqual([{ detail: '{"by":"you_took_over"}' }]);
});

test("it pauses once: who is resumed by hand goes on, over new numbers of the server too", async () => {
  await file(byHand());
  room.ledger.db.run(
    "UPDATE enrollments SET state = 'waiting', paused_by = NULL WHERE state = 'paused'",
  );
  room.world.resetUids(ANA, "Sent");
  await room.run();
  await file(byHand("nobody@else.test"));
  expect(room.enrollment(lead).state).toBe("waiting");
  expect(took()).toBe(1);
});

describe("it is no taking over", () => {
  const harmless: Record<string, () => Uint8Array> = {
    "what imail sent": () => room.world.taken[0]?.bytes ?? Buffer.alloc(0),
    "a copy of it under another Message-ID": () =>
      byHand(LEA, { "X-Imail-Id": room.world.taken[0]?.imail_id ?? "" }),
    "what a machine answered": () => byHand(LEA, { "Auto-Submitted": "auto-replied" }),
    "a mail to somebody else": () => byHand("mum@family.test"),
  };
  for (const [what, bytes] of Object.entries(harmless)) {
    test(what, async () => {
      await file(bytes());
      expect(room.enrollment(lead).state).toBe("waiting");
      expect(took()).toBe(0);
    });
  }

  test("a header that only claims to be ours", async () => {
    await file(byHand(LEA, { "X-Imail-Id": "msg_00000000001" }));
    expect(took()).toBe(1);
  });

  test("what was written before the inbox was there", async () => {
    room.world.deliver("ben@sender.test", byHand(), { folder: "Sent" });
    room.world.arrive();
    room.make.inbox({ email: "ben@sender.test", provider: "smtp" });
    await room.run();
    expect(took()).toBe(0);
  });

  test("our own copies, where the provider files none or gives another Message-ID", async () => {
    for (const options of [{ files_sent: false }, { rewrites_ids: true }]) {
      room.close();
      await open(options);
      await room.play(2 * DAY_MS);
      expect(room.world.folderOf(ANA, "Sent").mails.length).toBeGreaterThan(0);
      expect(took()).toBe(0);
      expect(room.enrollment(lead).state).toBe("completed");
    }
  });
});

test("a lead that has ended stays as it is", async () => {
  await room.play(3 * DAY_MS);
  expect(room.enrollment(lead).state).toBe("completed");
  await file(byHand());
  expect(took()).toBe(0);
});

test("a broken session loses no such mail", async () => {
  room.world.deliver(ANA, byHand(), { folder: "Sent" });
  for (let commands = 0; commands < 12; commands++) {
    room.world.breakReadingAfter(commands);
    await room.run().catch(() => undefined);
    room.clock.moveBy(HOUR_MS / 60);
  }
  room.world.breakReadingAfter(null);
  await room.run();
  expect(took()).toBe(1);
});
