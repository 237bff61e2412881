// The calls of the scenario that look ahead before a campaign starts: the preview, a step to oneself, and the forecast.

import type { Play } from "./player.ts";

export const looksAhead: Play[] = [
  {
    operation: "POST /v1/campaigns/:id/preview",
    path: { id: "$campaign" },
    body: { lead_id: "$lead" },
  },
  {
    operation: "POST /v1/campaigns/:id/test",
    path: { id: "$campaign" },
    body: { step_id: "$step", to: "ada@sender.test", lead_id: "$lead" },
  },
  {
    operation: "POST /v1/campaigns/:id/test",
    path: { id: "$campaign" },
    body: { step_id: "$step", to: "somebody@else.test" },
    fails: "invalid_field",
  },
  { operation: "GET /v1/campaigns/:id/forecast", path: { id: "$campaign" }, query: { days: "7" } },
];
