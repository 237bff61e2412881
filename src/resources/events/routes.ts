// The URL of events, for those who cannot be called: what happened, in the order in which it did.
import { Elysia } from "elysia";

import { formatId, type IdPrefix, parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import { hiddenEvents } from "../../core/versions.ts";
import { page } from "../../http/envelope.ts";
import { cutPage, readPage } from "../../http/paging.ts";
import { pageOf } from "../../http/schemas.ts";
import type { Wiring } from "../../http/wiring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant, readJson } from "../../ledger/row.ts";
import { countEvents, listEvents } from "./list.store.ts";
import { Event, EventQuery } from "./schema.ts";
import type { EventRow } from "./store.ts";

const idOrNull = (prefix: IdPrefix, id: number | null) =>
  id === null ? null : formatId(prefix, id);
/** Null only where none is named: what is no id matches nothing. */
const readId = (prefix: IdPrefix, text: string | undefined) =>
  text === undefined ? null : (parseId(prefix, text) ?? -1);

function readAfter(text: string | undefined): number {
  const id = text === undefined ? 0 : parseId("evt", text);
  // Read as 0 it would hand out everything again.
  if (id === null) refuseIssues([issue("after", "must be the id of an event")]);
  return id ?? 0;
}

function showEvent(ledger: Ledger, row: EventRow, version: string): Event {
  const { at, ...detail } = readJson<Record<string, unknown>>(row.detail);
  return {
    id: formatId("evt", row.id),
    object: "event",
    event: row.event,
    created_at: formatInstant(row.created_at),
    mode: ledger.mode,
    version,
    data: {
      ...detail,
      ...(typeof at === "number" ? { at: formatInstant(at) } : {}),
      campaign_id: idOrNull("cmp", row.campaign_id),
      lead_id: idOrNull("lead", row.lead_id),
      step_id: idOrNull("stp", row.step_id),
      message_id: idOrNull("msg", row.message_id),
      inbox_id: idOrNull("inb", row.inbox_id),
    },
  };
}

export const events = (wiring: Wiring) =>
  new Elysia({ name: "events", prefix: "/events" })
    .use(wiring.auth)
    .guard({ ledger: true })
    .get(
      "/",
      ({ ledger, query, version }) => {
        const { limit, cursor, offset } = readPage(query);
        const filter = {
          event: query.event ?? null,
          campaign_id: readId("cmp", query.campaign_id),
          lead_id: readId("lead", query.lead_id),
          unknown: JSON.stringify(hiddenEvents(version)),
        };
        const after = readAfter(query.after);
        const rows = listEvents(ledger, {
          ...filter,
          after: cursor ?? after,
          limit: limit + 1,
          offset,
        });
        const cut = cutPage(query, rows, () => countEvents(ledger, { ...filter, after }));
        return page(
          cut.rows.map((row) => showEvent(ledger, row, version)),
          cut.pagination,
        );
      },
      {
        query: EventQuery,
        response: pageOf(Event),
        detail: {
          summary: "List events",
          description:
            "Oldest first, nothing missed and nothing twice: keep the id of the last event that you handled and pass it as `after`.",
        },
      },
    );
