// A forecast comes true: it is played, and then the engine itself does the same days, mail for mail.
import { afterEach, expect, test } from "bun:test";

import type { ForecastRun } from "../../src/core/forecast.ts";
import { seededNumber } from "../../src/core/spintax.ts";
import { localDay } from "../../src/core/zones.ts";
import { playForecast } from "../../src/engine/forecast/play.ts";
import { pauseCampaign } from "../../src/resources/campaigns/actions.ts";
import { enrollLead } from "../../src/resources/enrollments/actions.ts";
import { pauseInbox } from "../../src/resources/inboxes/store.ts";
import { suppress } from "../../src/resources/suppressions/actions.ts";
import { DAY_MS, type EngineRoom, HOUR_MS, MONDAY, openEngineRoom } from "../world/engine-room.ts";

let room: EngineRoom;
afterEach(() => {
  room.close();
});

/** Weeks are played twice, and machines have other things to do. */
const PATIENCE_MS = 60_000;
const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"];

function forecast(campaign_id: number, days: number): ForecastRun {
  const { db, keys, boot_id, clock } = room.ledger;
  const answer = playForecast({
    source: { image: db.serialize() },
    workspace: room.ledger.workspace(),
    mode: "live",
    keys,
    boot_id,
    campaign_id,
    days,
    now: clock.now(),
  });
  if (answer.result !== "done") throw new Error(JSON.stringify(answer));
  return answer.run;
}

/** The engine takes its chances in the order in which the forecast took them. */
function takeSameChances(campaign_id: number): void {
  let turn = 0;
  const next = () => seededNumber(`forecast|${campaign_id}`, turn++);
  room.takeDesk({ ...room.ledger, random: { ...room.ledger.random, next } });
}

interface Counted {
  date: string;
  inbox_id: number;
  step_id: number;
  sends: number;
}

function sent(campaign_id: number): Counted[] {
  const rows = room.ledger.db
    .query<{ at: number; inbox_id: number; step_id: number }, [number]>(
      "SELECT created_at AS at, inbox_id, step_id FROM events WHERE event = 'email.sent' AND campaign_id = ? ORDER BY id",
    )
    .all(campaign_id);
  return rows.map(({ at, inbox_id, step_id }) => {
    return { date: localDay(at, "Europe/Berlin"), inbox_id, step_id, sends: 1 };
  });
}

const counts = (rows: readonly Counted[], keyOf: (row: Counted) => string) => {
  const sums: Record<string, number> = {};
  for (const row of rows) sums[keyOf(row)] = (sums[keyOf(row)] ?? 0) + row.sends;
  return sums;
};
const total = (run: ForecastRun) => run.sends.reduce((sum, { sends }) => sum + sends, 0);
const exactly = ({ date, inbox_id, step_id }: Counted) => `${date} ${inbox_id} ${step_id}`;
const perDay = ({ date }: Counted) => date;

/** Two campaigns in one town: a shared inbox, shared leads, every kind of limit, somebody who cannot be mailed. */
function furnish() {
  const { make } = room;
  const own = make.inbox({ daily_limit: 9, hourly_limit: 3, min_gap_seconds: 900 });
  const shared = make.inbox({ daily_limit: 30, hourly_limit: 6, min_gap_seconds: 300 });
  const ill = make.inbox();
  const campaign = make.campaign({
    inbox_ids: [own, shared, ill],
    steps: [{}, { delay: "P2D" }, { delay: "PT30H", body: "{Hi|Hello} {{ first_name | upcase }}" }],
    daily_new_leads: 14,
    max_per_company_per_day: 2,
  });
  const rival = make.campaign({
    inbox_ids: [shared],
    steps: [{}, { delay: "P1D" }],
    send_window: { start: "08:00", end: "12:00", exclude_dates: ["2026-10-21"] },
    daily_limit: 12,
    lead_cooldown: "P2D",
  });
  for (let i = 0; i < 90; i++) {
    const id = make.lead({
      email: `lead${i}@company${i % 25}.test`,
      first_name: i === 7 ? null : "Lea",
      timezone: ZONES[i % ZONES.length] ?? null,
      campaign_id: campaign.id,
    });
    const both = { campaign_id: rival.id, lead_id: id };
    if (i % 4 === 0) room.ledger.write((tx) => enrollLead(room.ledger, tx, both));
  }
  room.ledger.write((tx) => {
    pauseInbox(tx, ill, { by: "test", reason: "it is ill" });
    const order = { kind: "address", value: "lead9@company9.test", reason: "manual" } as const;
    suppress(room.ledger, tx, { ...order, source: "api", evidence: null });
  });
  return { campaign, rival };
}

