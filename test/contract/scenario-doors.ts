// The scenario's calls that get no further than the door.

import type { Play } from "./player.ts";

export const doors: Play[] = [
  { operation: "GET /v1/campaigns", as: "nobody", fails: "missing_key" },
  {
    operation: "GET /v1/campaigns",
    as: "nobody",
    headers: { authorization: "Bearer imk_test_0000000000000000.unknown" },
    fails: "invalid_key",
  },
  { operation: "GET /v1/test/clock", as: "live", fails: "scope_missing" },
  {
    operation: "GET /v1/campaigns",
    headers: { "imail-version": "tomorrow" },
    fails: "invalid_version",
  },
  { operation: "PUT /v1/campaigns", fails: "method_not_allowed" },
  {
    operation: "POST /v1/leads",
    type: "text/plain",
    body: "email=cy@store.test",
    fails: "unsupported_media_type",
  },
  { operation: "GET /v1/campaigns", headers: { host: "example.com" }, fails: "wrong_host" },
  {
    operation: "POST /v1/campaigns",
    headers: { origin: "https://example.com" },
    body: {},
    fails: "wrong_origin",
  },
];
