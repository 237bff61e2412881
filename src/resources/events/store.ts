// SQL of events and counters. Invariant 5: counters = counted events, so only `insertEvent` counts.
import type { EventSubject } from "../../core/events.ts";
import type { Reading, Tx } from "../../ledger/database.ts";

export interface EventRow extends EventSubject {
  id: number;
  event: string;
  created_at: number;
  detail: string;
}

interface NewEvent {
  event: string;
  subject: EventSubject;
  variant_id: string | null;
  detail: string;
  /** The workspace's local day. */
  day: string;
  /** The counter that it adds to, or null. */
  metric: string | null;
}

/** Writes one event and its counter. */
export function insertEvent(
  tx: Tx,
  { event, subject, variant_id, detail, day, metric }: NewEvent,
): number {
  const id = tx.id();
  tx.db
    .query(
      `INSERT INTO events (id, event, created_at, campaign_id, lead_id, step_id, message_id, inbox_id, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      id,
      event,
      tx.now,
      subject.campaign_id,
      subject.lead_id,
      subject.step_id,
      subject.message_id,
      subject.inbox_id,
      detail,
    );
  if (metric !== null) {
    tx.db
      .query(
        `INSERT INTO counters (day, campaign_id, step_id, inbox_id, variant_id, metric, n)
         VALUES (?, ?, ?, ?, ?, ?, 1)
         ON CONFLICT DO UPDATE SET n = n + 1`,
      )
      .run(
        day,
        subject.campaign_id ?? 0,
        subject.step_id ?? 0,
        subject.inbox_id ?? 0,
        variant_id ?? "",
        metric,
      );
  }
  return id;
}

/** How many events of each name came after this id: what an advance of the test clock reports. */
export function countEventsAfter({ db }: Reading, after: number): Record<string, number> {
  const rows = db
    .query<{ event: string; n: number }, [number]>(
      `SELECT event, count(*) AS n
       FROM events
       WHERE id > ?
       GROUP BY event
       ORDER BY event`,
    )
    .all(after);
  return Object.fromEntries(rows.map(({ event, n }) => [event, n]));
}

/** Was this told of the lead's message before? */
export function hasEvent(
  { db }: Reading,
  subject: { lead_id: number; message_id: number; event: string },
): boolean {
  return (
    db
      .query<{ one: number }, [number, number, string]>(
        "SELECT 1 AS one FROM events WHERE lead_id = ? AND message_id = ? AND event = ? LIMIT 1",
      )
      .get(subject.lead_id, subject.message_id, subject.event) !== null
  );
}

/** The id of the newest event, 0 when there is none. */
export function lastEventId({ db }: Reading): number {
  return db.query<{ id: number | null }, []>("SELECT max(id) AS id FROM events").get()?.id ?? 0;
}

/** Takes what names or quotes a person out of a lead's events; the bare facts stay (Invariant 8). */
export function eraseEventsOfLead(tx: Tx, lead_id: number): void {
  tx.db.query("UPDATE events SET detail = '{}', lead_id = NULL WHERE lead_id = ?").run(lead_id);
}

export interface FactEvent {
  event: string;
  step_id: number | null;
  created_at: number;
  category: string | null;
  machine: number | null;
}

/** What happened to a lead in a campaign, oldest first: what branches ask for. */
export function listFactEvents({ db }: Reading, campaign_id: number, lead_id: number): FactEvent[] {
  return db
    .query<FactEvent, [number, number]>(
      `SELECT event, step_id, created_at, detail ->> 'category' AS category, detail ->> 'machine' AS machine
       FROM events
       WHERE lead_id = ? AND campaign_id = ?
       ORDER BY id`,
    )
    .all(lead_id, campaign_id);
}