test(
  "it comes true mail for mail, beside a rival and below every limit",
  async () => {
    room = openEngineRoom({ start: MONDAY + 3 * HOUR_MS });
    const { campaign } = furnish();
    // Some of it has happened before the question is asked.
    await room.play(2 * DAY_MS);
    const before = sent(campaign.id).length;
    expect(before).toBeGreaterThan(10);
    const run = forecast(campaign.id, 30);
    takeSameChances(campaign.id);
    await room.play(29 * DAY_MS);

    const real = sent(campaign.id).slice(before);
    expect(counts(run.sends, exactly)).toEqual(counts(real, exactly));
    expect(run.last_date).toBe(real.at(-1)?.date ?? "");
    expect(run.remaining).toBe(0);
    expect(run.not_sent).toEqual({ missing_variable: 1, suppressed: 1 });
  },
  PATIENCE_MS,
);

test(
  "with other chances a day differs by few mails, and the end by a day at most",
  async () => {
    room = openEngineRoom({ seed: 4711 });
    const { campaign } = furnish();
    const run = forecast(campaign.id, 40);
    await room.play(40 * DAY_MS);
    const real = sent(campaign.id);
    expect(total(run)).toBe(real.length);
    const [said, done] = [counts(run.sends, perDay), counts(real, perDay)];
    const days = new Set([...Object.keys(said), ...Object.keys(done)]);
    const far = [...days].filter((day) => Math.abs((said[day] ?? 0) - (done[day] ?? 0)) > 6);
    expect(far).toEqual([]);
    const [end, real_end] = [Date.parse(run.last_date ?? ""), Date.parse(real.at(-1)?.date ?? "")];
    expect(Math.abs(end - real_end)).toBeLessThanOrEqual(DAY_MS);
  },
  PATIENCE_MS,
);

test(
  "asking changes nothing, and asking again gives the same",
  () => {
    room = openEngineRoom();
    const { campaign } = furnish();
    const image = Buffer.from(room.ledger.db.serialize());
    const run = forecast(campaign.id, 20);
    expect(forecast(campaign.id, 20)).toEqual(run);
    expect(Buffer.compare(image, Buffer.from(room.ledger.db.serialize()))).toBe(0);
  },
  PATIENCE_MS,
);

test(
  "a paused campaign is played as if it ran, and paused rivals stay away",
  () => {
    room = openEngineRoom();
    const { campaign, rival } = furnish();
    const beside = forecast(campaign.id, 5);
    pauseCampaign(room.ledger, rival.id);
    pauseCampaign(room.ledger, campaign.id);
    const alone = forecast(campaign.id, 5);
    expect(total(beside)).toBeGreaterThan(0);
    expect(total(alone)).toBeGreaterThan(total(beside));
    expect(alone.remaining).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);

test("who waits for an inbox that is down is told by its state", async () => {
  room = openEngineRoom();
  const inbox_id = room.make.inbox();
  const { id } = room.make.campaign({ inbox_ids: [inbox_id], steps: [{}, { delay: "P1D" }] });
  for (const name of ["ada", "eve"]) {
    room.make.lead({ email: `${name}@far.test`, campaign_id: id });
  }
  await room.play(HOUR_MS);
  room.make.lead({ email: "new@far.test", campaign_id: id });
  room.ledger.write((tx) => pauseInbox(tx, inbox_id, { by: "test", reason: "it is ill" }));
  expect(forecast(id, 10)).toEqual({
    sends: [],
    last_date: null,
    remaining: 0,
    not_sent: { inbox_paused: 2, inbox_unusable: 1 },
  });
});
