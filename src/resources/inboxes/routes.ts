// The URLs of inboxes.
import { Elysia } from "elysia";

import { created, ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import { connectInbox, getInbox } from "./actions.ts";
import { showInbox } from "./answer.ts";
import { Inbox, InboxQuery, NewInbox } from "./schema.ts";
import { listInboxes } from "./store.ts";

export const inboxes = (wiring: Wiring) =>
  new Elysia({ name: "inboxes", prefix: "/inboxes" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/",
      ({ ledger, query }) => {
        const { limit, cursor } = readPage(query);
        const rows = listInboxes(ledger, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
        const cut = cutPage(query, rows);
        return page(
          cut.rows.map((row) => showInbox(ledger, row)),
          cut.pagination,
        );
      },
      {
        query: InboxQuery,
        response: pageOf(Inbox),
        detail: { summary: "List inboxes", description: "Newest first." },
      },
    )
    .post(
      "/",
      async ({ ledger, body, set, request }) => {
        const id = await connectInbox(ledger, wiring, body, request.signal);
        const inbox = showInbox(ledger, getInbox(ledger, id));
        return created(set, `/v1/inboxes/${inbox.id}`, inbox);
      },
      {
        body: NewInbox,
        response: { 201: okOf(Inbox) },
        detail: {
          summary: "Connect an inbox",
          description:
            "Logs into SMTP and IMAP first and saves nothing unless both work: the error has the server's own words and names the field to look at. Hosts and ports of big providers are found from the address. The IMAP login is that of SMTP unless it names its own.",
        },
      },
    )
    .get(
      "/:id",
      ({ ledger, params }) =>
        ok(showInbox(ledger, getInbox(ledger, pathId("inb", params.id, "inbox")))),
      {
        params: pathParams,
        response: okOf(Inbox),
        detail: {
          summary: "Get an inbox",
          description:
            "With its state in the server's words, what it sent today, and how far it has been read.",
        },
      },
    );
