import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Reason } from "../../src/core/explanation.ts";
import { type ReasonCode } from "../../src/core/reasons.ts";
import { explainLead } from "../../src/engine/explain/lead.ts";
import type { EngineSigns } from "../../src/engine/explain/scene.ts";
// The reasons that explain gives for inboxes, and for a whole ledger, brought about and read.
import { noteFreeze } from "../../src/ledger/freeze.ts";
import { setCampaignState } from "../../src/resources/campaigns/store.ts";
import { hold } from "../../src/resources/enrollments/store.ts";
import { disconnectInbox, pauseInbox, putOffInbox } from "../../src/resources/inboxes/store.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  MONDAY,
  openEngineRoom,
} from "../world/engine-room.ts";
import { explainedOf, sceneOf } from "../world/explained.ts";

let room: EngineRoom;
let inbox = 0;
let campaign = { id: 0, step_ids: [0] };
let lead = 0;
beforeEach(() => {
  room = openEngineRoom();
  inbox = room.make.inbox({ email: "ana@sender.test" });
  campaign = room.make.campaign({ inbox_ids: [inbox], steps: [{}, { delay: "P3D" }] });
  lead = room.make.lead({ email: "lea@lead.test", campaign_id: campaign.id });
});
afterEach(() => room.close());

type Write = Parameters<EngineRoom["ledger"]["write"]>[0];
const write = (work: Write) => room.ledger.write(work);
const sql = (text: string) => room.ledger.db.run(text);
const entry = (lead_id = lead, at = 0) => {
  const told = explainedOf(room, lead_id)[at];
  if (!told) throw new Error("the lead is in no campaign");
  return told;
};
/** The gate of this code, as the lead's explanation has it. */
function gateOf(code: ReasonCode, gates: readonly Reason[] = entry().gates): Reason {
  const found = gates.find((gate) => gate.code === code);
  if (!found) throw new Error(`${code} is not among ${gates.map((gate) => gate.code).join(", ")}`);
  return found;
}
const withSigns = (signs: Partial<EngineSigns>) => {
  const scene = sceneOf(room);
  return (
    explainLead({ ...scene, signs: { ...scene.signs, ...signs } }, lead)?.enrollments[0]?.gates ??
    []
  );
};
const other = () => room.make.lead({ email: "max@lead.test", campaign_id: campaign.id });
const reason = { by: "api", reason: "paused by a request" };

