// The URLs of inboxes.

import { Elysia } from "elysia";

import { created, noContent, ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { nothing, okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { getInbox, prepareInbox } from "./actions.ts";
import { showInbox } from "./answer.ts";
import { changeInbox, pauseInboxByRequest, resumeInboxByRequest } from "./change.ts";
import { reconnect } from "./reconnect.ts";
import { removeInbox } from "./remove.ts";
import { Inbox, InboxChange, InboxQuery, NewInbox, ReconnectBody, RemoveQuery } from "./schema.ts";
import { countInboxes, listInboxes } from "./store.ts";

const idOfPath = (text: string) => pathId("inb", text, "inbox");

/** What each failed login is called, in the words of the reference. */
const LOGIN_FAULTS =
  "400 `smtp_auth_failed`, `imap_auth_failed` (the server refuses the login), `smtp_unreachable`, `imap_unreachable`, `tls_untrusted`, `tls_mismatch`: each with the server's own words and the field to look at";

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listInboxes",
    summary: "List inboxes",
    description: "Newest first.",
  },
  connect: {
    operationId: "connectInbox",
    summary: "Connect an inbox",
    description: `Logs into SMTP and IMAP first and saves nothing unless both work (${LOGIN_FAULTS}). Hosts and ports that are left out are found from the address: big providers, the provider behind the domain's MX, then the SRV records of the domain itself (RFC 6186). A host of another domain is never taken from DNS, because the password would go there: the message names it, and you decide. The IMAP login is that of SMTP unless it names its own. 409 \`inbox_exists\` when the mailbox is connected already. With a test key take \`provider: "sandbox"\`, which has no servers; every other provider is for live keys (400 \`provider_mode\`).

With \`provider: "gmail"\` or \`"microsoft"\` and no password its owner signs in with the provider: the answer has \`status: "pending_auth"\` and a \`setup_url\`, to be opened in a browser on this machine; nothing is sent or read before that. The client is your own: 400 \`oauth_client_missing\` says which settings are missing and which redirect URI is to be registered. \`auth: "device"\` asks Microsoft for a code instead, which is typed on any other device (\`device\`); 400 \`oauth_client_refused\` in the provider's words, 503 \`unavailable\` when it cannot be asked. A token goes to the provider's own servers only, so \`smtp\` and \`imap\` are left out. The sign-in must open this very mailbox, or nothing is saved.`,
  },
  get: {
    operationId: "getInbox",
    summary: "Get an inbox",
    description:
      "With its state in the server's words, what it sent today, and how far it has been read.",
  },
  change: {
    operationId: "changeInbox",
    summary: "Change an inbox",
    description: `What is left out stays; \`reply_to: null\` empties it. A change of \`smtp\` or \`imap\` is logged into before it is saved, and nothing is saved unless both servers work (${LOGIN_FAULTS}). A stored password stays only for the host, user name and \`ca\` that it was given for: send it again when one of these changes. A new \`smtp.password\` is for IMAP as well where both shared one. \`email\` cannot change.`,
  },
  remove: {
    operationId: "deleteInbox",
    summary: "Delete an inbox",
    description:
      "Refused with 409 `inbox_in_use` and the number of leads that wait for it (`error.waiting`), unless `reassign_to` names another active inbox: that one takes its place in its campaigns, and the leads go on with it in new threads. Stored passwords are wiped and the mailbox can be connected elsewhere. Finished mails stay and keep naming the inbox. A campaign whose only inbox it was, and that nobody waits in, is paused.",
  },
  pause: {
    operationId: "pauseInbox",
    summary: "Pause an inbox",
    description:
      "Nothing is sent from it until it is resumed; leads that began with it wait. It is still read: replies and opt-outs have their effect. Pausing twice is harmless.",
  },
  resume: {
    operationId: "resumeInbox",
    summary: "Resume an inbox",
    description:
      "Sends again at its usual pace, whoever or whatever paused it: what was missed is not caught up in a burst. 409 `wrong_state` for an inbox that is `disconnected` or `needs_login`: reconnect that one.",
  },
  reconnect: {
    operationId: "reconnectInbox",
    summary: "Reconnect an inbox",
    description: `Logs into both servers anew with what is stored. Works: what was \`disconnected\` or \`needs_login\` is \`active\`, its failures are forgotten and it is read at once; a paused inbox stays paused. Does not: nothing changes (${LOGIN_FAULTS}). 409 \`wrong_state\` when the stored login cannot be opened with the present master key.

An inbox that is signed in with Google or Microsoft answers a new \`setup_url\`, or with \`auth: "device"\` a code: it goes on as it is until its owner has signed in there. \`auth\` also moves a gmail or microsoft inbox from a password to a sign-in. 400 \`oauth_client_missing\`, \`oauth_client_refused\`, 503 \`unavailable\` as when connecting.`,
  },
};

