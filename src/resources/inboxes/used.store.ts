// SQL that asks what an inbox is used for: its mails of a day, who waits for it, which campaigns it sends for.

import type { Reading } from "../../ledger/database.ts";

/** Mails that this inbox sent on a day: what its counters say. */
export function sentOn({ db }: Reading, inbox_id: number, day: string): number {
  return (
    db
      .query<{ sent: number | null }, [number, string]>(
        "SELECT sum(n) AS sent FROM counters WHERE inbox_id = ? AND day = ? AND metric = 'sent'",
      )
      .get(inbox_id, day)?.sent ?? 0
  );
}

/** How many leads wait for this inbox: theirs from the first mail on, or the only one that their campaign has. */
export function countWaiting({ db }: Reading, inbox_id: number): number {
  return (
    db
      .query<{ n: number }, [number]>(
        `SELECT count(*) AS n
         FROM enrollments e
         JOIN campaigns c ON c.id = e.campaign_id AND c.state <> 'archived'
         WHERE e.state NOT IN ('stopped', 'completed')
           AND (e.inbox_id = ?1 OR (e.inbox_id IS NULL AND e.campaign_id IN (
             SELECT ci.campaign_id
             FROM campaign_inboxes ci
             WHERE ci.inbox_id = ?1 AND NOT EXISTS (
               SELECT 1
               FROM campaign_inboxes o
               JOIN inboxes i ON i.id = o.inbox_id
               WHERE o.campaign_id = ci.campaign_id AND o.inbox_id <> ?1 AND i.deleted_at IS NULL))))`,
      )
      .get(inbox_id)?.n ?? 0
  );
}

/** The campaigns that list this inbox, or whose leads go on with it; archived ones are left as they were. */
export function listCampaignsOfInbox({ db }: Reading, inbox_id: number): number[] {
  return db
    .query<{ id: number }, [number]>(
      `SELECT id
       FROM campaigns
       WHERE state <> 'archived' AND (
         EXISTS (SELECT 1 FROM campaign_inboxes ci WHERE ci.campaign_id = campaigns.id AND ci.inbox_id = ?1)
         OR id IN (SELECT campaign_id FROM enrollments
                   WHERE inbox_id = ?1 AND state NOT IN ('stopped', 'completed')))
       ORDER BY id`,
    )
    .all(inbox_id)
    .map(({ id }) => id);
}

/** Is this the address of an inbox of this ledger? */
export function isOwnAddress({ db }: Reading, email: string): boolean {
  return (
    db
      .query<{ one: number }, [string]>(
        "SELECT 1 AS one FROM inboxes WHERE email = ? AND deleted_at IS NULL",
      )
      .get(email) !== null
  );
}
