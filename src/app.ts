// All routes as one app, and the one table that says which key each of them takes.
import { type AccessTable, BULK_BYTES } from "./http/access.ts";
import { accountPages } from "./http/account-pages.ts";
import { openFront } from "./http/front.ts";
import { pages } from "./http/pages.ts";
import { signInPages } from "./http/sign-in-pages.ts";
import type { Wiring } from "./http/wiring.ts";
import { openManual } from "./pages/docs/manual.ts";
import { docs } from "./pages/docs/routes.ts";
import { apiKeys } from "./resources/api-keys/routes.ts";
import { auth } from "./resources/auth/routes.ts";
import { bookingSources } from "./resources/booking-sources/routes.ts";
import { campaigns } from "./resources/campaigns/routes.ts";
import { events } from "./resources/events/routes.ts";
import { explain, explainLocally } from "./resources/explain/routes.ts";
import { forecasts } from "./resources/forecasts/routes.ts";
import { inboxes } from "./resources/inboxes/routes.ts";
import { leads } from "./resources/leads/routes.ts";
import { meanings } from "./resources/meanings/routes.ts";
import { answers, messages, testMails } from "./resources/messages/routes.ts";
import { replies } from "./resources/replies/routes.ts";
import { status } from "./resources/status/routes.ts";
import { suppressions } from "./resources/suppressions/routes.ts";
import { testMode } from "./resources/test/routes.ts";
import { workspaces } from "./resources/workspaces/routes.ts";

/** Every route and the scope that it takes. A route that is not in here refuses to start. */
const ACCESS: AccessTable = {
  "GET /": "open",
  "GET /login": "open",
  "GET /setup": "open",
  "GET /account.js": "open",
  "GET /oauth/start": "open",
  "GET /oauth/callback": "open",
  "GET /page.css": "open",
  "GET /livez": "open",
  "GET /readyz": "open",
  "GET /local/status": "open",
  "GET /local/explain/:id": "open",
  "GET /docs": "open",
  "GET /docs/scalar.js": "open",
  "GET /docs/changelog": "open",
  "GET /docs/errors": "open",
  "GET /docs/errors/:code": "open",
  "GET /docs/explain": "open",
  "GET /changelog": "open",
  "GET /llms.txt": "open",
  "GET /openapi.json": "open",

  "GET /v1/campaigns": "campaigns:read",
  "POST /v1/campaigns": "campaigns:write",
  "GET /v1/campaigns/:id": "campaigns:read",
  "PATCH /v1/campaigns/:id": "campaigns:write",
  "DELETE /v1/campaigns/:id": "campaigns:write",
  "POST /v1/campaigns/:id/pause": "campaigns:write",
  "POST /v1/campaigns/:id/resume": "campaigns:write",
  "GET /v1/campaigns/:id/explain": "campaigns:read",
  "POST /v1/campaigns/:id/duplicate": "campaigns:write",
  "POST /v1/campaigns/:id/validate": "campaigns:read",
  "POST /v1/campaigns/:id/preview": "campaigns:read",
  "POST /v1/campaigns/:id/test": "campaigns:write",
  "GET /v1/campaigns/:id/forecast": "campaigns:read",

  "GET /v1/leads": "leads:read",
  "POST /v1/leads": "leads:write",
  "POST /v1/leads/bulk": {
    need: "leads:write",
    max_bytes: BULK_BYTES,
    takes: ["application/json", "text/csv"],
  },
  "GET /v1/leads/:id": "leads:read",
  "PATCH /v1/leads/:id": "leads:write",
  "DELETE /v1/leads/:id": "leads:write",
  "GET /v1/leads/:id/timeline": "leads:read",
  "GET /v1/leads/:id/explain": "leads:read",
  "POST /v1/leads/:id/enroll": "leads:write",
  "POST /v1/leads/:id/pause": "leads:write",
  "POST /v1/leads/:id/resume": "leads:write",
  "POST /v1/leads/:id/stop": "leads:write",

  "GET /v1/inboxes": "inboxes:read",
  "POST /v1/inboxes": "inboxes:write",
  "GET /v1/inboxes/:id": "inboxes:read",
  "PATCH /v1/inboxes/:id": "inboxes:write",
  "DELETE /v1/inboxes/:id": "inboxes:write",
  "POST /v1/inboxes/:id/pause": "inboxes:write",
  "POST /v1/inboxes/:id/resume": "inboxes:write",
  "POST /v1/inboxes/:id/reconnect": "inboxes:write",

  "GET /v1/suppressions": "leads:read",
  "POST /v1/suppressions": "leads:write",
  "POST /v1/suppressions/bulk": {
    need: "leads:write",
    max_bytes: BULK_BYTES,
    takes: ["application/json", "text/csv"],
  },
  "GET /v1/suppressions/:id": "leads:read",
  "DELETE /v1/suppressions/:id": "leads:write",

  "GET /v1/messages": "campaigns:read",
  "GET /v1/messages/:id": "campaigns:read",
  "POST /v1/messages/:id/resolve": "campaigns:write",

  "GET /v1/replies": "replies:read",
  "GET /v1/replies/:id": "replies:read",
  "PATCH /v1/replies/:id": "replies:write",
  "POST /v1/replies/:id/send": "replies:write",

  "GET /v1/booking-sources": "leads:write",
  "POST /v1/booking-sources": "leads:write",
  "DELETE /v1/booking-sources/:id": "leads:write",
  "POST /v1/replies/classify": "replies:read",

  "GET /v1/events": "analytics:read",

  "GET /v1/api-keys": "keys:write",
  "POST /v1/api-keys": { need: "keys:write", changes: "control" },
  "GET /v1/api-keys/:id": "keys:write",
  "PATCH /v1/api-keys/:id": "keys:write",
  "DELETE /v1/api-keys/:id": "keys:write",
  "POST /v1/api-keys/:id/rotate": { need: "keys:write", changes: "control" },

  "POST /v1/auth/setup": "open",
  "POST /v1/auth/login": "open",
  "POST /v1/auth/logout": { need: "session", changes: "control" },
  "GET /v1/auth/session": "session",
  "POST /v1/auth/password": { need: "session", changes: "control" },

  "GET /v1/workspaces": "session",
  "POST /v1/workspaces": { need: "session", changes: "control" },
  "GET /v1/workspaces/:id": "session",
  "PATCH /v1/workspaces/:id": "session",

  "GET /v1/test/clock": "test",
  "POST /v1/test/clock/advance": "test",
  "POST /v1/test/inbound": { need: "test", max_bytes: BULK_BYTES, takes: ["message/rfc822"] },
  "GET /v1/test/mailbox": "test",
  "GET /v1/test/mailbox/:id": "test",
  "GET /v1/test/mailbox/:id/raw": "test",
};

