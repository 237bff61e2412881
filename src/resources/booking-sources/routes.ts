// The URLs of booking sources. What the calendars post comes in by the public listener (actions.ts `takeBooking`).
import { Elysia } from "elysia";

import { formatId } from "../../core/ids.ts";
import { created, noContent, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { nothing, okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import { formatInstant, formatInstantOrNull } from "../../ledger/row.ts";
import { createBookingSource, refuseTooMany, removeBookingSource } from "./actions.ts";
import {
  BookingSource,
  BookingSourceQuery,
  NewBookingSource,
  ShownBookingSource,
} from "./schema.ts";
import { type BookingSourceRow, countBookingSources, listBookingSources } from "./store.ts";

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listBookingSources",
    summary: "List booking sources",
    description: "Newest first, without tokens and secrets.",
  },
  create: {
    operationId: "createBookingSource",
    summary: "Add a booking source",
    description: [
      "Gives a token and a secret, both shown once. The calendar then posts `booking.created`, `booking.cancelled`, `booking.rescheduled` and `booking.no_show` to `/b/<token>` of the public address, as JSON of at most 64 KB: the shapes of Cal.com and Calendly as they are, or a plain `{event, booking_id, email, start}`. Whoever books and is a lead becomes `meeting`, its sequences pause, and `meeting.booked` is told; of anybody else nothing is kept. The same news twice has its effect once.",
      "Each post is signed with the secret as it is shown: `X-Imatic-Signature: t=<epoch>,v1=<hex HMAC-SHA256 of \"t.body\">` with `t` within 5 minutes, Calendly's `Calendly-Webhook-Signature` in the same form, or Cal.com's `X-Cal-Signature-256`, whose post must have been written within 5 minutes. At most 100 sources (409 `wrong_state`); without the master key a secret cannot be stored (503 `unavailable`).",
    ].join("\n\n"),
  },
  remove: {
    operationId: "deleteBookingSource",
    summary: "Delete a booking source",
    description: "Its token opens nothing from now on. The meetings that it told of stay.",
  },
};

function show(row: BookingSourceRow): BookingSource {
  return {
    id: formatId("bks", row.id),
    object: "booking_source",
    name: row.name,
    last_used_at: formatInstantOrNull(row.used_at),
    created_at: formatInstant(row.created_at),
  };
}

export const bookingSources = (wiring: Wiring) =>
  new Elysia({ name: "booking-sources", prefix: "/booking-sources" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/",
      ({ ledger, query }) => {
        const { limit, cursor, offset } = readPage(query);
        const before = cursor ?? Number.MAX_SAFE_INTEGER;
        const rows = listBookingSources(ledger, { before, limit: limit + 1, offset });
        const cut = cutPage(query, rows, () => countBookingSources(ledger));
        return page(cut.rows.map(show), cut.pagination);
      },
      { query: BookingSourceQuery, response: pageOf(BookingSource), detail: PROSE.list },
    )
    .post(
      "/",
      ({ ledger, body, set }) => {
        refuseTooMany(countBookingSources(ledger));
        const made = createBookingSource(ledger, body.name);
        const shown = { ...show(made), token: made.token, secret: made.shown_secret };
        return created(set, "/v1/booking-sources", shown);
      },
      { body: NewBookingSource, response: { 201: okOf(ShownBookingSource) }, detail: PROSE.create },
    )
    .delete(
      "/:id",
      ({ ledger, params }) => {
        removeBookingSource(ledger, pathId("bks", params.id, "booking source"));
        return noContent();
      },
      { params: pathParams, response: { 204: nothing }, detail: PROSE.remove },
    );
