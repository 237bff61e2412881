// SQL for reading events in the order in which they happened: reads only. Their one writer is store.ts.
import type { Reading } from "../../ledger/database.ts";
import type { EventRow } from "./store.ts";

export interface EventFilter {
  /** Only ids above this one. */
  after: number;
  event: string | null;
  campaign_id: number | null;
  lead_id: number | null;
  /** As JSON: the names of events that the caller's snapshot of the API does not know. */
  unknown: string;
  limit: number;
  offset: number;
}

const MATCHES = `id > $after
  AND ($event IS NULL OR event = $event)
  AND ($campaign_id IS NULL OR campaign_id = $campaign_id)
  AND ($lead_id IS NULL OR lead_id = $lead_id)
  AND event NOT IN (SELECT value FROM json_each($unknown))`;

/** How many the filter lets through. */
export function countEvents(
  { db }: Reading,
  filter: Omit<EventFilter, "limit" | "offset">,
): number {
  return (
    db
      .query<{ n: number }, Record<string, string | number | null>>(
        `SELECT count(*) AS n FROM events WHERE ${MATCHES}`,
      )
      .get({ ...filter })?.n ?? 0
  );
}

/** Oldest first. */
export function listEvents({ db }: Reading, filter: EventFilter): EventRow[] {
  return db
    .query<EventRow, EventFilter & Record<string, string | number | null>>(
      `SELECT id, event, created_at, campaign_id, lead_id, step_id, message_id, inbox_id, detail
       FROM events
       WHERE ${MATCHES}
       ORDER BY id
       LIMIT $limit OFFSET $offset`,
    )
    .all({ ...filter });
}
