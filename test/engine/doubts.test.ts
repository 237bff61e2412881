// Mails in doubt: how long and how often evidence is looked for, and what a person may say about them.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import { type Resolution, resolveDoubt } from "../../src/engine/send/resolve.ts";
import { findAliasOf } from "../../src/resources/messages/aliases.store.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  openEngineRoom,
} from "../world/engine-room.ts";
import { answerTo, reportOn } from "../world/inbound-mails.ts";
import {
  serverThatDropsTheMailSilently,
  serverThatNeverAnswersAfterTheDot,
} from "../world/mail-vices.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
let room: EngineRoom;
let inbox = 0;
let lead = 0;
let campaign = 0;

function openRoom(options: Parameters<typeof openEngineRoom>[0], steps: object[]): void {
  room = openEngineRoom(options);
  inbox = room.make.inbox({ email: ANA, provider: "microsoft" });
  campaign = room.make.campaign({ inbox_ids: [inbox], steps }).id;
  lead = room.make.lead({ email: LEA, campaign_id: campaign });
}
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const id = (at = 0) => room.messages()[at]?.id ?? 0;
const resolve = (as: Resolution["as"], at = 0) =>
  resolveDoubt(room.ledger, id(at), { as, by: "imk_live_a" });
const used = () =>
  room.ledger.db
    .query<{ n: number }, []>(
      "SELECT used AS n FROM quotas WHERE subject = 'inbox' ORDER BY day DESC",
    )
    .get()?.n ?? 0;
const code = (work: () => void): string => {
  try {
    work();
  } catch (error) {
    return error instanceof Error && "code" in error
      ? `${String(error.code)}: ${error.message}`
      : String(error);
  }
  return "nothing was thrown";
};

/** Minutes after the first look at which the Sent folder was searched, as long as the mailbox is read each minute. */
async function looksWithin(minutes: number): Promise<number[]> {
  const at: number[] = [];
  for (let minute = 0; minute <= minutes; minute++) {
    const before = room.world.searches.length;
    await room.run();
    if (room.world.searches.length > before) at.push(minute);
    room.clock.moveBy(MINUTE_MS);
  }
  return at;
}

/** The Message-ID under which the first mail really went out. */
const wire = () => {
  const [first] = room.world.taken;
  if (!first) throw new Error("nothing was sent");
  return room.world.wireIdOf(first);
};

describe("a doubt is looked up", () => {
  beforeEach(() => {
    openRoom({ files_sent: false }, [{}]);
    room.world.next(serverThatDropsTheMailSilently());
  });

  test("after 1, 2, 5, 10 and 30 minutes, then hourly", async () => {
    await room.run();
    expect(await looksWithin(240)).toEqual([1, 3, 8, 18, 48, 108, 168, 228]);
  });

  test("at once when its mailbox was lost and is back", async () => {
    await room.run();
    await looksWithin(20);
    room.ledger.db.run("UPDATE inboxes SET read_failures = 3");
    expect(await looksWithin(5)).toEqual([0, 1, 3]);
  });

  test("daily after a day, and never given up", async () => {
    await room.run();
    await looksWithin(60);
    for (let hour = 0; hour < 48; hour++) {
      room.clock.moveBy(HOUR_MS);
      await room.run();
    }
    const before = room.world.searches.length;
    for (let hour = 0; hour < 72; hour++) {
      room.clock.moveBy(HOUR_MS);
      await room.run();
    }
    // Three searches a look: our header, our id, and the one that outlook.com moves it to.
    expect((room.world.searches.length - before) / 3).toBeWithin(3, 5);
    expect(room.states()[0]).toBe("uncertain");
  });
});

