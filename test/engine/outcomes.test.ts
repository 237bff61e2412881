// What becomes of a mail, a lead and an inbox after each answer that a server can give, or fail to give.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { findSuppression } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  openEngineRoom,
} from "../world/engine-room.ts";
import {
  portThatThrowsAfterTheDot,
  portThatThrowsBeforeTheDot,
  serverThatAnswersTheDotWith,
  serverThatCannotBeReached,
  serverThatDropsTheMailSilently,
  serverThatGreylists,
  serverThatNeverAnswersAfterTheDot,
  serverThatRefusesTheRecipient,
} from "../world/mail-vices.ts";

let room: EngineRoom;
let inbox = 0;
let campaign = 0;
let lead = 0;
beforeEach(() => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: "ana@sender.test" });
  campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P3D" }] }).id;
  lead = room.make.lead({ email: "lea@lead.test", campaign_id: campaign });
});
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const used = () =>
  room.ledger.db.query<{ n: number | null }, []>("SELECT sum(used) AS n FROM quotas").get()?.n ?? 0;

test("an accepted mail is sent, counted and followed by the next step", async () => {
  await room.run();
  expect(room.states()).toEqual(["sent"]);
  expect(room.events()).toEqual(["email.sent"]);
  expect(room.enrollment(lead)).toMatchObject({ sent_count: 1, in_flight: null, inbox_id: inbox });
  expect(room.lead(lead)).toMatchObject({ state: "in_sequence", mailed_at: room.clock.now() });
  await room.play(7 * DAY_MS);
  expect(room.world.takenBy("lea@lead.test")).toHaveLength(2);
  expect(room.enrollment(lead)).toMatchObject({ state: "completed", ended_by: "last_step" });
});

describe("a deferred mail", () => {
  test("goes again after a while, under the same Message-ID, and takes no quota while it waits", async () => {
    room.world.next(
      serverThatAnswersTheDotWith("451 4.3.0 try again later"),
      serverThatGreylists(),
    );
    await room.run();
    expect(room.states()).toEqual(["deferred"]);
    expect(used()).toBe(0);
    await room.play(2 * HOUR_MS);
    expect(room.messages()).toMatchObject([{ state: "sent", attempts: 3 }]);
    expect(room.world.taken).toHaveLength(1);
    expect(room.enrollment(lead).sent_count).toBe(1);
  });

  test("fails after 24 h, and the lead goes on with the next step", async () => {
    room.world.always(({ envelope }) =>
      room.clock.now() < room.enrollment(lead).created_at + 50 * HOUR_MS &&
      envelope.to === "lea@lead.test"
        ? serverThatGreylists()
        : {},
    );
    await room.play(2 * DAY_MS);
    expect(room.states()).toEqual(["failed"]);
    expect(used()).toBe(0);
    expect(room.events()).toEqual(["email.bounced.soft"]);
    expect(room.lead(lead)).toMatchObject({ state: "new", soft_bounces: 1 });
    await room.play(7 * DAY_MS);
    expect(room.states()).toEqual(["failed", "sent"]);
    expect(room.world.takenBy("lea@lead.test")).toHaveLength(1);
    expect(room.enrollment(lead)).toMatchObject({ state: "completed", sent_count: 1 });
  });

  test("never makes its lead skip a step, even if it is released a moment early", async () => {
    room.world.next(serverThatGreylists());
    await room.run();
    room.ledger.db.run("UPDATE enrollments SET blocked_until = NULL, blocked_by = NULL");
    room.ledger.db.run("UPDATE inboxes SET next_slot_at = 0");
    await room.run();
    expect(room.enrollment(lead)).toMatchObject({ state: "waiting" });
    await room.play(10 * DAY_MS);
    expect(room.world.taken).toHaveLength(2);
    expect(room.states()).toEqual(["sent", "sent"]);
  });
});

