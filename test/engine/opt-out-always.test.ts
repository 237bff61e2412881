// An opt-out by mail needs no public URL and no running campaign: it works while everything stands still, and it is for
// the whole workspace, at once.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { unsubscribeAddress, unsubscribeToken } from "../../src/core/threading.ts";
import { archiveEnrollments } from "../../src/resources/enrollments/actions.ts";
import { findSuppression } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, MINUTE_MS, openEngineRoom } from "../world/engine-room.ts";
import { answerTo, mailFrom } from "../world/inbound-mails.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
let room: EngineRoom;
let inbox = 0;
let campaign = 0;
beforeEach(async () => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: ANA });
  ({ id: campaign } = room.make.campaign({
    inbox_ids: [inbox],
    steps: [{}, { delay: "P1D" }],
  }));
  room.make.lead({ email: LEA, campaign_id: campaign });
  await room.run();
  room.clock.moveBy(MINUTE_MS);
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const states: Record<string, () => void> = {
  "every campaign is paused": () =>
    room.ledger.db.run("UPDATE campaigns SET state = 'paused', paused_by = 'api'"),
  "its campaign is archived": () => {
    room.ledger.db.run("UPDATE campaigns SET state = 'archived', archived_at = 1");
    room.ledger.write((tx) => archiveEnrollments(room.ledger, tx, campaign));
  },
  "its inbox is paused": () => room.ledger.db.run("UPDATE inboxes SET state = 'paused'"),
  "its inbox cannot send": () => room.ledger.db.run("UPDATE inboxes SET state = 'disconnected'"),
  "two years have gone by": () => {
    room.ledger.db.run("UPDATE enrollments SET state = 'paused', paused_by = 'api'");
    room.clock.moveBy(730 * DAY_MS);
  },
};
const id = () => room.messages()[0]?.id ?? 0;
const sent = () => ({ from: ANA, to: LEA, message_id: room.world.taken[0]?.message_id ?? "" });
const ways: Record<string, () => Uint8Array> = {
  "by the mailto of List-Unsubscribe, from another address": () =>
    mailFrom(
      {
        from: "phone@other.test",
        to: unsubscribeAddress(ANA, id(), room.ledger.keys.token),
        subject: "unsubscribe",
      },
      "",
    ),
  "by its subject, where the server knows no plus addresses": () =>
    mailFrom(
      {
        from: LEA,
        to: ANA,
        subject: `unsubscribe u-${unsubscribeToken(id(), room.ledger.keys.token)}`,
      },
      "",
    ),
  "by STOP": () => answerTo(sent(), "STOP\n\nOn Monday Ana wrote:\n> Hello Lea"),
};
for (const [state, make] of Object.entries(states)) {
  for (const [way, bytes] of Object.entries(ways)) {
    test(`${way}, while ${state}`, async () => {
      make();
      room.world.deliver(ANA, bytes());
      await room.run();
      expect(findSuppression(room.ledger, room.ledger, LEA)).toMatchObject({
        reason: "unsubscribed",
      });
      expect(room.events().filter((event) => event === "lead.unsubscribed")).toHaveLength(1);
    });
  }
}

test("a lead that asks twice is told of once", async () => {
  room.world.deliver(ANA, answerTo(sent(), "STOP"));
  room.world.deliver(ANA, answerTo(sent(), "Unsubscribe!"));
  await room.run();
  expect(room.events().filter((event) => event === "lead.unsubscribed")).toHaveLength(1);
});