export type App = ReturnType<typeof openApp>;

/**
 * For `app.listen`. The socket itself would refuse a large body with an empty 413, so it takes all that is announced and
 * the gate refuses it unread, in our words. Headers above 16 KB and what is no HTTP stay with the socket: an empty 431
 * or 400.
 */
export const listenOptions = { maxRequestBodySize: 2 ** 40 } as const;

/** The app of a house. It listens on nothing until it is told to. */
export function openApp(wiring: Wiring) {
  const { root, seal } = openFront(wiring, ACCESS);
  const manual = openManual(ACCESS);
  const app = root
    .use(pages())
    .use(accountPages(wiring))
    .use(signInPages(wiring))
    .use(docs(manual))
    .use(status(wiring))
    .use(explainLocally(wiring))
    .group("/v1", (v1) =>
      v1
        .use(campaigns(wiring))
        .use(forecasts(wiring))
        .use(leads(wiring))
        .use(explain(wiring))
        .use(inboxes(wiring))
        .use(suppressions(wiring))
        .use(messages(wiring))
        .use(meanings(wiring))
        .use(testMails(wiring))
        .use(replies(wiring))
        .use(answers(wiring))
        .use(bookingSources(wiring))
        .use(events(wiring))
        .use(testMode(wiring))
        .use(apiKeys(wiring))
        .use(auth(wiring))
        .use(workspaces(wiring)),
    );
  seal(app.routes);
  manual.learn(app.routes);
  return app;
}
