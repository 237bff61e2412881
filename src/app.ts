// All routes as one app, and the one table that says which key each of them takes.
import { type AccessTable, BULK_BYTES } from "./http/access.ts";
import { openFront } from "./http/front.ts";
import { pages } from "./http/pages.ts";
import type { Wiring } from "./http/wiring.ts";
import { campaigns } from "./resources/campaigns/routes.ts";
import { events } from "./resources/events/routes.ts";
import { inboxes } from "./resources/inboxes/routes.ts";
import { leads } from "./resources/leads/routes.ts";
import { messages } from "./resources/messages/routes.ts";
import { testMode } from "./resources/test/routes.ts";

/** Every route and the scope that it takes. A route that is not in here refuses to start. */
const ACCESS: AccessTable = {
  "GET /": "open",
  "GET /page.css": "open",
  "GET /livez": "open",
  "GET /docs/errors": "open",
  "GET /docs/errors/:code": "open",

  "GET /v1/campaigns": "campaigns:read",
  "POST /v1/campaigns": "campaigns:write",
  "GET /v1/campaigns/:id": "campaigns:read",
  "PATCH /v1/campaigns/:id": "campaigns:write",
  "DELETE /v1/campaigns/:id": "campaigns:write",
  "POST /v1/campaigns/:id/pause": "campaigns:write",
  "POST /v1/campaigns/:id/resume": "campaigns:write",

  "GET /v1/leads": "leads:read",
  "POST /v1/leads": "leads:write",
  "POST /v1/leads/bulk": { need: "leads:write", max_bytes: BULK_BYTES },
  "GET /v1/leads/:id": "leads:read",
  "PATCH /v1/leads/:id": "leads:write",
  "DELETE /v1/leads/:id": "leads:write",

  "GET /v1/inboxes": "inboxes:read",
  "POST /v1/inboxes": "inboxes:write",
  "GET /v1/inboxes/:id": "inboxes:read",

  "GET /v1/messages": "campaigns:read",
  "GET /v1/messages/:id": "campaigns:read",

  "GET /v1/events": "analytics:read",

  "GET /v1/test/clock": "test",
  "POST /v1/test/clock/advance": "test",
  "GET /v1/test/mailbox": "test",
};

export type App = ReturnType<typeof openApp>;

/** For `app.listen`: a body above this is refused by the socket itself. */
export const listenOptions = { maxRequestBodySize: BULK_BYTES } as const;

/** The app of a house. It listens on nothing until it is told to. */
export function openApp(wiring: Wiring) {
  const { root, seal } = openFront(wiring, ACCESS);
  const app = root
    .use(pages(wiring))
    .group("/v1", (v1) =>
      v1
        .use(campaigns(wiring))
        .use(leads(wiring))
        .use(inboxes(wiring))
        .use(messages(wiring))
        .use(events(wiring))
        .use(testMode(wiring)),
    );
  seal(app.routes);
  return app;
}
