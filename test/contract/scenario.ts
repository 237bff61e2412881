// One story that calls every operation of the API at least once, in an order that works. Its calls and their answers
// are the examples of the reference; the contract test plays it again and holds the answers against them.

import { looksAhead } from "./looks-ahead.ts";
import type { Play } from "./player.ts";
import { answered, calendars } from "./scenario-answers.ts";
import { doors } from "./scenario-doors.ts";
import { doubtful, doubts, sendAgainToRival } from "./scenario-doubts.ts";

const prepare: Play[] = [
  { operation: "POST /v1/test/clock/advance", body: { by: "$until_monday" }, hidden: true },
];

const inboxes: Play[] = [
  {
    operation: "POST /v1/inboxes",
    body: {
      email: "ada@sender.test",
      name: "Ada Reed",
      provider: "sandbox",
      daily_limit: 40,
      signature: "Ada Reed, Sender Ltd.",
    },
    save: { inbox: "data.id" },
  },
  {
    operation: "POST /v1/inboxes",
    body: { email: "ada@sender.test", provider: "sandbox" },
    fails: "inbox_exists",
  },
  {
    operation: "POST /v1/inboxes",
    body: { email: "ada@example.com", provider: "smtp" },
    fails: "provider_mode",
  },
  {
    operation: "POST /v1/inboxes",
    as: "live",
    body: { email: "ada@outlook.com", provider: "microsoft" },
    fails: "oauth_client_missing",
  },
  { operation: "GET /v1/inboxes", query: { limit: "10" } },
  { operation: "GET /v1/inboxes/:id", path: { id: "$inbox" } },
  {
    operation: "PATCH /v1/inboxes/:id",
    path: { id: "$inbox" },
    body: { daily_limit: 60, hourly_limit: 20, min_gap_seconds: 300 },
  },
  { operation: "POST /v1/inboxes/:id/pause", path: { id: "$inbox" } },
  { operation: "POST /v1/inboxes/:id/resume", path: { id: "$inbox" } },
  { operation: "POST /v1/inboxes/:id/reconnect", path: { id: "$inbox" } },
  {
    operation: "POST /v1/inboxes",
    body: { email: "eve@sender.test", name: "Eve Reed", provider: "sandbox" },
    save: { second_inbox: "data.id" },
    hidden: true,
  },
];

const campaigns: Play[] = [
  {
    operation: "POST /v1/campaigns",
    body: {
      name: "Q1: people who sell shoes",
      inbox_ids: ["$inbox"],
      steps: [
        {
          subject: "A question about {{ company }}",
          body: 'Hi {{ first_name | default: "there" }},\n\n{do you|would you} have a minute for a question?\n\nAda',
        },
        { delay: "P3D", subject: "", body: "Did my question get lost?\n\nAda" },
      ],
      send_window: {
        timezone: "lead",
        days: ["mon", "tue", "wed", "thu", "fri"],
        start: "09:00",
        end: "17:00",
      },
      daily_limit: 200,
    },
    save: { campaign: "data.id", step: "data.steps.0.id", second_step: "data.steps.1.id" },
  },
  {
    operation: "POST /v1/campaigns",
    body: {
      name: "Too eager",
      inbox_ids: ["$inbox"],
      steps: [{ subject: "Hello", body: "Hello" }],
      daily_limit: 6000,
    },
    fails: "invalid_field",
  },
  {
    operation: "POST /v1/campaigns",
    body: {
      name: "A slip of the pen",
      inbox_ids: ["$inbox"],
      steps: [{ subject: "Hello", body: "Hello" }],
      dayly_limit: 50,
    },
    fails: "unknown_field",
  },
  {
    operation: "POST /v1/campaigns",
    body: '{"name": "A missing brace"',
    fails: "malformed_json",
  },
  { operation: "GET /v1/campaigns", query: { status: "draft" } },
  { operation: "GET /v1/campaigns/:id", path: { id: "$campaign" } },
  {
    operation: "GET /v1/campaigns/:id",
    path: { id: "cmp_00000000000" },
    fails: "not_found",
  },
  {
    operation: "PATCH /v1/campaigns/:id",
    path: { id: "$campaign" },
    body: { daily_limit: 100, daily_new_leads: 20 },
  },
  {
    operation: "PATCH /v1/campaigns/:id",
    path: { id: "$campaign" },
    headers: { "if-match": '"long ago"' },
    body: { daily_limit: 50 },
    fails: "precondition_failed",
  },
  {
    operation: "POST /v1/campaigns",
    headers: { "idempotency-key": "spring-2027" },
    body: { name: "Spring", inbox_ids: ["$inbox"], steps: [{ subject: "Hello", body: "Hello" }] },
    save: { spare_campaign: "data.id" },
    hidden: true,
  },
  {
    operation: "POST /v1/campaigns",
    headers: { "idempotency-key": "spring-2027" },
    body: { name: "Summer", inbox_ids: ["$inbox"], steps: [{ subject: "Hello", body: "Hello" }] },
    fails: "idempotency_mismatch",
  },
  { operation: "POST /v1/campaigns/:id/duplicate", path: { id: "$campaign" } },
  { operation: "POST /v1/campaigns/:id/validate", path: { id: "$campaign" } },
];

