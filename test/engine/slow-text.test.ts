// A text that took too long to write says as much of the machine as of the text: its lead waits an hour and not a year.
import { afterEach, beforeEach, expect, test } from "bun:test";

import { claimStep } from "../../src/engine/send/claim.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";

let room: EngineRoom;
let lead = 0;
let inbox = 0;
beforeEach(() => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: "ana@sender.test" });
  const campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}] });
  lead = room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
});
afterEach(() => room.close());

const waitAfter = (blocked_by: string) => {
  claimStep(room.ledger, room.enrollment(lead).id, inbox, () => ({ ok: false, blocked_by }));
  return (room.enrollment(lead).blocked_until ?? 0) - room.clock.now();
};

test("a mail that took too long to write is made within the hour, by itself", async () => {
  expect(waitAfter("internal_error: template render limit exceeded")).toBe(HOUR_MS);
  await room.play(2 * HOUR_MS);
  expect(room.world.taken).toHaveLength(1);
});

test("a mail that cannot be written waits for somebody", () => {
  expect(waitAfter("missing_render: the text is longer than 256 KB")).toBeGreaterThan(300 * DAY_MS);
});
