// The URLs of test mode: a clock that moves when it is told to, and the mails that went out by it. For test keys only.
import { Elysia } from "elysia";

import { parseAddress } from "../../core/address.ts";
import { addDuration, DURATION_RULE, parseDuration } from "../../core/duration.ts";
import { notFound } from "../../core/faults.ts";
import { formatId, parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import { ok, page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { okOf, pageOf } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant } from "../../ledger/row.ts";
import { findWords } from "../messages/list.store.ts";
import { Advance, Advanced, MailboxQuery, SandboxMail, TestClock } from "./schema.ts";
import { listSandboxMails, type SandboxMail as SandboxRow } from "./store.ts";

/** The gate lets no live key come here; this is the second wall. */
function refuseLive(ledger: Ledger): void {
  if (ledger.mode !== "test") throw notFound("such route");
}

const showClock = (ledger: Ledger) => ({
  object: "test_clock" as const,
  now: formatInstant(ledger.clock.now()),
});

function showMail(ledger: Ledger, row: SandboxRow): SandboxMail {
  const raw = Buffer.from(row.bytes).toString("utf8");
  const named = /^X-Imail-Id: (msg_[0-9a-z]{11})\r?$/im.exec(raw)?.[1];
  const id = (named === undefined ? null : parseId("msg", named)) ?? row.id;
  const words = findWords(ledger, id);
  return {
    id: formatId("msg", id),
    object: "sandbox_mail",
    inbox_id: formatId("inb", row.inbox_id),
    from: row.sender,
    to: row.recipient,
    subject: words?.subject ?? null,
    text: words?.text ?? null,
    html: words?.html ?? null,
    raw,
    sent_at: formatInstant(row.arrives_at),
  };
}

/** The instant that lies `by` after the clock's. */
function readTarget(ledger: Ledger, by: string): number {
  const step = parseDuration(by);
  if (step === null) refuseIssues([issue("by", `must be ${DURATION_RULE}`)]);
  return addDuration(ledger.clock.now(), step ?? { days: 0, seconds: 0 }, ledger.workspace().zone);
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
          summary: "Read the test clock",
          description:
            "It starts at the real time when test mode is first used, and stands still until it is advanced.",
        },
      },
    )
    .post(
      "/clock/advance",
      async ({ ledger, body }) => {
        refuseLive(ledger);
        const { from, events } = await wiring.advance(ledger, readTarget(ledger, body.by));
        return ok({ ...showClock(ledger), advanced_from: formatInstant(from), events });
      },
      {
        body: Advance,
        response: okOf(Advanced),
        detail: {
          summary: "Advance the test clock",
          description:
            "Goes from due instant to due instant and runs everything in its order: a sequence of thirty days takes a second. One advance at a time (409 `clock_running`); the clock never goes back.",
        },
      },
    )
    .get(
      "/mailbox",
      ({ ledger, query }) => {
        refuseLive(ledger);
        const { limit, cursor } = readPage(query);
        const to = query.to === undefined ? null : (parseAddress(query.to) ?? query.to);
        const rows = listSandboxMails(ledger, {
          to,
          limit: limit + 1,
          before: cursor ?? Number.MAX_SAFE_INTEGER,
        });
        const cut = cutPage(query, rows);
        return page(
          cut.rows.map((row) => showMail(ledger, row)),
          cut.pagination,
        );
      },
      {
        query: MailboxQuery,
        response: pageOf(SandboxMail),
        detail: {
          summary: "List mails sent in test mode",
          description: "Newest first, with their raw bytes: what a recipient would have got.",
        },
      },
    );
