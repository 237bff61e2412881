// The URLs of test mode: a clock that moves when it is told to, the mails that went out by it, and mails that come in.
// For test keys only.

import { Elysia } from "elysia";

import { parseAddress } from "../../core/address.ts";
import { addDuration, DURATION_RULE, parseDuration } from "../../core/duration.ts";
import { notFound } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import { ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { okOf, pageOf, pathId, pathParams, rawBody } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant, formatInstantOrNull } from "../../ledger/row.ts";
import { showMail, showReceived } from "./answer.ts";
import {
  Advance,
  Advanced,
  MailboxQuery,
  ReceivedReply,
  SandboxMail,
  TestClock,
} from "./schema.ts";
import { countSandboxMails, findSandboxMail, listSandboxMails } from "./store.ts";

/** The gate lets no live key come here; this is the second wall. */
function refuseLive(ledger: Ledger): void {
  if (ledger.mode !== "test") throw notFound("such route");
}

const showClock = (ledger: Ledger) => ({
  object: "test_clock" as const,
  now: formatInstant(ledger.clock.now()),
});

/** The instant that lies `by` after the clock's. */
function readTarget(ledger: Ledger, by: string): number {
  const step = parseDuration(by);
  if (step === null) refuseIssues([issue("by", `must be ${DURATION_RULE}`)]);
  return addDuration(ledger.clock.now(), step ?? { days: 0, seconds: 0 }, ledger.workspace().zone);
}

async function advance(wiring: Wiring, ledger: Ledger, until: number) {
  const report = await wiring.advance(ledger, until);
  return ok({
    ...report,
    object: "test_clock" as const,
    from: formatInstant(report.from),
    now: formatInstant(report.now),
    next_at: formatInstantOrNull(report.next_at),
  });
}

function readInboxHeader(request: Request): number {
  const text = request.headers.get("x-inbox-id");
  const id = text === null ? null : parseId("inb", text.trim());
  if (id !== null) return id;
  const rule =
    text === null
      ? "is required: the header names the sandbox inbox that the mail comes in at (inb_…)"
      : "must be the id of a sandbox inbox (inb_…)";
  refuseIssues([issue("X-Inbox-Id", rule)]);
  return 0;
}

function readRaw(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body;
  refuseIssues([
    {
      field: "",
      message: "The body must be one raw mail (RFC 5322): headers, an empty line, text.",
    },
  ]);
  return new Uint8Array();
}

function getMail(ledger: Ledger, text: string) {
  refuseLive(ledger);
  const id = pathId("msg", text, "sandbox mail");
  const row = findSandboxMail(ledger, id, `X-Imail-Id: ${text.toLowerCase()}\r\n`);
  if (!row) throw notFound("sandbox mail");
  return row;
}

export const testMode = (wiring: Wiring) =>
  new Elysia({ name: "test", prefix: "/test" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/clock",
      ({ ledger }) => {
        refuseLive(ledger);
        return ok(showClock(ledger));
      },
      {
        response: okOf(TestClock),
        detail: {
          operationId: "getTestClock",
          summary: "Read the test clock",
          description:
            "It starts at the real time when test mode is first used, and stands still until it is advanced.",
        },
      },
    )
    .post(
      "/clock/advance",
      async ({ ledger, body, once }) => {
        refuseLive(ledger);
        // A retry after a crash goes on to the same instant instead of going as far again.
        return await advance(
          wiring,
          ledger,
          once.remember(() => readTarget(ledger, body.by)),
        );
      },
      {
        body: Advance,
        response: okOf(Advanced),
        detail: {
          operationId: "advanceTestClock",
          summary: "Advance the test clock",
          description:
            "Goes from due instant to due instant and runs everything in its order: a sequence of thirty days takes a second. Nothing happens in test mode while the clock stands still. At most `P366D` a call; one advance at a time (409 `clock_running`); the clock never goes back.\n\nMagic addresses, at any domain under `.test`: `reply+<category>@` answers after 90 minutes, `unsubscribe@` asks for no more mail, `ooo@` is away, `bounce+hard@` and `bounce+soft@` bounce, `sender-fault@` bounces for a reason that is yours, `complaint@` reports the mail as spam, `uncertain@` takes the mail and loses the answer that would say so. `open@`, `click@` and `scanner@` need a public URL; without one they do nothing and `notes` says so.",
        },
      },
    )
    .post(
      "/inbound",
      async ({ ledger, body, request }) => {
        refuseLive(ledger);
        const inbox_id = readInboxHeader(request);
        return ok(showReceived(await wiring.receive(ledger, inbox_id, readRaw(body))));
      },
      {
        body: rawBody,
        response: okOf(ReceivedReply),
        detail: {
          operationId: "deliverTestMail",
          parameters: [
            {
              name: "X-Inbox-Id",
              in: "header",
              required: true,
              description: "The sandbox inbox that the mail comes in at.",
              schema: { type: "string" },
            },
          ],
          summary: "Deliver a mail to a sandbox inbox",
          description:
            "Takes one raw mail (`Content-Type: message/rfc822`, at most 8 MB) as if IMAP had delivered it to the inbox that the header `X-Inbox-Id` names, lets it have its effect, and answers how it was judged. It is matched by `In-Reply-To` and `References` (the Message-IDs are in `GET /v1/messages` and in the raw mails of `GET /v1/test/mailbox`), by unsubscribe address, by the report that it is, or by its sender. A mail that belongs to no lead is judged and not stored: `outcome: untracked`. The same mail twice has its effect once: `outcome: repeated`. 404 `not_found` when there is no such sandbox inbox, 409 `clock_running` while the clock is being advanced.",
        },
      },
    )
    .get(
      "/mailbox",
      ({ ledger, query }) => {
        refuseLive(ledger);
        const { limit, cursor, offset } = readPage(query);
        const to = query.to === undefined ? null : (parseAddress(query.to) ?? query.to);
        const rows = listSandboxMails(ledger, {
          to,
          limit: limit + 1,
          offset,
          before: cursor ?? Number.MAX_SAFE_INTEGER,
        });
        const cut = cutPage(query, rows, () => countSandboxMails(ledger, to));
        return page(
          cut.rows.map((row) => showMail(ledger, row)),
          cut.pagination,
        );
      },
      {
        query: MailboxQuery,
        response: pageOf(SandboxMail),
        detail: {
          operationId: "listTestMails",
          summary: "List mails sent in test mode",
          description: "Newest first, with their raw bytes: what a recipient would have got.",
        },
      },
    )
    .get("/mailbox/:id", ({ ledger, params }) => ok(showMail(ledger, getMail(ledger, params.id))), {
      params: pathParams,
      response: okOf(SandboxMail),
      detail: {
        operationId: "getTestMail",
        summary: "Get a mail sent in test mode",
        description: "By the id of its message.",
      },
    })
    .get(
      "/mailbox/:id/raw",
      ({ ledger, params, set }) => {
        set.headers["content-type"] = "message/rfc822";
        return new Response(new Uint8Array(getMail(ledger, params.id).bytes));
      },
      {
        params: pathParams,
        detail: {
          operationId: "getTestMailBytes",
          summary: "Get the bytes of a mail sent in test mode",
          description:
            "Byte for byte what a recipient would have got, as `message/rfc822`: ready to be saved as an `.eml` file.",
        },
      },
    );
