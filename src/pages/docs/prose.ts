// What people have written about the API as a whole; all else in the reference is made from the routes.

import type { ApiProse } from "../../http/openapi.ts";

const DESCRIPTION = `imail sends sequences of mails from your own mailboxes, on your own machine, and reads the answers.

## First steps

1. Make keys where the data is: \`imail keys create --mode test --scopes all\`.
2. Ask for something: \`curl -H "Authorization: Bearer imk_test_…" http://127.0.0.1:7070/v1/campaigns\`.
3. Play a whole campaign in [test mode](#tag/test-mode) before you send one mail: the same API, a clock of its own, and no mail leaves the machine.

## Success and failure

A success is \`{"success": true, "data": …}\`, a list has \`pagination\` beside it. A failure is \`{"success": false, "error": {"code", "message", "field"?, "doc", "details"?}, "message", "request_id"}\`: \`error.code\` is for programs and never changes its meaning, the message says what is wrong with which place and what to do about it, \`error.doc\` opens the page of that code, \`details\` lists every invalid field. All codes: [/docs/errors](/docs/errors).

A field or a query parameter that a route does not know is refused by name (\`unknown_field\`); nothing is dropped in silence. Numbers are numbers: \`"3"\` and \`0x10\` are not.

## Ids, times, durations

Ids are texts with a prefix (\`cmp_\`, \`lead_\`, \`inb_\`, …) and sort by time. Instants are RFC 3339 in UTC (\`2027-01-04T09:00:00Z\`), durations are ISO 8601 (\`P3D\`, \`PT4H\`).

## Lists

\`?limit=1..100\` (25) and \`?cursor=\` with the \`next_cursor\` of the page before: newest first, stable while things are added. A cursor belongs to its filters. \`?page=N\` counts instead and answers \`page\`, \`pages\` and \`total\` as well.

## Once only

Every \`POST\` takes an \`Idempotency-Key\`. The same key with the same body is answered with the stored answer and \`Idempotent-Replayed: true\`; so a call whose answer got lost can be made again.

## Two people at once

Single things carry an \`ETag\`. \`If-None-Match\` saves the body (304), \`If-Match\` on a \`PATCH\` refuses to overwrite what has changed since it was read (412).

## Limits

Each key has a bucket of requests that refills: Surge 100 a minute with bursts of 240, Velocity 500 and 1,200. Every answer says what is left in \`X-RateLimit-Remaining\`; an empty bucket is a 429 with \`Retry-After\`. A body has at most 1 MB, on the bulk routes 8 MB.

## Versions

Within \`/v1\` nothing that is documented changes, only more is added. \`Imail-Version: YYYY-MM-DD\` pins the API to its state of that day. What was added when: [/docs/changelog](/docs/changelog).`;

/** Tags by the first word of the path, in the order in which the reference shows them. */
const TAGS: ApiProse["tags"] = {
  campaigns: {
    name: "Campaigns",
    description:
      "A sequence of up to 20 steps that goes to a list of leads from one or more inboxes, within a send window and daily limits. Created as a draft, started with `resume`, editable while it runs.",
  },
  leads: {
    name: "Leads",
    description:
      "The people who are written to. A lead is enrolled in a campaign at most once in its life; erasing it keeps its address from ever being mailed again.",
  },
  inboxes: {
    name: "Inboxes",
    description:
      "The mailboxes that mails go out from and answers come back to. They are logged into before they are saved; their limits and gaps hold for all campaigns together.",
  },
  messages: {
    name: "Messages",
    description:
      "One message is one mail to one lead for one step, and is sent at most once. An `uncertain` one waits for a person: the server's answer to it was lost.",
  },
  replies: {
    name: "Replies",
    description:
      "What came back, judged: answers, absences, bounces, opt-outs. One inbox for all mailboxes, in which a person's word stands above the machine's.",
  },
  "booking-sources": {
    name: "Booking sources",
    description:
      "Calendars that tell of meetings. Each has an address of its own and a secret that signs what it posts; a lead that books becomes `meeting`, and nothing more is sent to it by itself.",
  },
  suppressions: {
    name: "Suppressions",
    description:
      "Addresses and domains that are never mailed. Nothing that is sent gets past this list.",
  },
  events: {
    name: "Events",
    description:
      "What happened, in the order in which it did. Keep the id of the last one that you handled and ask for those `after` it.",
  },
  webhooks: {
    name: "Webhooks",
    description: "The same events, posted to you, signed, and tried again for 24 hours.",
  },
  deliveries: {
    name: "Deliveries",
    description: "What was posted to a webhook endpoint, and how it was taken.",
  },
  analytics: { name: "Analytics", description: "Raw counts; rates are yours to compute." },
  "api-keys": {
    name: "API keys",
    description:
      "A key belongs to one workspace and one mode and has scopes. Its secret is shown once; revoking acts on the next request.",
  },
  auth: {
    name: "Sessions",
    description: "How people sign in to imail's own pages. Programs use keys.",
  },
  workspaces: {
    name: "Workspaces",
    description: "Name, zone, tier and postal address. For signed-in people only.",
  },
  doctor: { name: "Doctor", description: "What is wrong with this installation, and what to do." },
  metrics: { name: "Public metrics", description: "Numbers without names, for everyone." },
  status: { name: "Status", description: "The health of each component, for everyone." },
  test: {
    name: "Test mode",
    description:
      "The same API on another ledger, for keys that begin with `imk_test_`. Inboxes are `sandbox`, mails go to a mailbox inside the program, and the recipient's address decides what happens, at any domain under `.test`: `reply+interested@`, `ooo@`, `bounce+hard@`, `bounce+soft@`, `sender-fault@`, `unsubscribe@`, `complaint@`. The clock stands still until you advance it; thirty days take a second.",
  },
  server: { name: "Server", description: "About the server itself." },
};

export const PROSE: ApiProse = {
  title: "imail API",
  summary: "Outbound e-mail from your own machine.",
  description: DESCRIPTION,
  tags: TAGS,
};
