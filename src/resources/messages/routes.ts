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
import { Message, MessageQuery, NewAnswer, NewTestMail, Resolution } from "./schema.ts";
import { readTestMail } from "./test-mail.ts";

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

function answer(ledger: Ledger, id: number) {
  const row = findShownMessage(ledger, id);
  if (!row) throw notFound("message");
  return ok(showMessage(ledger, row));
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
    .get("/:id", ({ ledger, params }) => answer(ledger, pathId("msg", params.id, "message")), {
      params: pathParams,
      response: okOf(Message),
      detail: {
        summary: "Get a message",
        description: "With its state and the server's last words.",
      },
    })
    .post(
      "/:id/resolve",
      ({ ledger, caller, params, body }) => {
        const id = pathId("msg", params.id, "message");
        wiring.resolve(ledger, id, { as: body.as, by: caller.public_id });
        return answer(ledger, id);
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

export const testMails = (wiring: Wiring) =>
  new Elysia({ name: "test-mails", prefix: "/campaigns" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .post(
      "/:id/test",
      async ({ ledger, params, body, once }) => {
        const wish = readTestMail(
          ledger,
          wiring.control,
          pathId("cmp", params.id, "campaign"),
          body,
        );
        // A request that was killed and comes again finds its mail, whatever became of it.
        const message_id = once.remember(() => ledger.write((tx) => tx.id()));
        if (!findShownMessage(ledger, message_id)) {
          await wiring.sendTestMail(ledger, { ...wish, message_id });
        }
        return answer(ledger, message_id);
      },
      {
        params: pathParams,
        body: NewTestMail,
        response: okOf(Message),
        detail: {
          operationId: "sendTestMail",
          summary: "Send a step to yourself",
          description:
            "Sends one step as `lead_id` would get it, or as the lead of the campaign that was made first, to `to`: one of your own inboxes, or the address of your account; any other address is a 400 `invalid_field`. It goes out at once, whatever the window, the pace and the limits say, from the lead's own inbox or the first active one of the campaign (409 `not_ready` where there is none), also from a draft. It counts nowhere: no limit, no number, no event, and nothing about the lead changes. The answer is the message, of kind `test`, with what the server said: it is `sent`, or `failed` and not tried again. A step without a subject comes under that of the first one, for there is no thread. In test mode it lands in the sandbox mailbox.",
        },
      },
    );

/** As a step's body is read. */
const BEGINS_WITH_TAG = /^\s*<[a-z!]/i;

export const answers = (wiring: Wiring) =>
  new Elysia({ name: "answers", prefix: "/replies" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .post(
      "/:id/send",
      async ({ ledger, caller, params, body, once }) => {
        const reply_id = pathId("rpl", params.id, "reply");
        // A request that was killed and comes again finds its mail, whatever became of it.
        const message_id = once.remember(() => ledger.write((tx) => tx.id()));
        if (!findShownMessage(ledger, message_id)) {
          await wiring.sendAnswer(ledger, {
            message_id,
            reply_id,
            by: caller.public_id,
            body: body.body,
            html: body.html ?? BEGINS_WITH_TAG.test(body.body),
            despite_suppression: body.despite_suppression ?? false,
          });
        }
        return answer(ledger, message_id);
      },
      {
        params: pathParams,
        body: NewAnswer,
        response: okOf(Message),
        detail: {
          operationId: "sendAnswer",
          summary: "Answer a reply",
          description: [
            "Sends a mail of kind `answer` to whoever wrote the reply, from the inbox that it came in at, in the same thread (`In-Reply-To`, `References`, `Re:`), with the inbox's signature and without tracking or List-Unsubscribe. The answer waits for the outcome, which is the message: it is `sent`; or `failed`, with the server's words, and not tried again; or `uncertain`, when the server's answer was lost: that is settled like any other (`/v1/messages/{id}/resolve`), and never by sending it once more. With an `Idempotency-Key` a repeated call sends nothing twice.",
            "It goes at once, outside of windows and pace and also when the day's limit is used up, but after a mail of that inbox that is on its way. It takes a place in the inbox's hour and day, for the provider counts it, and in no number of a campaign. A paused, lost or removed inbox, a bounce, and an untracked mail that was attached to nobody are a 409 `wrong_state`. A suppressed address is a 409 `lead_suppressed`, unless `despite_suppression` is `true`: for the one mail that somebody who asked to be left alone still expects. From then on you lead the conversation: where the lead's sequence still ran it is paused, as `you_took_over`, until somebody resumes it. In test mode it lands in the sandbox mailbox.",
          ].join("\n\n"),
        },
      },
    );
