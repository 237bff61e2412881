// SQL for showing messages: reads only. Their one writer is store.ts.
import type { MessageKind, MessageState } from "../../core/states.ts";
import type { Reading } from "../../ledger/database.ts";

export interface ShownMessage {
  id: number;
  kind: MessageKind;
  state: MessageState;
  campaign_id: number | null;
  lead_id: number | null;
  enrollment_id: number | null;
  step_id: number | null;
  variant_id: string | null;
  inbox_id: number;
  /** The sending inbox's address: its domain ends the Message-ID. */
  inbox_email: string;
  /** The id that the provider gave it instead of ours, or null. */
  alias: string | null;
  subject: string;
  queued_at: number;
  sent_at: number | null;
  response: string | null;
  attempts: number;
}

const COLUMNS = `m.id, m.kind, m.state, m.campaign_id, m.lead_id, m.enrollment_id, m.step_id, m.variant_id, m.inbox_id,
  i.email AS inbox_email, (SELECT alias FROM message_aliases a WHERE a.message_id = m.id LIMIT 1) AS alias,
  m.subject, m.queued_at, m.sent_at, m.response, m.attempts`;

export interface MessageFilter {
  campaign_id: number | null;
  lead_id: number | null;
  inbox_id: number | null;
  state: MessageState | null;
  kind: MessageKind | null;
  /** Only ids below this one. */
  before: number;
  limit: number;
  offset: number;
}

const MATCHES = `($campaign_id IS NULL OR m.campaign_id = $campaign_id)
  AND ($lead_id IS NULL OR m.lead_id = $lead_id)
  AND ($inbox_id IS NULL OR m.inbox_id = $inbox_id)
  AND ($state IS NULL OR m.state = $state)
  AND ($kind IS NULL OR m.kind = $kind)`;

/** How many the filter lets through. */
export function countMessages(
  { db }: Reading,
  filter: Omit<MessageFilter, "before" | "limit" | "offset">,
): number {
  return (
    db
      .query<{ n: number }, Record<string, string | number | null>>(
        `SELECT count(*) AS n FROM messages m WHERE ${MATCHES}`,
      )
      .get({ ...filter })?.n ?? 0
  );
}

/** Newest first. */
export function listMessages({ db }: Reading, filter: MessageFilter): ShownMessage[] {
  return db
    .query<ShownMessage, MessageFilter & Record<string, string | number | null>>(
      `SELECT ${COLUMNS}
       FROM messages m
       JOIN inboxes i ON i.id = m.inbox_id
       WHERE m.id < $before AND ${MATCHES}
       ORDER BY m.id DESC
       LIMIT $limit OFFSET $offset`,
    )
    .all({ ...filter });
}

export function findShownMessage({ db }: Reading, id: number): ShownMessage | null {
  return db
    .query<ShownMessage, [number]>(
      `SELECT ${COLUMNS}
       FROM messages m
       JOIN inboxes i ON i.id = m.inbox_id
       WHERE m.id = ?`,
    )
    .get(id);
}

/** The words of a message as they were rendered, until retention or erasure takes them. */
export function findWords(
  { db }: Reading,
  id: number,
): { subject: string; text: string | null; html: string | null } | null {
  return db
    .query<{ subject: string; text: string | null; html: string | null }, [number]>(
      "SELECT subject, text, html FROM messages WHERE id = ?",
    )
    .get(id);
}
