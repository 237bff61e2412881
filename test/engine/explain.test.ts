// Every reason that explain can give, brought about and read: its words, since when, until when, and the call that helps.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";

import type { Reason } from "../../src/core/explanation.ts";
import { formatId } from "../../src/core/ids.ts";
import { type ReasonCode, REASONS } from "../../src/core/reasons.ts";
import { explainCampaign } from "../../src/engine/explain/campaign.ts";
import { explainLead } from "../../src/engine/explain/lead.ts";
import { setCampaignState } from "../../src/resources/campaigns/store.ts";
import { enrollLead, stopEnrollment } from "../../src/resources/enrollments/actions.ts";
import { block, hold, pause } from "../../src/resources/enrollments/store.ts";
import { pauseInbox } from "../../src/resources/inboxes/store.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import {
  DAY_MS,
  type EngineRoom,
  HOUR_MS,
  MINUTE_MS,
  MONDAY,
  openEngineRoom,
} from "../world/engine-room.ts";
import { campaignOf, explainedOf, sceneOf } from "../world/explained.ts";
import { serverThatDropsTheMailSilently, serverThatGreylists } from "../world/mail-vices.ts";

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
const other = () => room.make.lead({ email: "max@lead.test", campaign_id: campaign.id });
const blockBy = (by: string) =>
  write((tx) => block(tx, room.enrollment(lead).id, { until: MONDAY + HOUR_MS, by }));
const reason = { by: "api", reason: "paused by a request" };

describe("a lead that nothing keeps back", () => {
  test("is told that it is next, and goes with the next look", async () => {
    sql(`UPDATE inboxes SET read_at = ${MONDAY}`);
    await room.desk.runDue();
    const second = other();
    room.clock.moveBy(HOUR_MS);
    expect(entry(second)).toMatchObject({
      verdict: "sending_next",
      ahead: 0,
      next_at: MONDAY + HOUR_MS,
    });
    expect(gateOf("turn", entry(second).gates).message).toContain("nothing stands in its way");
    await room.run();
    expect(room.world.takenBy("max@lead.test")).toHaveLength(1);
  });

  test("is told how many are due before it", async () => {
    await room.run();
    other();
    room.clock.moveBy(MINUTE_MS);
    const last = room.make.lead({ email: "zoe@lead.test", campaign_id: campaign.id });
    room.clock.moveBy(HOUR_MS);
    expect(entry(last)).toMatchObject({ verdict: "waiting", ahead: 1 });
    expect(gateOf("turn", entry(last).gates).message).toBe(
      "1 lead of this campaign is due before it",
    );
  });
});

