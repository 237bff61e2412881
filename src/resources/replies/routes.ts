// The URLs of replies: one inbox for all mailboxes.
import { Elysia } from "elysia";

import { AppError, notFound } from "../../core/faults.ts";
import { type IdPrefix, parseId } from "../../core/ids.ts";
import { invalidField } from "../../core/issues.ts";
import type { OpenedMail } from "../../core/opened-mail.ts";
import { ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { okOf, pageOf, pathId, pathParams } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { changeReply } from "./actions.ts";
import { showOpenReply, showReply } from "./answer.ts";
import { countReplies, listReplies, type ReplyFilter } from "./list.store.ts";
import { OpenReply, Reply, ReplyChange, ReplyQuery } from "./schema.ts";
import { findKept, type KeptReply } from "./store.ts";

const idOfPath = (text: string) => pathId("rpl", text, "reply");
/** Null only where none is named: what is no id matches nothing. */
const readId = (prefix: IdPrefix, text: string | undefined) =>
  text === undefined ? null : (parseId(prefix, text) ?? -1);

/** The prose of the reference. */
const PROSE = {
  list: {
    operationId: "listReplies",
    summary: "List replies",
    description:
      "Everything that came back to the mails of all inboxes, newest first: answers of people, absences, bounces, opt-outs, each judged. `category` asks for what counts: a person's word where there is one, else the machine's. `q` finds a part of the sender, the subject or the text, without regard to case. Filters are joined by “and”. With `untracked=true` those mails that look like answers and match no lead: only their envelope is kept, until somebody opens or attaches them.",
  },
  get: {
    operationId: "getReply",
    summary: "Get a reply",
    description:
      "With the thread that it stands in: our mails and theirs, in order, as plain text. The words of an untracked one are fetched from its mailbox now and are not stored; `text` is null when the mail is not there any more, and 503 `unavailable` says that the mailbox cannot be read at the moment. Opening does not mark it read.",
  },
  change: {
    operationId: "updateReply",
    summary: "Correct, attach or mark a reply",
    description: [
      "`category` says what it really means. The machine's word stays beside it as `machine_category`, a person's word stands, and imail learns from it. The lead's status follows its newest answer; `unsubscribe_request` suppresses the address in the whole workspace at once; an absence that turns out to be an answer stops the sequence. What a correction cannot do is start something again: a suppression is lifted only under `/v1/suppressions`, a stopped lead resumed only under `/v1/leads`. A bounce or a complaint is what its codes say: correcting it is a 409 `wrong_state`.",
      "`lead_id`, or the `message_id` that it answers, attaches an untracked mail: from then on it is the lead's, its words are kept, and it has the effect that it would have had. One that belongs to a lead already is a 409 `wrong_state`.",
      "`read` marks it. Fields that are left out stay as they are.",
    ].join("\n\n"),
  },
};

function getReply(ledger: Ledger, id: number): KeptReply {
  const reply = findKept(ledger, id);
  if (!reply) throw notFound("reply");
  return reply;
}

const isUntracked = ({ lead_id }: KeptReply) => lead_id === null;

/** Null where the mail is not in its mailbox any more. */
async function openBody(wiring: Wiring, ledger: Ledger, id: number): Promise<OpenedMail | null> {
  try {
    return await wiring.openUntracked(ledger, id);
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}

async function openAndShow(wiring: Wiring, ledger: Ledger, id: number) {
  const opened = await openBody(wiring, ledger, id);
  return ok({ ...showOpenReply(ledger, getReply(ledger, id)), text: opened?.text ?? null });
}

const answer = (ledger: Ledger, id: number) => ok(showOpenReply(ledger, getReply(ledger, id)));

function listPage(ledger: Ledger, query: typeof ReplyQuery.static) {
  const { limit, cursor, offset } = readPage(query);
  const filter: ReplyFilter = {
    category: query.category ?? null,
    kind: query.kind ?? null,
    campaign_id: readId("cmp", query.campaign_id),
    inbox_id: readId("inb", query.inbox_id),
    lead_id: readId("lead", query.lead_id),
    unread: query.unread === undefined ? null : Number(query.unread === "true"),
    untracked: Number(query.untracked === "true"),
    q: query.q ?? null,
  };
  const before = cursor ?? Number.MAX_SAFE_INTEGER;
  const rows = listReplies(ledger, { ...filter, before, limit: limit + 1, offset });
  const cut = cutPage(query, rows, () => countReplies(ledger, filter));
  return page(cut.rows.map(showReply), cut.pagination);
}

/** Whose it is to be, or null where nobody is named. */
function readAim({ lead_id, message_id }: typeof ReplyChange.static) {
  if (lead_id === undefined && message_id === undefined) return null;
  const message = readId("msg", message_id);
  if (message === -1) throw invalidField("message_id", "message_id names no mail to a lead");
  return { lead_id: readId("lead", lead_id), message_id: message };
}

export const replies = (wiring: Wiring) =>
  new Elysia({ name: "replies", prefix: "/replies" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get("/", ({ ledger, query }) => listPage(ledger, query), {
      query: ReplyQuery,
      response: pageOf(Reply),
      detail: PROSE.list,
    })
    .get(
      "/:id",
      // oxlint-disable-next-line promise-function-async -- it waits for untracked mails only, or If-Match could not be compared
      ({ ledger, params, request }) => {
        const id = idOfPath(params.id);
        // A PATCH asks here for the tag, in which the words have no part: it must not wait for a mailbox.
        return isUntracked(getReply(ledger, id)) && request.method !== "PATCH"
          ? openAndShow(wiring, ledger, id)
          : answer(ledger, id);
      },
      { params: pathParams, response: okOf(OpenReply), detail: PROSE.get },
    )
    .patch(
      "/:id",
      async ({ ledger, caller, params, body, once }) => {
        const id = idOfPath(params.id);
        const attach = readAim(body);
        const opened =
          attach && isUntracked(getReply(ledger, id)) ? await openBody(wiring, ledger, id) : null;
        return once.finish(() => {
          changeReply(ledger, id, {
            category: body.category ?? null,
            read: body.read ?? null,
            attach,
            opened,
            by: caller.public_id,
          });
          return answer(ledger, id);
        });
      },
      { params: pathParams, body: ReplyChange, response: okOf(OpenReply), detail: PROSE.change },
    );