describe("a person says that a mail in doubt", () => {
  beforeEach(async () => {
    openRoom({ files_sent: false }, [{}, { delay: "P3D" }]);
    room.world.next(serverThatDropsTheMailSilently());
    await room.run();
    expect(room.states()).toEqual(["uncertain"]);
  });

  test("was sent: it counts, and the sequence goes on from when it went out", async () => {
    resolve("sent");
    expect(room.states()).toEqual(["sent"]);
    expect(room.events()).toEqual(["email.sent", "email.resolved"]);
    expect(room.enrollment(lead)).toMatchObject({ sent_count: 1, in_flight: null });
    expect(used()).toBe(1);
  });

  test("was sent, after the sequence has gone on: it counts, and goes on once only", async () => {
    await room.play(2 * HOUR_MS);
    const { due_at, sent_count } = room.enrollment(lead);
    resolve("sent");
    expect(room.enrollment(lead)).toMatchObject({ due_at, sent_count });
    expect(room.events()).toEqual(["email.sent", "email.resolved"]);
  });

  test("never went out: its place is free again and the next step follows", async () => {
    resolve("failed");
    expect(room.states()).toEqual(["failed"]);
    expect(room.events()).toEqual(["email.resolved"]);
    expect(used()).toBe(0);
    expect(room.enrollment(lead)).toMatchObject({ sent_count: 0, in_flight: null });
    await room.play(4 * DAY_MS);
    expect(room.states()).toEqual(["failed", "sent"]);
  });

  test("is to go again: through every gate, under the same Message-ID, and once", async () => {
    const [lost] = room.world.lost;
    resolve("send_again");
    expect(room.states()).toEqual(["queued"]);
    expect(used()).toBe(0);
    room.ledger.db.run("UPDATE campaigns SET state = 'paused'");
    await room.play(HOUR_MS);
    expect(room.world.taken).toEqual([]);
    room.ledger.db.run("UPDATE campaigns SET state = 'active'");
    await room.play(HOUR_MS);
    expect(room.world.taken.map(({ message_id }) => message_id)).toEqual([lost?.message_id ?? ""]);
    expect(room.states()).toEqual(["sent"]);
    expect(room.enrollment(lead)).toMatchObject({ sent_count: 1 });
    await room.play(4 * DAY_MS);
    expect(room.states()).toEqual(["sent", "sent"]);
    expect(room.world.taken).toHaveLength(2);
  });

  test("is to go again, after the sequence has gone on: back to its step, and the next one after it", async () => {
    await room.play(DAY_MS);
    expect(room.enrollment(lead)).toMatchObject({ sent_count: 1, in_flight: null });
    resolve("send_again");
    expect(room.enrollment(lead)).toMatchObject({
      sent_count: 0,
      last_sent_at: null,
      inbox_id: inbox,
    });
    await room.play(HOUR_MS);
    expect(room.states()).toEqual(["sent"]);
    await room.play(5 * DAY_MS);
    expect(room.world.taken).toHaveLength(2);
    expect(room.enrollment(lead)).toMatchObject({ state: "completed", sent_count: 2 });
  });

  test("is to go again, and a reply to the first copy comes first: nothing more goes out", async () => {
    const [lost] = room.world.lost;
    resolve("send_again");
    room.world.deliver(
      ANA,
      answerTo({ from: ANA, to: LEA, message_id: lost?.message_id ?? "" }, "Sounds good."),
    );
    await room.play(5 * DAY_MS);
    expect(room.world.taken).toEqual([]);
    expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "replied" });
  });

  test("is to go again, and a mail from the lead without any id comes first: nothing more goes out", async () => {
    resolve("send_again");
    room.clock.moveBy(MINUTE_MS);
    room.world.deliver(
      ANA,
      answerTo({ from: ANA, to: LEA, message_id: "x@elsewhere.test" }, "Yes please."),
    );
    await room.play(5 * DAY_MS);
    expect(room.world.taken).toEqual([]);
  });

  test("cannot go again once a later step went out, the lead is suppressed or has ended", async () => {
    await room.play(5 * DAY_MS);
    expect(room.states()).toEqual(["uncertain", "sent"]);
    expect(code(() => resolve("send_again"))).toContain(
      "cannot_send_again: The sequence has gone on",
    );
    room.ledger.write((tx) =>
      suppress(room.ledger, tx, {
        kind: "address",
        value: LEA,
        reason: "unsubscribed",
        source: "api",
        evidence: null,
      }),
    );
    expect(code(() => resolve("send_again"))).toContain("suppression list");
    room.ledger.db.run("UPDATE enrollments SET state = 'stopped', ended_by = 'replied'");
    expect(code(() => resolve("send_again"))).toContain("has ended (replied)");
    expect(room.states()).toEqual(["uncertain", "sent"]);
    expect(room.events().filter((event) => event !== "email.delivered")).toEqual(["email.sent"]);
  });

  test("is settled once: the second word is refused and changes nothing", () => {
    resolve("sent");
    for (const as of ["sent", "failed", "send_again"] as const)
      expect(code(() => resolve(as))).toContain("not_uncertain: The message is sent");
    expect(room.events()).toEqual(["email.sent", "email.resolved"]);
  });
});

