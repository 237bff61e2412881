// Invariant 2: nothing is sent after a reply, unsubscribe, bounce, suppression, pause or delete was committed.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import {
  archiveCampaign,
  pauseCampaign,
  resumeCampaign,
} from "../../src/resources/campaigns/actions.ts";
import { hold } from "../../src/resources/enrollments/store.ts";
import { pauseInbox, takeSlot } from "../../src/resources/inboxes/store.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { absenceOf, answerTo, mailFrom, reportOn } from "../world/inbound-mails.ts";
import { serverThatIsSlow } from "../world/mail-vices.ts";

let room: EngineRoom;
let inbox = 0;
let campaign = 0;
let lead = 0;
beforeEach(async () => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: "ana@sender.test" });
  const steps = [{}, { delay: "PT2H" }, { delay: "P1D" }];
  campaign = room.make.campaign({ inbox_ids: [inbox], steps }).id;
  lead = room.make.lead({ email: "lea@lead.test", campaign_id: campaign });
  await room.run();
  room.clock.moveBy(2 * HOUR_MS);
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const first = () => ({
  from: "ana@sender.test",
  to: "lea@lead.test",
  message_id: room.world.taken[0]?.message_id ?? "",
});

/** A mail comes in and is read, while another one is on its way out. */
async function read(bytes: Uint8Array): Promise<void> {
  room.world.deliver("ana@sender.test", bytes);
  const other = room.takeDesk();
  await other.runDue();
}

/** Lets `stop` come while the second mail's body is written, before its dot. */
async function stopMidway(stop: () => void | Promise<void>): Promise<void> {
  let stopped = 0;
  room.world.next(
    serverThatIsSlow(async () => {
      await stop();
      stopped++;
    }),
  );
  await room.desk.runDue();
  expect(stopped).toBe(1);
}

describe("while a mail is held before its dot, nothing is delivered after", () => {
  const ends: Record<string, { stop: () => void | Promise<void>; ended_by: string }> = {
    "a reply": {
      stop: () => read(answerTo(first(), "Sounds good, tell me more.")),
      ended_by: "replied",
    },
    "an unsubscribe in words": {
      stop: () => read(answerTo(first(), "Please unsubscribe me.")),
      ended_by: "unsubscribed",
    },
    "a bounce": {
      stop: () =>
        read(
          reportOn({
            to: first().from,
            recipient: first().to,
            message_id: first().message_id,
          }),
        ),
      ended_by: "bounced",
    },
    "a delete": { stop: () => eraseLead(room.ledger, lead), ended_by: "erased" },
    "an archived campaign": {
      stop: () => archiveCampaign(room.ledger, campaign),
      ended_by: "archived",
    },
  };
  for (const [name, { stop, ended_by }] of Object.entries(ends)) {
    test(`${name} ends the enrollment and cancels the mail for good`, async () => {
      await stopMidway(stop);
      expect(room.world.taken).toHaveLength(1);
      expect(room.states()).toEqual(["sent", "cancelled"]);
      await room.play(5 * DAY_MS);
      expect(room.world.taken).toHaveLength(1);
      expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by });
    });
  }

  for (const [kind, value] of [
    ["address", "lea@lead.test"],
    ["domain", "lead.test"],
  ] as const) {
    test(`a suppressed ${kind} is never mailed again`, async () => {
      await stopMidway(() => {
        room.ledger.write((tx) =>
          suppress(room.ledger, tx, {
            kind,
            value,
            reason: "manual",
            source: "api",
            evidence: null,
          }),
        );
      });
      expect(room.states()).toEqual(["sent", "queued"]);
      await room.play(5 * DAY_MS);
      expect(room.world.taken).toHaveLength(1);
      expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "suppressed" });
    });
  }

  test("a paused campaign cancels nothing, and its mail goes once it is resumed", async () => {
    await stopMidway(() => pauseCampaign(room.ledger, campaign));
    await room.play(2 * HOUR_MS);
    expect(room.world.taken).toHaveLength(1);
    expect(room.states()).toEqual(["sent", "queued"]);
    resumeCampaign(room.ledger, campaign);
    await room.play(HOUR_MS);
    expect(room.states()).toEqual(["sent", "sent"]);
  });

  test("a paused inbox cancels nothing either", async () => {
    await stopMidway(() =>
      room.ledger.write((tx) => pauseInbox(tx, inbox, { by: "api", reason: "holiday" })),
    );
    await room.play(2 * HOUR_MS);
    expect(room.world.taken).toHaveLength(1);
    room.ledger.db.run("UPDATE inboxes SET state = 'active'");
    await room.play(HOUR_MS);
    expect(room.world.taken).toHaveLength(2);
  });

  test("an absence holds the lead", async () => {
    await stopMidway(() => read(absenceOf(first(), "I am away.")));
    expect(room.world.taken).toHaveLength(1);
    expect(room.enrollment(lead)).toMatchObject({ state: "held", in_flight: null });
    await room.play(20 * DAY_MS);
    expect(room.world.taken).toHaveLength(3);
  });

  test("the end of the window sends it back until the next one", async () => {
    await stopMidway(() => room.clock.moveBy(6 * HOUR_MS));
    expect(room.world.taken).toHaveLength(1);
    expect(room.states()).toEqual(["sent", "queued"]);
    await room.play(18 * HOUR_MS);
    expect(room.states()).toEqual(["sent", "sent"]);
    expect(room.world.taken[1]?.at).toBe(Date.UTC(2026, 9, 20, 7));
  });

  test("an inbox that was not read for five minutes lets no follow-up go", async () => {
    await stopMidway(() => room.clock.moveBy(5 * 60_000 + 1));
    expect(room.world.taken).toHaveLength(1);
    await room.play(HOUR_MS);
    expect(room.world.taken).toHaveLength(2);
  });
});