const one = { params: pathParams, response: okOf(Inbox) };

export const inboxes = (wiring: Wiring) => {
  const { sign_ins } = wiring;
  const answer = (ledger: Ledger, id: number, setup_url: string | null = null) =>
    ok(showInbox(ledger, sign_ins, getInbox(ledger, id), setup_url));
  return new Elysia({ name: "inboxes", prefix: "/inboxes" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/",
      ({ ledger, query }) => {
        const { limit, cursor, offset } = readPage(query);
        const before = cursor ?? Number.MAX_SAFE_INTEGER;
        const rows = listInboxes(ledger, { before, limit: limit + 1, offset });
        const cut = cutPage(query, rows, () => countInboxes(ledger));
        return page(
          cut.rows.map((row) => showInbox(ledger, sign_ins, row)),
          cut.pagination,
        );
      },
      { query: InboxQuery, response: pageOf(Inbox), detail: PROSE.list },
    )
    .post(
      "/",
      async ({ ledger, body, set, request, once }) => {
        const save = await prepareInbox(ledger, wiring, body, request.signal);
        return once.finish(() => {
          const inbox = showInbox(ledger, sign_ins, getInbox(ledger, save()));
          return created(set, `/v1/inboxes/${inbox.id}`, inbox);
        });
      },
      { body: NewInbox, response: { 201: okOf(Inbox) }, detail: PROSE.connect },
    )
    .get("/:id", ({ ledger, params }) => answer(ledger, idOfPath(params.id)), {
      ...one,
      detail: PROSE.get,
    })
    .patch(
      "/:id",
      async ({ ledger, params, body, request, once }) => {
        const id = idOfPath(params.id);
        await changeInbox(ledger, wiring, { id, change: body, once }, request.signal);
        return answer(ledger, id);
      },
      { ...one, body: InboxChange, detail: PROSE.change },
    )
    .delete(
      "/:id",
      async ({ ledger, params, query }) => {
        const id = idOfPath(params.id);
        const reassign_to = query.reassign_to ?? null;
        await removeInbox(ledger, wiring.control, { id, reassign_to });
        return noContent();
      },
      {
        params: pathParams,
        query: RemoveQuery,
        response: { 204: nothing },
        detail: PROSE.remove,
      },
    )
    .post(
      "/:id/pause",
      ({ ledger, params }) => {
        const id = idOfPath(params.id);
        pauseInboxByRequest(ledger, id);
        return answer(ledger, id);
      },
      { ...one, detail: PROSE.pause },
    )
    .post(
      "/:id/resume",
      ({ ledger, params }) => {
        const id = idOfPath(params.id);
        resumeInboxByRequest(ledger, id);
        return answer(ledger, id);
      },
      { ...one, detail: PROSE.resume },
    )
    .post(
      "/:id/reconnect",
      async ({ ledger, params, body, request }) => {
        const id = idOfPath(params.id);
        const wish = body ?? {};
        const { setup_url } = await reconnect(ledger, wiring, { id, wish }, request.signal);
        return answer(ledger, id, setup_url);
      },
      { ...one, body: ReconnectBody, detail: PROSE.reconnect },
    );
};