const leads: Play[] = [
  {
    operation: "POST /v1/leads",
    body: {
      email: "reply+interested@shop.test",
      first_name: "Bo",
      last_name: "Lind",
      company: "Shop",
      timezone: "Europe/Berlin",
      tags: ["shoes"],
      custom: { shops: 3 },
      campaign_id: "$campaign",
    },
    save: { lead: "data.id" },
  },
  {
    operation: "POST /v1/leads",
    body: { email: "reply+interested@shop.test" },
    fails: "lead_exists",
  },
  {
    operation: "POST /v1/leads/bulk",
    body: {
      campaign_id: "$campaign",
      on_conflict: "update",
      leads: [
        { email: "cy@store.test", first_name: "Cy", company: "Store" },
        { email: "hal@plaza.test", first_name: "Hal", company: "Plaza" },
        { email: "bounce+hard@gone.test", first_name: "Di", company: "Gone" },
        { email: "cy@store.test" },
        { email: "nobody" },
      ],
    },
  },
  { operation: "GET /v1/leads", query: { campaign_id: "$campaign", limit: "2" } },
  {
    operation: "GET /v1/leads",
    query: { email: "cy@store.test" },
    save: { other_lead: "data.0.id" },
    hidden: true,
  },
  { operation: "GET /v1/leads/:id", path: { id: "$lead" } },
  {
    operation: "PATCH /v1/leads/:id",
    path: { id: "$lead" },
    body: { title: "Head of Sales", custom: { shops: 4 } },
  },
  ...looksAhead,
  {
    operation: "POST /v1/leads",
    body: { email: "flo@market.test", first_name: "Flo" },
    save: { third_lead: "data.id" },
    hidden: true,
  },
  {
    operation: "POST /v1/leads/:id/enroll",
    path: { id: "$third_lead" },
    body: { campaign_id: "$campaign" },
  },
  {
    operation: "POST /v1/leads/:id/enroll",
    path: { id: "$third_lead" },
    body: { campaign_id: "$campaign" },
    fails: "already_enrolled",
  },
  {
    operation: "POST /v1/leads/:id/pause",
    path: { id: "$third_lead" },
    body: { campaign_id: "$campaign" },
  },
  {
    operation: "POST /v1/leads/:id/resume",
    path: { id: "$third_lead" },
    body: { campaign_id: "$campaign" },
  },
  {
    operation: "POST /v1/leads/:id/stop",
    path: { id: "$third_lead" },
    body: { campaign_id: "$campaign" },
  },
];

const running: Play[] = [
  doubtful("uncertain@depot.test", { doubtful_lead: "data.id" }),
  doubtful("uncertain@rival.test", { rival_lead: "data.id" }),
  { operation: "POST /v1/campaigns/:id/resume", path: { id: "$campaign" } },
  { operation: "GET /v1/campaigns/:id/explain", path: { id: "$campaign" } },
  { operation: "GET /v1/leads/:id/explain", path: { id: "$lead" } },
  { operation: "GET /v1/test/clock" },
  { operation: "POST /v1/test/clock/advance", body: { by: "P1D" } },
  { operation: "GET /v1/test/mailbox", query: { to: "reply+interested@shop.test" } },
  {
    operation: "GET /v1/messages",
    query: { campaign_id: "$campaign", state: "sent", limit: "2" },
    save: { message: "data.0.id" },
  },
  { operation: "GET /v1/messages/:id", path: { id: "$message" } },
  { operation: "GET /v1/test/mailbox/:id", path: { id: "$message" } },
  { operation: "GET /v1/test/mailbox/:id/raw", path: { id: "$message" } },
  {
    operation: "POST /v1/test/inbound",
    headers: { "x-inbox-id": "$inbox" },
    type: "message/rfc822",
    body: [
      "From: Cy <cy@store.test>",
      "To: Ada Reed <ada@sender.test>",
      "Subject: Re: A question about Store",
      "Date: Mon, 04 Jan 2027 12:00:00 +0000",
      "Message-ID: <7f3a@store.test>",
      "Content-Type: text/plain; charset=utf-8",
      "",
      "Please stop writing to me.",
      "",
    ].join("\r\n"),
  },
  ...answered,
  { operation: "GET /v1/leads/:id/timeline", path: { id: "$lead" }, query: { limit: "3" } },
  {
    operation: "GET /v1/events",
    query: { campaign_id: "$campaign", event: "email.sent", limit: "2" },
  },
  {
    operation: "PATCH /v1/campaigns/:id",
    path: { id: "$campaign" },
    body: { steps: [{ id: "$second_step", subject: "A question" }] },
    fails: "step_in_use",
  },
  { operation: "POST /v1/campaigns/:id/pause", path: { id: "$campaign" } },
  {
    operation: "DELETE /v1/inboxes/:id",
    path: { id: "$inbox" },
    fails: "inbox_in_use",
  },
];

