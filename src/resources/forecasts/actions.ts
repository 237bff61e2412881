// What is asked before a campaign is played ahead, and how long that took.

import { AppError, notFound } from "../../core/faults.ts";
import type { ForecastWish, MadeForecast } from "../../core/forecast.ts";
import { systemClock } from "../../ledger/clock.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findCampaign } from "../campaigns/store.ts";
import { showForecast } from "./answer.ts";
import type { Forecast } from "./schema.ts";

interface House {
  forecast(ledger: Ledger, wish: ForecastWish): Promise<MadeForecast>;
}

/** What goes out when, from where and until when, if the campaign runs from now on. */
export async function forecastCampaign(
  ledger: Ledger,
  house: House,
  wish: ForecastWish,
): Promise<Forecast> {
  const begin = systemClock.now();
  const campaign = findCampaign(ledger, wish.campaign_id);
  if (!campaign) throw notFound("campaign");
  if (campaign.state === "archived")
    throw new AppError("wrong_state", "The campaign is archived: nothing of it will ever be sent.");
  const { zone } = ledger.workspace();
  const { as_of, ...run } = await house.forecast(ledger, wish);
  const computed_in_ms = Math.max(0, systemClock.now() - begin);
  return showForecast(run, { campaign, zone, days: wish.days, as_of, computed_in_ms });
}