test("the only step of a campaign can go again after the lead was through with it", async () => {
  openRoom({ files_sent: false }, [{}]);
  room.world.next(serverThatDropsTheMailSilently());
  await room.play(2 * HOUR_MS);
  expect(room.enrollment(lead)).toMatchObject({ state: "completed" });
  resolve("send_again");
  await room.play(HOUR_MS);
  expect(room.states()).toEqual(["sent"]);
  expect(room.world.taken).toHaveLength(1);
  expect(room.enrollment(lead)).toMatchObject({ state: "completed", sent_count: 1 });
});

describe("a provider that puts its own Message-ID in place of ours", () => {
  beforeEach(() => openRoom({ rewrites_ids: true }, [{}, { delay: "P1D" }]));
  test("is found out by the copy in Sent, and follow-ups refer to the id that went out", async () => {
    await room.run();
    await room.run();
    expect(room.inbox(inbox)).toMatchObject({ rewrites_ids: true });
    expect(findAliasOf(room.ledger, id())).toBe(wire());
    await room.play(3 * DAY_MS);
    const follow_up = Buffer.from(room.world.taken[1]?.bytes ?? []).toString();
    expect(follow_up.replace(/\r\n\s+/g, " ")).toContain(`In-Reply-To: <${wire()}>`);
    expect(findAliasOf(room.ledger, id(1))).not.toBeNull();
  });

  test("its id is known before the first answer is read, and the answer is matched by it", async () => {
    await room.run();
    const from_home = answerTo({ from: ANA, to: "lea.home@gmail.com", message_id: wire() }, "Yes!");
    room.world.deliver(ANA, from_home);
    await room.run();
    expect(room.enrollment(lead)).toMatchObject({ state: "paused", paused_by: "possible_reply" });
    room.world.deliver(ANA, answerTo({ from: ANA, to: LEA, message_id: wire() }, "Yes!"));
    await room.run();
    expect(room.events()).toContain("reply.received");
  });

  test("a report that names only that id is known, too", async () => {
    await room.run();
    room.world.deliver(ANA, reportOn({ to: ANA, recipient: LEA, message_id: wire() }));
    await room.run();
    expect(room.enrollment(lead)).toMatchObject({ state: "stopped", ended_by: "bounced" });
  });

  test("a doubt is settled by that copy, and its id is learnt from it", async () => {
    room.world.next(serverThatNeverAnswersAfterTheDot());
    await room.run();
    await room.run();
    expect(room.states()).toEqual(["sent"]);
    expect(findAliasOf(room.ledger, id())).toBe(wire());
  });
});

describe("a provider that keeps our Message-ID", () => {
  test("is asked once, and again after a month", async () => {
    openRoom({}, [{}]);
    await room.run();
    await room.run();
    expect(room.inbox(inbox)).toMatchObject({ rewrites_ids: false });
    const before = room.world.searches.length;
    for (let i = 0; i < 5; i++) room.make.lead({ email: `l${i}@lead.test`, campaign_id: campaign });
    await room.play(DAY_MS);
    expect(room.world.taken).toHaveLength(6);
    expect(room.world.searches).toHaveLength(before);
    room.make.lead({ email: "late@lead.test", campaign_id: campaign });
    room.clock.moveBy(35 * DAY_MS);
    await room.play(2 * HOUR_MS);
    expect(room.world.searches.length).toBeGreaterThan(before);
  });

  test("and files no copies is not asked for ever", async () => {
    openRoom({ files_sent: false }, [{}]);
    for (let minute = 0; minute < 60; minute++) {
      await room.run();
      room.clock.moveBy(MINUTE_MS);
    }
    expect(room.inbox(inbox)?.rewrites_ids).toBe(false);
    expect(findAliasOf(room.ledger, id())).toBeNull();
  });
});
