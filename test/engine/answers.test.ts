// A person answers a reply: at once and by hand, in its thread, through the same commit point as every mail, and never twice.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sendAnswer } from "../../src/engine/send/answer.ts";
import { pauseInbox } from "../../src/resources/inboxes/store.ts";
import { eraseLead } from "../../src/resources/leads/actions.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { auditOf } from "../world/audit.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";
import { answerTo } from "../world/inbound-mails.ts";
import {
  serverThatAnswersTheDotWith,
  serverThatCannotBeReached,
  serverThatDropsTheMailSilently,
  serverThatIsSlow,
  serverThatNeverAnswersAfterTheDot,
} from "../world/mail-vices.ts";

const ANA = "ana@sender.test";
const LEA = "lea@lead.test";
let room: EngineRoom;
let inbox = 0;
let campaign = 0;
let lead = 0;
let reply_id = 0;

async function open(path?: string, stop_on_reply = true): Promise<void> {
  room = openEngineRoom(path === undefined ? {} : { path });
  inbox = room.make.inbox({ email: ANA, min_gap_seconds: 0, hourly_limit: 3 });
  const steps = [{}, { delay: "P1D" }, { delay: "P1D" }];
  campaign = room.make.campaign({ inbox_ids: [inbox], steps, stop_on_reply }).id;
  lead = room.make.lead({ email: LEA, campaign_id: campaign });
  await room.run();
  const message_id = room.world.takenBy(LEA)[0]?.message_id ?? "";
  room.world.deliver(ANA, answerTo({ from: ANA, to: LEA, message_id }, "What does it cost?"));
  await room.run();
  reply_id = room.ledger.db.query<{ id: number }, []>("SELECT id FROM replies").get()?.id ?? 0;
}
beforeEach(() => open());
afterEach(() => {
  expect(auditOf(room.ledger)).toEqual([]);
  room.close();
});

const newId = () => room.ledger.write((tx) => tx.id());
const answer = (
  more: { despite_suppression?: boolean; message_id?: number; html?: boolean } = {},
) =>
  sendAnswer(room.ledger, room.desk, {
    message_id: newId(),
    reply_id,
    by: "imk_live_a",
    body: "90 EUR.",
    html: false,
    despite_suppression: false,
    ...more,
  });
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "nothing was thrown",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : String(error)),
  );
const answers = () =>
  room.ledger.db
    .query<{ state: string; response: string | null }, []>(
      "SELECT state, response FROM messages WHERE kind = 'answer' ORDER BY id",
    )
    .all();
const used = () =>
  room.ledger.db
    .query<{ used: number }, []>("SELECT used FROM quotas WHERE subject = 'inbox'")
    .get()?.used ?? 0;
const counters = () =>
  room.ledger.db
    .query<{ metric: string; n: number }, []>("SELECT metric, n FROM counters ORDER BY metric")
    .all();
const text = (at: number) => Buffer.from(room.world.taken[at]?.bytes ?? []).toString("utf8");

test("it stands in the thread, as written, and is no bulk mail", async () => {
  await answer();
  const [step] = room.world.taken;
  const mail = text(1);
  expect(room.world.taken[1]).toMatchObject({ from: ANA, to: LEA });
  const theirs = /Message-ID: (<inbound-\d+@lead\.test>)/.exec(
    Buffer.from(room.world.folderOf(ANA, "INBOX").mails[0]?.bytes ?? []).toString(),
  )?.[1];
  expect(mail).toContain(`In-Reply-To: ${theirs}\r\n`);
  expect(mail.replace(/\r\n /g, " ")).toContain(`References: <${step?.message_id}> ${theirs}\r\n`);
  expect(mail).toContain("Subject: Re: Hello Lea\r\n");
  expect(mail).toContain("90 EUR.");
  expect(mail).not.toContain("List-Unsubscribe");
  expect(answers()).toEqual([{ state: "sent", response: "250 2.0.0 taken" }]);
});

test("the answer to the answer finds the way back", async () => {
  await answer();
  const message_id = room.world.taken[1]?.message_id ?? "";
  room.world.deliver(ANA, answerTo({ from: ANA, to: LEA, message_id }, "Too much."));
  await room.run();
  const rows = room.ledger.db
    .query<{ lead_id: number; matched_by: string; campaign_id: number }, []>(
      "SELECT lead_id, matched_by, campaign_id FROM replies ORDER BY id",
    )
    .all();
  expect(rows[1]).toEqual({ lead_id: lead, matched_by: "message_id", campaign_id: campaign });
});

test("it takes a place in the mailbox's hour and day, and in no number of a campaign", async () => {
  const before = counters();
  await answer();
  expect(used()).toBe(2);
  expect(counters()).toEqual(before);
  expect(room.events()).toContain("reply.answered");
  // The hour has room for three: one step, two answers, and the next lead waits.
  await answer();
  room.make.lead({ email: "next@lead.test", campaign_id: campaign });
  await room.run();
  expect(room.world.takenBy("next@lead.test")).toEqual([]);
  await room.play(HOUR_MS);
  expect(room.world.takenBy("next@lead.test")).toHaveLength(1);
});

