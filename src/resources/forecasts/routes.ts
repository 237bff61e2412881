// The URL of a campaign's forecast.
import { Elysia } from "elysia";

import { ok } from "../../http/envelope.ts";
import { okOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import { forecastCampaign } from "./actions.ts";
import { Forecast, ForecastQuery } from "./schema.ts";

const DAYS = 30;

export const forecasts = (wiring: Wiring) =>
  new Elysia({ name: "forecasts", prefix: "/campaigns" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/:id/forecast",
      async ({ ledger, params, query }) => {
        const campaign_id = pathId("cmp", params.id, "campaign");
        const wish = { campaign_id, days: query.days ?? DAYS };
        return ok(await forecastCampaign(ledger, wiring, wish));
      },
      {
        params: pathParams,
        query: ForecastQuery,
        response: okOf(Forecast),
        detail: {
          operationId: "forecastCampaign",
          summary: "Forecast a campaign",
          description:
            "What goes out on which day and from which inbox, and the day by which everybody has had their mails. The engine itself plays the coming days on a copy of the ledger, with every window, pace, budget and cool-down, and with the other campaigns that share inboxes or leads. `assumes` says what it takes for granted. A campaign that does not run is played as if it were started or resumed now (`if_resumed`); an archived one answers 409 `wrong_state`. One forecast at a time is made per workspace and mode (409 `forecast_running`); who asks for the same meanwhile gets the same answer, and for 10 seconds after it, as long as nothing has changed. Up to 100,000 leads are played: of longer queues only as many as can be mailed in that time (409 `forecast_too_large` where that is not enough). 10,000 leads over 90 days take a few seconds; after 60 the answer is 503 `unavailable`.",
        },
      },
    );
