// SQL of a lead's timeline: what happened, what was sent and what came back, as one list. It changes nothing.
// Ids are given in the order of time, one row of them for all tables of a ledger: they are the order.

import type { Reading } from "../../ledger/database.ts";

export interface TimelineRow {
  id: number;
  object: "event" | "message" | "reply";
  /** The event's name, the message's state, the reply's kind. */
  kind: string;
  at: number;
  campaign_id: number | null;
  step_id: number | null;
  message_id: number | null;
  inbox_id: number | null;
  subject: string | null;
  /** Of a message: its words; of a reply: its new text. */
  text: string | null;
  category: string | null;
  /** What is special to it, as JSON. */
  detail: string | null;
}

export interface TimelineWish {
  lead_id: number;
  /** Only ids below this one. */
  before: number;
  limit: number;
  offset: number;
}

/** Newest first. */
export function listTimeline({ db }: Reading, wish: TimelineWish): TimelineRow[] {
  return db
    .query<TimelineRow, TimelineWish & Record<string, number>>(
      `SELECT id, object, kind, at, campaign_id, step_id, message_id, inbox_id, subject, text, category, detail
       FROM (
         SELECT id, 'event' AS object, event AS kind, created_at AS at, campaign_id, step_id, message_id, inbox_id,
           NULL AS subject, NULL AS text, NULL AS category, detail
         FROM events WHERE lead_id = $lead_id AND id < $before
         UNION ALL
         SELECT id, 'message', state, queued_at, campaign_id, step_id, id, inbox_id, subject, text, NULL,
           json_object('kind', kind, 'by', sent_by)
         FROM messages WHERE lead_id = $lead_id AND id < $before
         UNION ALL
         SELECT id, 'reply', kind, received_at, campaign_id, NULL, message_id, inbox_id, subject, text,
           coalesce(person_category, category), json_object('source', iif(person_category IS NULL, source, 'person'))
         FROM replies WHERE lead_id = $lead_id AND id < $before)
       ORDER BY id DESC
       LIMIT $limit OFFSET $offset`,
    )
    .all({ ...wish });
}

/** How much there is in all. */
export function countTimeline({ db }: Reading, lead_id: number): number {
  return (
    db
      .query<{ n: number }, [number]>(
        `SELECT (SELECT count(*) FROM events WHERE lead_id = ?1)
              + (SELECT count(*) FROM messages WHERE lead_id = ?1)
              + (SELECT count(*) FROM replies WHERE lead_id = ?1) AS n`,
      )
      .get(lead_id)?.n ?? 0
  );
}