test("three deferrals for good in a row end the lead without suppressing it", async () => {
  const steps = [{}, { delay: "PT1H" }, { delay: "PT1H" }, { delay: "PT1H" }];
  const other = room.make.campaign({ inbox_ids: [inbox], steps });
  const full = room.make.lead({ email: "full@lead.test", campaign_id: other.id });
  room.world.always(({ envelope }) =>
    envelope.to === "full@lead.test" ? serverThatRefusesTheRecipient("552 5.2.2 Mailbox full") : {},
  );
  await room.play(5 * DAY_MS);
  expect(room.enrollment(full)).toMatchObject({ state: "stopped", ended_by: "bounced" });
  expect(room.lead(full)?.state).toBe("bounced");
  expect(findSuppression(room.ledger, room.ledger, "full@lead.test")).toBeNull();
});

describe("a mailbox that does not exist", () => {
  for (const vice of [serverThatRefusesTheRecipient, serverThatAnswersTheDotWith]) {
    test(`bounces and suppresses the lead (${vice.name})`, async () => {
      room.world.next(vice("550 5.1.1 The email account does not exist"));
      await room.play(7 * DAY_MS);
      expect(room.states()).toEqual(["failed"]);
      expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "bounced" });
      expect(room.lead(lead)?.state).toBe("bounced");
      expect(findSuppression(room.ledger, room.ledger, "lea@lead.test")).toMatchObject({
        reason: "bounced",
      });
      expect(room.events()).toEqual(["email.bounced.hard"]);
      expect(used()).toBe(0);
      expect(room.world.taken).toEqual([]);
    });
  }
});

describe("a sender's fault", () => {
  test("pauses the inbox with the server's words and leaves the lead untouched", async () => {
    room.world.next(
      serverThatAnswersTheDotWith("550 5.7.26 Unauthenticated mail from sender.test"),
    );
    await room.play(2 * DAY_MS);
    expect(room.inbox(inbox)?.state).toBe("paused");
    expect(room.inbox(inbox)?.state_reason).toContain("5.7.26");
    expect(room.lead(lead)).toMatchObject({ state: "new", soft_bounces: 0 });
    expect(room.enrollment(lead)).toMatchObject({ state: "waiting", sent_count: 0 });
    expect(findSuppression(room.ledger, room.ledger, "lea@lead.test")).toBeNull();
    expect(room.states()).toEqual(["queued"]);
    expect(used()).toBe(0);
    room.ledger.db.run("UPDATE inboxes SET state = 'active', state_reason = NULL");
    await room.play(5 * HOUR_MS);
    expect(room.states()).toEqual(["sent"]);
  });

  test("of the day's limit (5.4.5) lets the inbox wait for 24 h", async () => {
    room.world.next(serverThatAnswersTheDotWith("550 5.4.5 Daily user sending limit exceeded"));
    const began = room.clock.now();
    await room.play(23 * HOUR_MS);
    expect(room.inbox(inbox)).toMatchObject({ state: "active", retry_at: began + DAY_MS });
    expect(room.world.taken).toEqual([]);
    await room.play(4 * HOUR_MS);
    expect(room.world.taken[0]?.at).toBeGreaterThanOrEqual(began + DAY_MS);
    expect(room.lead(lead)?.state).toBe("in_sequence");
  });
});