test("it is held up by no limit, no window and no pace", async () => {
  for (const _ of [1, 2, 3, 4]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await answer();
  }
  room.clock.moveBy(12 * HOUR_MS);
  await answer();
  expect(answers().map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => "sent"));
});

test("two at once go one after the other, and no campaign between them", async () => {
  const order: string[] = [];
  room.world.always(({ envelope }) =>
    serverThatIsSlow(async () => {
      order.push(`${envelope.to} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${envelope.to} ends`);
    }),
  );
  room.ledger.write((tx) => tx.db.run("UPDATE inboxes SET hourly_limit = 10"));
  room.make.lead({ email: "next@lead.test", campaign_id: campaign });
  await Promise.all([answer(), answer(), room.run()]);
  await room.run();
  expect(order.slice(0, 4).every((line) => line.startsWith(LEA))).toBe(true);
  expect(order).toHaveLength(6);
  const [begins, ends] = [order.filter((_, i) => i % 2 === 0), order.filter((_, i) => i % 2 === 1)];
  expect(begins.map((line) => line.replace("begins", "ends"))).toEqual(ends);
});

describe("an outcome that is not good", () => {
  test("is told and not tried again: the place is given back", async () => {
    room.world.next(serverThatAnswersTheDotWith("550 5.1.1 No such user"));
    await answer();
    room.world.next(serverThatCannotBeReached());
    await answer();
    await room.play(DAY_MS / 4);
    expect(answers()).toEqual([
      { state: "failed", response: "550 5.1.1 No such user" },
      { state: "failed", response: "connection refused" },
    ]);
    expect(used()).toBe(1);
    expect(room.lead(lead)?.state).not.toBe("bounced");
  });

  test("is a doubt where the answer was lost, settled by evidence and never by sending again", async () => {
    room.world.next(serverThatNeverAnswersAfterTheDot());
    await answer();
    expect(answers()[0]?.state).toBe("uncertain");
    await room.play(HOUR_MS);
    expect(answers()).toEqual([{ state: "sent", response: "found in the Sent folder" }]);
    room.world.next(serverThatDropsTheMailSilently());
    await answer();
    await room.play(DAY_MS);
    expect(answers()[1]?.state).toBe("uncertain");
    expect(
      room.world.taken.filter(({ bytes }) => Buffer.from(bytes).includes("90 EUR")),
    ).toHaveLength(1);
  });
});

describe("it is refused", () => {
  test("from an inbox that is paused", async () => {
    room.ledger.write((tx) => pauseInbox(tx, inbox, { by: "api", reason: "holiday" }));
    expect(await codeOf(answer())).toBe("wrong_state");
    expect(answers()).toEqual([]);
  });

  test("to somebody who is suppressed, unless it is wanted all the same", async () => {
    room.ledger.write((tx) =>
      suppress(room.ledger, tx, {
        kind: "address",
        value: LEA,
        reason: "unsubscribed",
        source: "reply",
        evidence: null,
      }),
    );
    expect(await codeOf(answer())).toBe("lead_suppressed");
    await answer({ despite_suppression: true });
    expect(answers().map(({ state }) => state)).toEqual(["sent"]);
  });

  test("for what is no reply of anybody", async () => {
    reply_id = 1;
    expect(await codeOf(answer())).toBe("not_found");
  });
});

test("Invariant 2: what is suppressed or erased while it is on its way does not go out", async () => {
  room.world.next(
    serverThatIsSlow(() => {
      eraseLead(room.ledger, lead);
    }),
  );
  await answer({ despite_suppression: true });
  expect(room.world.takenBy(LEA)).toHaveLength(1);
  expect(answers().map(({ state }) => state)).toEqual(["failed"]);
});

test("whoever answers leads the conversation: the sequence waits", async () => {
  room.close();
  await open(undefined, false);
  expect(room.enrollment(lead).state).toBe("waiting");
  await answer();
  expect(room.enrollment(lead)).toMatchObject({ state: "paused", paused_by: "you_took_over" });
  await room.play(5 * DAY_MS);
  expect(room.world.takenBy(LEA)).toHaveLength(2);
});

/** Kills the process while the answer is at this place of its way. */
async function killAt(place: "midway" | "before_answer"): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const hang = () => {
    resolve();
    return new Promise<void>(() => undefined);
  };
  room.world.next({ [place]: hang });
  void answer();
  await promise;
  room.restart();
}

describe("Invariant 1: killed and started again", () => {
  let dir = "";
  beforeEach(async () => {
    room.close();
    dir = mkdtempSync(join(tmpdir(), "imail-answers-"));
    await open(join(dir, "ledger.db"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test("before the dot it has failed, and its writer knows", async () => {
    await killAt("midway");
    expect(answers().map(({ state }) => state)).toEqual(["failed"]);
    await room.play(DAY_MS);
    expect(room.world.takenBy(LEA)).toHaveLength(1);
  });

  test("after the dot it is in doubt, and evidence settles it", async () => {
    await killAt("before_answer");
    expect(answers().map(({ state }) => state)).toEqual(["uncertain"]);
    await room.play(DAY_MS / 4);
    expect(answers().map(({ state }) => state)).toEqual(["sent"]);
    expect(room.world.takenBy(LEA)).toHaveLength(2);
  });
});