test("a stop between two held mails takes only its own out of the group", async () => {
  const second = room.make.inbox({ email: "ben@sender.test" });
  const other = room.make.campaign({ inbox_ids: [second] });
  const max = room.make.lead({ email: "max@lead.test", campaign_id: other.id });
  // The first mail waits in the group for the second, which is slow; the stop comes in between.
  room.world.next(
    {},
    serverThatIsSlow(() => {
      expect(room.states().filter((state) => state === "claimed")).toHaveLength(2);
      eraseLead(room.ledger, lead);
    }),
  );
  await room.run();
  expect(room.world.takenBy("lea@lead.test")).toHaveLength(1);
  expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "erased" });
  expect(room.enrollment(max)).toMatchObject({ state: "completed" });
});

test("a mail that is past its dot is counted, and the stopped lead gets no more", async () => {
  room.world.next({ after_dot: { outcome: "unclear", response: "" }, takes: false });
  await room.desk.runDue();
  await read(answerTo(first(), "Tell me more."));
  await room.play(5 * DAY_MS);
  expect(room.states()).toEqual(["sent", "uncertain"]);
  expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "replied" });
});

test("a deferred mail of a lead that was held meanwhile waits with it", async () => {
  room.world.next({
    after_dot: {
      outcome: "deferred",
      response: "451 4.3.0 later",
      code: 451,
      enhanced: "4.3.0",
      after_dot: true,
    },
    takes: false,
  });
  await room.desk.runDue();
  room.ledger.write((tx) => hold(tx, room.enrollment(lead).id, room.clock.now() + DAY_MS));
  await room.play(DAY_MS - HOUR_MS);
  expect(room.world.taken).toHaveLength(1);
  room.ledger.write((tx) => takeSlot(tx, inbox, 0));
  await room.play(4 * DAY_MS);
  expect(room.states()).toEqual(["sent", "sent", "sent"]);
});

test("a human reply to one campaign pauses the others, an opt-out ends them all", async () => {
  const other = room.make.campaign({ inbox_ids: [inbox], steps: [{}], lead_cooldown: "PT1H" });
  room.ledger.write((tx) =>
    tx.db.run(
      `INSERT INTO enrollments (id, campaign_id, lead_id, state, step_id, due_at, zone, zone_basis, created_at, updated_at)
       VALUES (${tx.id()}, ${other.id}, ${lead}, 'waiting', ${other.step_ids[0]}, ${tx.now}, 'Europe/Berlin', 'lead', 1, 1)`,
    ),
  );
  await stopMidway(() => read(answerTo(first(), "What does it cost?")));
  await room.play(3 * DAY_MS);
  expect(room.world.taken).toHaveLength(1);
  expect(room.enrollment(lead, 1)).toMatchObject({
    state: "paused",
    paused_by: "replied_elsewhere",
  });
  await read(answerTo(first(), "Please take me off your list."));
  expect(room.enrollment(lead, 1)).toMatchObject({ state: "stopped", ended_by: "unsubscribed" });
});

test("an opt-out is obeyed while the campaign is paused", async () => {
  pauseCampaign(room.ledger, campaign);
  await read(mailFrom({ from: "lea@lead.test", to: "ana@sender.test" }, "Please unsubscribe me."));
  expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "unsubscribed" });
  resumeCampaign(room.ledger, campaign);
  await room.play(3 * DAY_MS);
  expect(room.world.taken).toHaveLength(1);
});