describe("of the inbox", () => {
  test("the server has just started: reading comes before sending", () => {
    expect(gateOf("server_starting")).toMatchObject({ inbox_id: inbox, waits_for: "imail" });
  });

  test.each<["disconnected" | "needs_login", ReasonCode]>([
    ["disconnected", "inbox_disconnected"],
    ["needs_login", "inbox_needs_login"],
  ])("%s: since when, in the server's words", (state, code) => {
    write((tx) => disconnectInbox(tx, inbox, { state, reason: "535 5.7.8 no" }));
    const gate = gateOf(code);
    expect(gate).toMatchObject({ since: MONDAY, next_at: null, waits_for: "mail_server" });
    expect(gate.message).toContain("535 5.7.8 no");
  });

  test("its login was never finished", () => {
    sql("UPDATE inboxes SET state = 'pending_auth'");
    expect(gateOf("inbox_pending_auth")).toMatchObject({ waits_for: "person" });
  });

  test("it waits after a server's answer", () => {
    write((tx) =>
      putOffInbox(tx, inbox, { until: MONDAY + HOUR_MS, reason: "421 4.7.0 slow down" }),
    );
    expect(gateOf("inbox_waits")).toMatchObject({
      next_at: MONDAY + HOUR_MS,
      message:
        "ana@sender.test waits until Mon 10:00 Europe/Berlin after the server's answer (421 4.7.0 slow down)",
    });
    expect(entry().next_at).toBe(MONDAY + HOUR_MS);
  });

  test("not read for 14 minutes: follow-ups wait, first steps do not", async () => {
    await room.run();
    sql("UPDATE enrollments SET due_at = 0");
    room.clock.moveBy(14 * MINUTE_MS);
    const second = other();
    expect(gateOf("inbox_unread")).toMatchObject({
      message: "the INBOX of ana@sender.test was last read 14 min ago; follow-ups wait",
      since: MONDAY + 5 * MINUTE_MS,
      waits_for: "imail",
    });
    expect(entry(second).gates.map(({ code }) => code)).toEqual(["turn"]);
    sql("UPDATE inboxes SET read_fault = 'connection refused'");
    expect(gateOf("inbox_unread")).toMatchObject({ waits_for: "mail_server" });
    expect(gateOf("inbox_unread").message).toContain("connection refused");
  });

  test("its pace and its limits: how many of how many, since the last mail", async () => {
    sql("UPDATE inboxes SET daily_limit = 1, hourly_limit = 1");
    await room.run();
    const second = other();
    const { gates } = entry(second);
    const { next_slot_at } = room.inbox(inbox)!;
    expect(gateOf("pace", gates)).toMatchObject({ since: MONDAY, next_at: next_slot_at });
    expect(gateOf("daily_limit", gates)).toMatchObject({
      message: "1 of 1 mails of ana@sender.test sent today",
      since: MONDAY,
      next_at: Date.UTC(2026, 9, 19, 22),
    });
    expect(gateOf("hourly_limit", gates)).toMatchObject({
      since: MONDAY,
      next_at: MONDAY + HOUR_MS,
    });
    expect(entry(second).next_at).toBe(MONDAY + DAY_MS);
  });

  test("of two inboxes the one that is free is enough, and of two that are not the first counts", async () => {
    const second_inbox = room.make.inbox({ email: "ben@sender.test" });
    sql(
      `INSERT INTO campaign_inboxes (campaign_id, inbox_id, position) VALUES (${campaign.id}, ${second_inbox}, 1)`,
    );
    await room.run();
    const second = other();
    expect(entry(second).gates.map(({ code }) => code)).toEqual(["turn"]);
    sql(`UPDATE inboxes SET retry_at = ${MONDAY + 2 * HOUR_MS} WHERE id = ${second_inbox}`);
    expect(entry(second)).toMatchObject({
      verdict: "waiting",
      next_at: room.inbox(inbox)!.next_slot_at,
    });
    expect(entry(second).gates.map((gate) => [gate.code, gate.inbox_id])).toEqual([
      ["pace", inbox],
      ["inbox_waits", second_inbox],
    ]);
  });
});

describe("of everything", () => {
  test("a full disk, and an outcome that could not be written", () => {
    expect(gateOf("disk_full", withSigns({ disk_level: "stop" }))).toMatchObject({
      waits_for: "person",
    });
    expect(gateOf("outcome_unwritten", withSigns({ is_stuck: true }))).toMatchObject({
      waits_for: "imail",
    });
    expect(withSigns({ disk_level: "low" }).map(({ code }) => code)).not.toContain("disk_full");
  });

  test("the clock is behind a time that it has shown", () => {
    const believed_at = room.clock.now() + HOUR_MS;
    const freeze = {
      since: room.clock.now(),
      highest_wall: room.clock.now() + DAY_MS,
      believed_at,
    };
    room.ledger.write((tx) => noteFreeze(tx, freeze));
    expect(gateOf("clock_behind", withSigns({}))).toMatchObject({ next_at: believed_at });
    room.ledger.write((tx) => noteFreeze(tx, null));
    expect(withSigns({}).map(({ code }) => code)).not.toContain("clock_behind");
  });

  test("all gates that fail are told, not only the first", async () => {
    room.clock.moveTo(Date.UTC(2026, 9, 24, 12));
    write((tx) => {
      setCampaignState(tx, campaign.id, "paused", reason);
      pauseInbox(tx, inbox, { by: "api", reason: "holiday" });
      hold(tx, room.enrollment(lead).id, MONDAY + 20 * DAY_MS);
    });
    expect(entry().gates.map(({ code }) => code)).toEqual([
      "campaign_paused",
      "no_inbox_can_send",
      "held",
      "outside_window",
      "server_starting",
      "inbox_paused",
    ]);
  });
});