describe("of the lead itself", () => {
  test("paused: by whom, since when, and the call that resumes it", () => {
    room.clock.moveBy(MINUTE_MS);
    write((tx) => pause(tx, room.enrollment(lead).id, "replied_elsewhere"));
    room.clock.moveBy(HOUR_MS);
    expect(entry()).toMatchObject({ verdict: "paused", next_at: null });
    expect(gateOf("paused")).toEqual({
      code: "paused",
      message: "the lead is paused because the lead answered in another campaign",
      waits_for: "person",
      since: MONDAY + MINUTE_MS,
      next_at: null,
      fix: {
        text: REASONS.paused.remedy,
        call: {
          method: "POST",
          path: `/v1/leads/${formatId("lead", lead)}/resume`,
          body: { campaign_id: formatId("cmp", campaign.id) },
        },
      },
      inbox_id: null,
    });
  });

  test("held: until the day of the return, with the window folded in", () => {
    const saturday = MONDAY + 5 * DAY_MS;
    write((tx) => hold(tx, room.enrollment(lead).id, saturday));
    expect(gateOf("held")).toMatchObject({ since: MONDAY, next_at: saturday, waits_for: "time" });
    // Clocks go back on the Sunday between.
    expect(entry()).toMatchObject({ verdict: "held", next_at: MONDAY + 7 * DAY_MS + HOUR_MS });
  });

  test("not due: since the last mail, and the day it is due", async () => {
    await room.run();
    const sent_at = room.enrollment(lead).last_sent_at;
    expect(gateOf("not_due")).toMatchObject({
      since: sent_at,
      next_at: MONDAY + 3 * DAY_MS,
      message: "its next step is due Thu 09:00 Europe/Berlin",
    });
    expect(entry()).toMatchObject({ verdict: "waiting", step: { position: 1 } });
  });

  test("missing variables: which, before and after the claim has met them", async () => {
    const nameless = room.make.lead({
      email: "x@lead.test",
      first_name: null,
      campaign_id: campaign.id,
    });
    const lacks = "the lead lacks what its next step needs: first_name";
    const gate = () => gateOf("missing_variable", entry(nameless).gates);
    expect(gate()).toMatchObject({ message: lacks, next_at: null, waits_for: "person" });
    await room.play(HOUR_MS);
    expect(room.enrollment(nameless).blocked_by).toBe("missing_variable: first_name");
    expect(gate()).toMatchObject({ message: lacks, fix: { call: { method: "PATCH" } } });
    expect(entry(nameless)).toMatchObject({ verdict: "blocked", next_at: null });
    expect(campaignOf(room, campaign.id).waiting_for).toMatchObject({ missing_variable: 1 });
  });

  test("a step that cannot be written, a fault of ours, a reason that nobody knows", () => {
    blockBy("missing_render: too long");
    expect(gateOf("missing_render")).toMatchObject({
      message: "its next step cannot be written: too long",
      next_at: null,
    });
    blockBy("internal_error");
    expect(gateOf("internal_error").next_at).toBe(MONDAY + HOUR_MS);
    blockBy("moon_phase");
    expect(gateOf("kept_back")).toMatchObject({
      message: "the lead is kept back: moon_phase",
      next_at: MONDAY + HOUR_MS,
    });
  });

  test("a cool-down: how long ago the other campaign wrote, and when it is over", async () => {
    await room.run();
    const second = room.make.campaign({ inbox_ids: [inbox], lead_cooldown: "P1D" });
    write((tx) => enrollLead(room.ledger, tx, { campaign_id: second.id, lead_id: lead }));
    room.clock.moveBy(3 * HOUR_MS);
    expect(gateOf("lead_cooldown", entry(lead, 1).gates)).toMatchObject({
      message: "another campaign wrote to this lead 3 h ago",
      since: MONDAY,
      next_at: MONDAY + DAY_MS,
    });
    await room.run();
    expect(entry(lead, 1)).toMatchObject({ verdict: "blocked", next_at: MONDAY + DAY_MS });
  });

  test("a company's limit: how many of how many", async () => {
    sql("UPDATE campaigns SET max_per_company_per_day = 1");
    await room.run();
    const second = other();
    expect(gateOf("company_limit", entry(second).gates)).toMatchObject({
      message: "1 of 1 people of the lead's company written to today",
      next_at: Date.UTC(2026, 9, 19, 22),
    });
  });

  test("deferred: when it goes again, with the server's words", async () => {
    room.world.next(serverThatGreylists());
    await room.run();
    const { retry_at } = room.ledger.db
      .query<{ retry_at: number }, []>("SELECT retry_at FROM messages")
      .get()!;
    expect(gateOf("deferred")).toMatchObject({ next_at: retry_at, waits_for: "time" });
    expect(gateOf("deferred").message).toContain("451 4.7.1 Greylisted");
    expect(entry().verdict).toBe("blocked");
  });

  test("suppressed: since when, and nothing to wait for", () => {
    const order = {
      kind: "domain",
      value: "lead.test",
      reason: "manual",
      source: "x",
      evidence: null,
    } as const;
    write((tx) => void suppress(room.ledger, tx, order));
    expect(gateOf("suppressed")).toMatchObject({
      since: MONDAY,
      next_at: null,
      waits_for: "nothing",
    });
    expect(entry()).toMatchObject({ verdict: "blocked", next_at: null });
  });

  test("its mail is on its way", async () => {
    let during: Reason | null = null;
    let busy: Reason | null = null;
    const second = other();
    room.world.next({
      midway: () => {
        room.clock.moveBy(20_000);
        during = gateOf("under_way");
        busy = gateOf("inbox_busy", entry(second).gates);
        return Promise.resolve();
      },
    });
    await room.run();
    expect(during).toMatchObject({
      message: "its mail has been on its way for 20 s",
      waits_for: "imail",
    });
    expect(busy).toMatchObject({ inbox_id: inbox, waits_for: "imail" });
  });

  test("uncertain: until the sequence goes on, and when the next mail may go then", async () => {
    room.world.next(serverThatDropsTheMailSilently());
    await room.run();
    expect(gateOf("uncertain")).toMatchObject({ since: MONDAY, next_at: MONDAY + HOUR_MS });
    expect(entry()).toMatchObject({ verdict: "uncertain", next_at: MONDAY + 3 * DAY_MS });
    expect(campaignOf(room, campaign.id).waiting_for).toEqual({ uncertain: 1 });
  });

  test("no step is left: a way that ends with the next look", async () => {
    await room.run();
    write((tx) => stopEnrollment(room.ledger, tx, room.enrollment(lead).id, "stopped"));
    sql(
      `UPDATE enrollments SET state = 'waiting', ended_by = NULL, step_id = ${campaign.step_ids[0]}, due_at = ${MONDAY}`,
    );
    sql(`UPDATE steps SET removed_at = 1 WHERE id = ${campaign.step_ids[1]}`);
    expect(gateOf("way_over")).toMatchObject({ waits_for: "nothing", next_at: null });
  });

  test("ended: by what, and resumed where that can be taken back", async () => {
    write((tx) => stopEnrollment(room.ledger, tx, room.enrollment(lead).id, "stopped"));
    expect(gateOf("stopped")).toMatchObject({
      message: "its way through the campaign has ended: it was stopped by a request",
      since: MONDAY,
      fix: { call: { path: `/v1/leads/${formatId("lead", lead)}/resume` } },
    });
    expect(entry()).toMatchObject({ verdict: "ended", next_at: null, step: null, gates: [{}] });
    const second = other();
    await room.play(5 * DAY_MS);
    expect(gateOf("completed", entry(second).gates)).toMatchObject({
      message: "its way through the campaign has ended: the last step was sent",
      fix: { call: null },
    });
  });
});

