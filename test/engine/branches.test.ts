// Branches as a lead goes through them: where they lead, when what they lead to is due, and what is kept of why.

import { afterEach, expect, test } from "bun:test";

import type { Branch } from "../../src/core/sequence.ts";
import { listDecisions } from "../../src/resources/enrollments/decisions.store.ts";
import { insertEvent } from "../../src/resources/events/store.ts";
import { showLead } from "../../src/resources/leads/answer.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, openEngineRoom } from "../world/engine-room.ts";

let room: EngineRoom;
afterEach(() => room.close());

const branch = (
  event: Branch["when"]["event"],
  go_to: Branch["go_to"],
  rest: Partial<Branch["when"]> = {},
): Branch => ({
  when: { event, step: null, within: null, category: null, ...rest },
  go_to,
});

const ALWAYS = {
  days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const,
  start: "00:00",
  end: "24:00",
};

/** Three steps: the second has these branches; the third comes P4D after the mail before it. */
function play(branchesOf: (ids: readonly number[]) => Branch[], third_delay = "P4D") {
  room = openEngineRoom();
  const inbox_ids = [room.make.inbox({ min_gap_seconds: 60 })];
  const campaign = room.make.campaign({
    inbox_ids,
    stop_on_reply: false,
    send_window: { ...ALWAYS, days: [...ALWAYS.days] },
    steps: [{}, { delay: "P2D", branches: branchesOf }, { delay: third_delay }],
  });
  const lead_id = room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
  return { lead_id, campaign };
}

/** As the tracker and the reader will tell it. */
function tell(
  event: "email.opened" | "email.clicked" | "reply.received" | "email.bounced.soft",
  { campaign, lead_id }: ReturnType<typeof play>,
  detail: object = {},
) {
  room.ledger.write((tx) => {
    insertEvent(tx, {
      event,
      subject: {
        campaign_id: campaign.id,
        lead_id,
        step_id: campaign.step_ids[0] ?? 0,
        message_id: null,
        inbox_id: null,
      },
      variant_id: null,
      detail: JSON.stringify(detail),
      day: "2026-10-20",
      metric: null,
    });
  });
}

const gaps = () => {
  const [first, ...rest] = room.world.taken.map(({ at }) => at);
  return rest.map((at) => Math.round((at - (first ?? 0)) / HOUR_MS) / 24);
};

test("a branch leads to a step when that step's own delay has passed since the last mail", async () => {
  const at = play((ids) => [branch("not_opened", ids[2] ?? "end")]);
  await room.play(30 * DAY_MS);
  expect(gaps()).toEqual([4]);
  expect(room.enrollment(at.lead_id)).toMatchObject({ state: "completed", sent_count: 2 });
});

test("a step whose delay has passed already is sent at once", async () => {
  play((ids) => [branch("not_opened", ids[2] ?? "end")], "PT1H");
  await room.play(30 * DAY_MS);
  expect(gaps()).toEqual([2]);
});

test("while it waits behind a branch the lead is due when its mail is", async () => {
  const at = play((ids) => [branch("not_opened", ids[2] ?? "end")]);
  await room.play(3 * DAY_MS);
  const { step_id, due_at, last_sent_at, state } = room.enrollment(at.lead_id);
  expect(state).toBe("waiting");
  expect(step_id).toBe(at.campaign.step_ids[2] ?? 0);
  expect((due_at ?? 0) - (last_sent_at ?? 0)).toBe(4 * DAY_MS);
});

test("what a machine opened counts for nothing", async () => {
  const at = play((ids) => [branch("opened", "end"), branch("not_opened", ids[2] ?? "end")]);
  await room.play(DAY_MS);
  tell("email.opened", at, { machine: true, reason: "prefetch" });
  await room.play(30 * DAY_MS);
  expect(room.world.taken).toHaveLength(2);
  expect(room.enrollment(at.lead_id).ended_by).toBe("last_step");
});

test("what a person opened ends the way where the branch says so", async () => {
  const at = play(() => [branch("opened", "end")]);
  await room.play(DAY_MS);
  tell("email.opened", at);
  await room.play(30 * DAY_MS);
  expect(room.world.taken).toHaveLength(1);
  expect(room.enrollment(at.lead_id)).toMatchObject({ state: "completed", ended_by: "branch_end" });
});

test("an event after `within` is too late", async () => {
  const at = play(() => [branch("clicked", "end", { within: "PT6H" })]);
  await room.play(DAY_MS);
  tell("email.clicked", at);
  await room.play(30 * DAY_MS);
  expect(room.world.taken).toHaveLength(3);
});

test("a reply counts by what it means", async () => {
  const at = play((ids) => [
    branch("replied", "end", { category: "not_now" }),
    branch("replied", ids[2] ?? "end", { category: "question" }),
  ]);
  await room.play(DAY_MS);
  tell("reply.received", at, { category: "question" });
  await room.play(30 * DAY_MS);
  expect(gaps()).toEqual([4]);
});

test("which branch held and why is kept, and shown with the lead", async () => {
  const at = play((ids) => [branch("opened", "end"), branch("not_clicked", ids[2] ?? "end")]);
  await room.play(30 * DAY_MS);
  const [, second = 0, third = 0] = at.campaign.step_ids;
  const enrollment_id = room.enrollment(at.lead_id).id;
  expect(listDecisions(room.ledger, enrollment_id)).toMatchObject([
    {
      step_id: second,
      went_to: third,
      trials: [
        { event: "opened", holds: false, why: "did_not_happen", go_to: "end" },
        { event: "not_clicked", holds: true, why: "did_not_happen", go_to: third },
      ],
    },
  ]);
  const lead = room.lead(at.lead_id);
  if (!lead) throw new Error("no lead");
  const [shown] = showLead(room.ledger, lead).campaigns;
  expect(shown?.decisions).toHaveLength(1);
  expect(shown?.decisions?.[0]?.trials[1]).toMatchObject({ holds: true, event_at: null });
});

test("a step that is decided again keeps one decision, the last", async () => {
  const at = play(() => [branch("opened", "end")]);
  room.world.always(() => ({
    before_dot: {
      outcome: "deferred",
      response: "451 later",
      code: 451,
      enhanced: "4.3.0",
      after_dot: false,
    },
  }));
  await room.play(HOUR_MS);
  room.world.always(() => ({}));
  await room.play(30 * DAY_MS);
  expect(listDecisions(room.ledger, room.enrollment(at.lead_id).id)).toHaveLength(1);
});

test("a lead that was stopped with a mail under way and is resumed waits the next step's delay from its last mail", async () => {
  const { ledger } = (play(() => []), room);
  await room.play(DAY_MS);
  const [lead] = ledger.db.query<{ id: number }, []>("SELECT id FROM leads").all();
  const enrollment = room.enrollment(lead?.id ?? 0);
  // The second step's mail was cancelled by the stop: its step is never made again.
  ledger.db.run(
    `INSERT INTO messages (id, kind, state, campaign_id, lead_id, enrollment_id, step_id, inbox_id, recipient, subject, queued_at, finished_at)
     SELECT 1, 'step', 'cancelled', campaign_id, lead_id, id, step_id, inbox_id, '', '', 0, 0 FROM enrollments`,
  );
  await room.play(30 * DAY_MS);
  expect(gaps()).toEqual([4]);
  expect(room.enrollment(lead?.id ?? 0).id).toBe(enrollment.id);
});