describe("a server that cannot be reached", () => {
  test("costs the message nothing: it waits again and the inbox backs off", async () => {
    room.world.next(serverThatCannotBeReached());
    await room.run();
    expect(room.states()).toEqual(["queued"]);
    expect(used()).toBe(0);
    expect(room.inbox(inbox)).toMatchObject({ state: "active", failures: 1 });
    expect(room.inbox(inbox)?.retry_at).toBeGreaterThan(room.clock.now());
    await room.play(HOUR_MS);
    expect(room.states()).toEqual(["sent"]);
    expect(room.inbox(inbox)).toMatchObject({ failures: 0, retry_at: null });
  });

  test("is disconnected after three failures over five minutes, and told once", async () => {
    room.world.always(() => serverThatCannotBeReached());
    await room.play(4 * HOUR_MS);
    expect(room.inbox(inbox)?.state).toBe("disconnected");
    expect(room.inbox(inbox)?.failures).toBeGreaterThanOrEqual(3);
    expect(room.events()).toEqual(["inbox.disconnected"]);
    expect(room.states()).toEqual(["queued"]);
  });

  test("needs a login when it refuses this one", async () => {
    room.world.always(() => serverThatCannotBeReached("auth"));
    await room.play(4 * HOUR_MS);
    expect(room.inbox(inbox)?.state).toBe("needs_login");
  });

  test("does not count as failing in a row once it has answered, whatever the answer", async () => {
    room.world.next(serverThatCannotBeReached(), serverThatGreylists());
    await room.play(15 * MINUTE_MS);
    expect(room.messages()).toMatchObject([{ attempts: 2 }]);
    expect(room.inbox(inbox)?.failures).toBe(0);
  });

  test("fails a message that waited for days only after 24 h of deferrals", async () => {
    room.world.next(serverThatCannotBeReached());
    await room.run();
    room.ledger.db.run("UPDATE inboxes SET state = 'paused'");
    await room.play(2 * DAY_MS);
    room.ledger.db.run("UPDATE inboxes SET state = 'active'");
    room.world.next(serverThatGreylists());
    await room.play(2 * HOUR_MS);
    expect(room.states()).toEqual(["sent"]);
  });
});

describe("no answer after the dot", () => {
  test("is settled by the copy in Sent", async () => {
    room.world.next(serverThatNeverAnswersAfterTheDot());
    await room.run();
    await room.run();
    expect(room.messages()).toMatchObject([
      { state: "sent", response: "found in the Sent folder" },
    ]);
    expect(room.events()).toEqual(["email.sent"]);
    expect(room.enrollment(lead)).toMatchObject({ sent_count: 1, in_flight: null });
    expect(used()).toBeGreaterThan(0);
  });

  test("lets the sequence go on after 1 h, and stays in doubt for ever", async () => {
    room.world.next(serverThatDropsTheMailSilently());
    await room.play(59 * MINUTE_MS);
    expect(room.enrollment(lead)).toMatchObject({ sent_count: 0 });
    expect(room.enrollment(lead).in_flight).not.toBeNull();
    await room.play(2 * MINUTE_MS);
    expect(room.enrollment(lead)).toMatchObject({ sent_count: 1, in_flight: null });
    await room.play(7 * DAY_MS);
    expect(room.states()).toEqual(["uncertain", "sent"]);
    expect(room.world.taken).toHaveLength(1);
    expect(room.enrollment(lead)).toMatchObject({ state: "completed", sent_count: 2 });
    expect(room.events()).toEqual(["email.sent", "email.delivered"]);
  });

  test("is never tried again, not even by the next boot", async () => {
    room.world.next(serverThatDropsTheMailSilently());
    await room.play(3 * DAY_MS - HOUR_MS);
    expect(room.messages()).toMatchObject([{ state: "uncertain", attempts: 1 }]);
  });

  test("holds back nothing but its own lead", async () => {
    const other = room.make.lead({ email: "max@lead.test", campaign_id: campaign });
    room.world.next(serverThatDropsTheMailSilently());
    await room.play(30 * MINUTE_MS);
    expect(room.enrollment(other).sent_count).toBe(1);
  });
});

describe("a port that throws", () => {
  test("before the dot has sent nothing", async () => {
    room.world.next(portThatThrowsBeforeTheDot());
    await room.run();
    expect(room.states()).toEqual(["queued"]);
    expect(room.inbox(inbox)?.failures).toBe(1);
  });

  test("after the dot leaves a doubt", async () => {
    room.world.next({ ...portThatThrowsAfterTheDot(), takes: false });
    await room.run();
    expect(room.states()).toEqual(["uncertain"]);
  });
});
