// The scenario's replies: listed, read, corrected and answered; and the calendars that tell of meetings.

import type { Play } from "./player.ts";

export const answered: Play[] = [
  {
    operation: "GET /v1/replies",
    query: { kind: "reply", unread: "true", limit: "2" },
    save: { reply: "data.0.id" },
  },
  { operation: "GET /v1/replies/:id", path: { id: "$reply" } },
  {
    operation: "PATCH /v1/replies/:id",
    path: { id: "$reply" },
    body: { category: "question", read: true },
  },
  {
    operation: "POST /v1/replies/:id/send",
    path: { id: "$reply" },
    headers: { "idempotency-key": "answer-to-bo" },
    body: { body: "Hi Bo,\n\nfor ten people it is 90 EUR a month. Shall we talk on Tuesday?" },
  },
];

export const calendars: Play[] = [
  {
    operation: "POST /v1/booking-sources",
    body: { name: "Cal.com, 30 minutes" },
    save: { booking_source: "data.id" },
  },
  { operation: "GET /v1/booking-sources", query: { limit: "5" } },
  { operation: "DELETE /v1/booking-sources/:id", path: { id: "$booking_source" } },
];