const suppressions: Play[] = [
  {
    operation: "POST /v1/suppressions",
    body: { value: "rival.test", evidence: "They asked by phone on 4 January" },
    save: { suppression: "data.id" },
  },
  {
    operation: "POST /v1/suppressions/bulk",
    body: {
      suppressions: [
        { value: "gil@store.test", reason: "unsubscribed", evidence: "Old list" },
        { value: "rival.test" },
        { value: "no address" },
      ],
    },
  },
  sendAgainToRival,
  { operation: "GET /v1/suppressions", query: { kind: "domain" } },
  { operation: "GET /v1/suppressions/:id", path: { id: "$suppression" } },
  { operation: "DELETE /v1/suppressions/:id", path: { id: "$suppression" } },
];

const keys: Play[] = [
  {
    operation: "POST /v1/api-keys",
    body: {
      name: "CI",
      scopes: ["campaigns:write", "leads:write"],
      expires_at: "2099-01-01T00:00:00Z",
    },
    save: { key: "data.id" },
  },
  { operation: "GET /v1/api-keys", query: { limit: "1" } },
  { operation: "GET /v1/api-keys/:id", path: { id: "$key" } },
  { operation: "PATCH /v1/api-keys/:id", path: { id: "$key" }, body: { scopes: ["leads:write"] } },
  { operation: "POST /v1/api-keys/:id/rotate", path: { id: "$key" } },
  { operation: "DELETE /v1/api-keys/:id", path: { id: "$key" } },
];

const PASSWORD = "correct horse battery";

const people: Play[] = [
  {
    operation: "POST /v1/auth/setup",
    as: "nobody",
    body: { token: "$setup_token", email: "ada@example.com", password: PASSWORD },
  },
  {
    operation: "POST /v1/auth/setup",
    as: "nobody",
    body: { token: "used before", email: "ada@example.com", password: PASSWORD },
    fails: "wrong_state",
  },
  {
    operation: "POST /v1/auth/login",
    as: "nobody",
    body: { email: "ada@example.com", password: "correct horse" },
    fails: "login_failed",
  },
  {
    operation: "POST /v1/auth/login",
    as: "nobody",
    body: { email: "ada@example.com", password: PASSWORD },
  },
  { operation: "GET /v1/auth/session", as: "session" },
  { operation: "GET /v1/auth/session", fails: "session_only" },
  {
    operation: "POST /v1/workspaces",
    as: "session",
    body: { name: "Sales", zone: "Europe/Berlin" },
    save: { workspace: "data.id" },
  },
  { operation: "GET /v1/workspaces", as: "session", query: { limit: "1" } },
  { operation: "GET /v1/workspaces/:id", as: "session", path: { id: "$workspace" } },
  {
    operation: "PATCH /v1/workspaces/:id",
    as: "session",
    path: { id: "$workspace" },
    body: { postal_address: "Sender GmbH, Hauptstr. 1, 10115 Berlin", retention_days: 730 },
  },
  {
    operation: "POST /v1/auth/password",
    as: "session",
    body: { current_password: PASSWORD, new_password: "battery staple horse" },
  },
  { operation: "POST /v1/auth/logout", as: "session" },
];

const endings: Play[] = [
  { operation: "DELETE /v1/leads/:id", path: { id: "$other_lead" } },
  {
    operation: "POST /v1/leads",
    body: { email: "cy@store.test" },
    fails: "lead_suppressed",
  },
  {
    operation: "DELETE /v1/inboxes/:id",
    path: { id: "$inbox" },
    query: { reassign_to: "$second_inbox" },
  },
  { operation: "DELETE /v1/campaigns/:id", path: { id: "$campaign" } },
];

const meanings: Play[] = [
  {
    operation: "POST /v1/replies/classify",
    body: { text: "Thanks, but we are not interested." },
  },
];

/** All calls, in their order. */
export const SCENARIO: readonly Play[] = [
  ...prepare,
  ...inboxes,
  ...campaigns,
  ...leads,
  ...running,
  ...doubts,
  ...calendars,
  ...suppressions,
  ...meanings,
  ...keys,
  ...people,
  ...endings,
  ...doors,
];