describe("of the campaign", () => {
  test("outside the window: what the clock there shows, when it closed and when it opens", () => {
    room.clock.moveTo(Date.UTC(2026, 9, 23, 16, 12));
    expect(gateOf("outside_window")).toMatchObject({
      message: "it is 18:12 in Europe/Berlin; the window opens Mon 09:00",
      since: Date.UTC(2026, 9, 23, 15),
      next_at: Date.UTC(2026, 9, 26, 8),
    });
    const told = campaignOf(room, campaign.id);
    expect(told).toMatchObject({
      verdict: "waiting",
      next_at: Date.UTC(2026, 9, 26, 8),
      waiting_for: { outside_window: 1 },
      zones: [{ zone: "Europe/Berlin", waiting: 1, due: 1, window: "closed" }],
    });
    expect(told.summary).toBe(
      "Nothing goes out now: it is 18:12 in Europe/Berlin; the window opens Mon 09:00. The next mail may go Mon 09:00 (Europe/Berlin); 1 lead waits.",
    );
  });

  test("a window that never opens waits for a person", () => {
    sql(`UPDATE campaigns SET send_window = json_set(send_window, '$.days', json('[]'))`);
    expect(gateOf("outside_window")).toMatchObject({ waits_for: "person", next_at: null });
    expect(entry()).toMatchObject({ verdict: "blocked", next_at: null });
  });

  test.each<["draft" | "paused" | "archived", ReasonCode, string]>([
    ["draft", "campaign_draft", "resume"],
    ["paused", "campaign_paused", "resume"],
    ["archived", "campaign_archived", "duplicate"],
  ])("%s", (state, code, verb) => {
    room.clock.moveBy(MINUTE_MS);
    write((tx) => setCampaignState(tx, campaign.id, state, state === "paused" ? reason : null));
    const path = `/v1/campaigns/${formatId("cmp", campaign.id)}/${verb}`;
    const gate = {
      since: MONDAY + MINUTE_MS,
      next_at: null,
      fix: { call: { method: "POST", path } },
    };
    expect(gateOf(code)).toMatchObject(gate);
    expect(gateOf(code, campaignOf(room, campaign.id).gates)).toMatchObject(gate);
    expect(entry()).toMatchObject({ verdict: "blocked", next_at: null });
    expect(campaignOf(room, campaign.id)).toMatchObject({
      verdict: state === "archived" ? "ended" : "blocked",
      next_at: null,
      waiting_for: { [code]: 1 },
    });
  });

  test("no inbox, none that can send, one that is gone", async () => {
    write((tx) => pauseInbox(tx, inbox, { by: "server", reason: "550 5.7.1 spam" }));
    expect(gateOf("no_inbox_can_send").fix.call?.method).toBe("PATCH");
    expect(gateOf("inbox_paused").message).toBe(
      "ana@sender.test is paused (server: 550 5.7.1 spam)",
    );
    expect(campaignOf(room, campaign.id)).toMatchObject({
      verdict: "blocked",
      inboxes: [{ verdict: "blocked", next_at: null }],
      waiting_for: { no_inbox_can_send: 1 },
    });
    sql("DELETE FROM campaign_inboxes");
    expect(gateOf("no_inbox")).toMatchObject({ waits_for: "person" });
    sql(`UPDATE enrollments SET inbox_id = ${inbox}, sent_count = 1`);
    sql("UPDATE inboxes SET deleted_at = 1");
    expect(gateOf("inbox_gone").fix.call?.path).toContain("/stop");
  });

  test("its limits of today", async () => {
    sql("UPDATE campaigns SET daily_limit = 1, daily_new_leads = 1");
    await room.run();
    const second = other();
    const { gates } = entry(second);
    const midnight = Date.UTC(2026, 9, 19, 22);
    expect(gateOf("campaign_daily_limit", gates)).toMatchObject({
      message: "1 of 1 mails of the campaign sent today",
      next_at: midnight,
    });
    expect(gateOf("daily_new_leads", gates)).toMatchObject({ next_at: midnight });
    expect(entry(second).next_at).toBe(MONDAY + DAY_MS);
    // The first lead has had its first mail: new leads are nothing to it.
    expect(entry().gates.map(({ code }) => code)).toEqual([
      "not_due",
      "campaign_daily_limit",
      "pace",
    ]);
  });

  test("sending, and nobody left", async () => {
    room.clock.moveBy(HOUR_MS);
    expect(campaignOf(room, campaign.id)).toMatchObject({
      verdict: "waiting",
      waiting_for: { server_starting: 1 },
    });
    sql("UPDATE enrollments SET due_at = due_at + 1");
    await room.play(8 * DAY_MS);
    expect(campaignOf(room, campaign.id)).toMatchObject({
      verdict: "idle",
      summary: "Its one lead has come to the end: add leads and it goes on.",
      enrolled: 1,
      ended: 1,
      waiting_for: {},
    });
  });

  test("one that is not there has no explanation", () => {
    expect(explainCampaign(sceneOf(room), 1)).toBeNull();
    expect(explainLead(sceneOf(room), 1)).toBeNull();
  });
});

test("every reason there is is brought about here or over the API", async () => {
  const files = [
    import.meta.path,
    `${import.meta.dir}/explain-inboxes.test.ts`,
    `${import.meta.dir}/../resources/explain/explain.test.ts`,
  ];
  const text = (await Promise.all(files.map((file) => Bun.file(file).text()))).join("\n");
  expect(Object.keys(REASONS).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});
