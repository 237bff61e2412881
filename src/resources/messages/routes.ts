// The URLs of messages.
import { Elysia } from "elysia";

import { domainOf } from "../../core/address.ts";
import { notFound } from "../../core/faults.ts";
import { formatId, type IdPrefix, parseId } from "../../core/ids.ts";
import { messageIdOf } from "../../core/threading.ts";
import { ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant, formatInstantOrNull } from "../../ledger/row.ts";
import { countMessages, findShownMessage, listMessages, type ShownMessage } from "./list.store.ts";
import { Message, MessageQuery, Resolution } from "./schema.ts";

const idOrNull = (prefix: IdPrefix, id: number | null) =>
  id === null ? null : formatId(prefix, id);

function showMessage(ledger: Ledger, row: ShownMessage): Message {
  const domain = domainOf(row.inbox_email);
  return {
    id: formatId("msg", row.id),
    object: "message",
    kind: row.kind,
    campaign_id: idOrNull("cmp", row.campaign_id),
    lead_id: idOrNull("lead", row.lead_id),
    enrollment_id: idOrNull("enr", row.enrollment_id),
    step_id: idOrNull("stp", row.step_id),
    variant_id: row.variant_id,
    inbox_id: formatId("inb", row.inbox_id),
    state: row.state,
    message_id: `<${row.alias ?? messageIdOf(row.id, ledger.keys.message_id, domain)}>`,
    subject: row.subject,
    queued_at: formatInstant(row.queued_at),
    sent_at: formatInstantOrNull(row.sent_at),
    response: row.response,
    attempts: row.attempts,
  };
}

/** Null only where none is named: what is no id matches nothing. */
const readId = (prefix: IdPrefix, text: string | undefined) =>
  text === undefined ? null : (parseId(prefix, text) ?? -1);

export const messages = (wiring: Wiring) =>
  new Elysia({ name: "messages", prefix: "/messages" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/",
      ({ ledger, query }) => {
        const { limit, cursor, offset } = readPage(query);
        const filter = {
          campaign_id: readId("cmp", query.campaign_id),
          lead_id: readId("lead", query.lead_id),
          inbox_id: readId("inb", query.inbox_id),
          state: query.state ?? null,
          kind: query.kind ?? null,
        };
        const before = cursor ?? Number.MAX_SAFE_INTEGER;
        const rows = listMessages(ledger, { ...filter, before, limit: limit + 1, offset });
        const cut = cutPage(query, rows, () => countMessages(ledger, filter));
        return page(
          cut.rows.map((row) => showMessage(ledger, row)),
          cut.pagination,
        );
      },
      {
        query: MessageQuery,
        response: pageOf(Message),
        detail: {
          summary: "List messages",
          description:
            "Newest first. A message is one mail to one lead for one step, and is sent at most once.",
        },
      },
    )
    .get(
      "/:id",
      ({ ledger, params }) => {
        const row = findShownMessage(ledger, pathId("msg", params.id, "message"));
        if (!row) throw notFound("message");
        return ok(showMessage(ledger, row));
      },
      {
        params: pathParams,
        response: okOf(Message),
        detail: {
          summary: "Get a message",
          description: "With its state and the server's last words.",
        },
      },
    )
    .post(
      "/:id/resolve",
      ({ ledger, caller, params, body }) => {
        const id = pathId("msg", params.id, "message");
        wiring.resolve(ledger, id, { as: body.as, by: caller.public_id });
        const row = findShownMessage(ledger, id);
        if (!row) throw notFound("message");
        return ok(showMessage(ledger, row));
      },
      {
        params: pathParams,
        body: Resolution,
        response: okOf(Message),
        detail: {
          operationId: "resolveMessage",
          summary: "Settle a message in doubt",
          description:
            "A message is `uncertain` when the server's answer to it was lost: it may have gone out or not. imail looks for evidence by itself (the Sent folder, a bounce, an answer) and, after an hour without any, lets the sequence go on as if it had been sent; it never sends such a mail again. You can say what happened: `sent` counts it as sent; `failed` gives back its place in the day's limits, and the lead goes on with the next step; `send_again` puts it back in its place in the sequence, under the same Message-ID, and it goes out when every gate is open: the window, the limits, a fresh look at the inbox. That risks that the lead gets it twice. It is a 409 `cannot_send_again` when the lead's enrollment has ended, a later step has gone out, or its inbox is gone; any message that is not in doubt is a 409 `not_uncertain`. The timeline of the lead shows who decided what (`email.resolved`).",
        },
      },
    );
