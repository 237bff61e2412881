// The forecast over the API: made in a thread while requests go on, shown day by day, and true in test mode.
import { afterEach, beforeEach, expect, test } from "bun:test";

import type { Campaign } from "../../../src/resources/campaigns/schema.ts";
import type { Forecast } from "../../../src/resources/forecasts/schema.ts";
import { type Ask, askWith } from "../../world/ask.ts";
import { openTestHouse, type TestHouse } from "../../world/house.ts";
import { makeCampaign } from "../../world/make-campaign.ts";

/** A thread has to start, and machines have other things to do. */
const PATIENCE_MS = 60_000;

let house: TestHouse;
let ask: Ask;
beforeEach(async () => {
  house = await openTestHouse();
  ask = askWith(house, "test");
});
afterEach(async () => {
  await house.close();
});

async function campaignWithLeads(leads: number, changes: object = {}): Promise<Campaign> {
  const campaign = await makeCampaign(ask, changes);
  const people = Array.from({ length: leads }, (_, i) => ({ email: `lead${i}@company${i}.test` }));
  await ask("POST", "/leads/bulk", { campaign_id: campaign.id, leads: people });
  return campaign;
}

const askForecast = (id: string, days: number) =>
  ask<Forecast>("GET", `/campaigns/${id}/forecast?days=${days}`);

interface Clock {
  mails: { sent: number };
}

test(
  "a draft is told what would happen, and that comes to pass once it is started",
  async () => {
    const { id, steps } = await campaignWithLeads(12, { daily_limit: 5 });
    const { status, data } = await askForecast(id, 10);
    expect(status).toBe(200);
    expect(data).toMatchObject({ object: "forecast", if_resumed: true, campaign_status: "draft" });
    expect(data.days).toHaveLength(10);
    expect([data.from, data.to]).toEqual([data.days[0]?.date ?? "", data.days[9]?.date ?? ""]);
    for (const day of data.days) {
      expect(day.first_steps + day.follow_ups).toBe(day.sends);
      expect(day.by_inbox.reduce((sum, { sends }) => sum + sends, 0)).toBe(day.sends);
      expect(day.by_step.reduce((sum, { sends }) => sum + sends, 0)).toBe(day.sends);
    }
    expect(data.total).toBe(24);
    expect([data.remaining_after, data.not_sent]).toEqual([0, {}]);
    expect(data.days[0]?.by_step).toEqual([{ step_id: steps[0]?.id ?? "", sends: 5 }]);
    const last = data.days.findLast(({ sends }) => sends > 0);
    expect(data.done_by).toBe(last?.date ?? "");

    await ask("POST", `/campaigns/${id}/resume`);
    const played = await ask<Clock>("POST", "/test/clock/advance", { by: "P10D" });
    expect(played.data.mails.sent).toBe(24);
    expect((await askForecast(id, 3)).data).toMatchObject({
      total: 0,
      done_by: null,
      if_resumed: false,
    });
  },
  PATIENCE_MS,
);

test(
  "the same question at the same time has one answer; another one waits its turn",
  async () => {
    const { id } = await campaignWithLeads(40);
    const [one, same, other] = await Promise.all([
      askForecast(id, 20),
      askForecast(id, 20),
      askForecast(id, 21),
    ]);
    expect([one.status, same.status]).toEqual([200, 200]);
    expect(same.data.days).toEqual(one.data.days);
    expect([other.status, other.error.code]).toEqual([409, "forecast_running"]);
    expect(other.headers.get("retry-after")).toBe("5");
    expect((await askForecast(id, 21)).status).toBe(200);
  },
  PATIENCE_MS,
);

test(
  "requests are answered while a forecast is made",
  async () => {
    const { id } = await campaignWithLeads(600);
    const order: string[] = [];
    const forecast = askForecast(id, 60).then(({ status }) => order.push(`forecast ${status}`));
    for (let i = 0; i < 5; i++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as a dashboard asks
      const { status } = await ask("GET", `/campaigns/${id}`);
      order.push(`campaign ${status}`);
    }
    await forecast;
    expect(order).toEqual([...Array.from({ length: 5 }, () => "campaign 200"), "forecast 200"]);
  },
  PATIENCE_MS,
);

test("what cannot be foretold is refused", async () => {
  const { id } = await campaignWithLeads(1);
  for (const days of [0, 91]) {
    // oxlint-disable-next-line no-await-in-loop -- two calls
    const { status, error } = await askForecast(id, days);
    expect([status, error.code, error.field]).toEqual([400, "invalid_field", "days"]);
  }
  expect((await askForecast("cmp_00000000000", 5)).status).toBe(404);
  await ask("DELETE", `/campaigns/${id}`);
  expect((await askForecast(id, 5)).error.code).toBe("wrong_state");
});
