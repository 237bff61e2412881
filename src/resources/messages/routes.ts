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
import { Message, MessageQuery } from "./schema.ts";

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
    );
