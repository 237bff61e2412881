// SQL that takes out of a ledger what a forecast has to play: the campaign, the running campaigns that share its inboxes or
// its leads, and theirs. `main` is the ledger's file, `temp` the copy.

import type { LedgerCopy } from "../../ledger/copy.ts";
import type { Reading } from "../../ledger/database.ts";

/** More leads than this are not played: it would take longer than anybody waits. */
export const LEADS_MOST = 100_000;

const HOUR_MS = 3_600_000;
const WAITS = "state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL";
const OF_LEADS = "lead_id IN (SELECT lead_id FROM temp.enrollments)";
/** First steps that cannot be mailed take nobody's slot: so many beyond what the inboxes can send are played, too. */
const SPARE_SHARE = 1.25;
const SPARE_LEADS = 1000;

export interface Scene {
  campaign_ids: number[];
  inbox_ids: number[];
}

const list = (ids: readonly number[]) => JSON.stringify(ids);

/** The campaigns and inboxes that can take each other's slots, budgets or leads. */
export function findScene({ db }: Reading, campaign_id: number): Scene {
  const campaign_ids = [campaign_id];
  for (;;) {
    const inbox_ids = db
      .query<{ id: number }, [string]>(
        `SELECT inbox_id AS id FROM main.campaign_inboxes WHERE campaign_id IN (SELECT value FROM json_each(?1))
         UNION
         SELECT inbox_id FROM main.enrollments
         WHERE campaign_id IN (SELECT value FROM json_each(?1)) AND state IN ('waiting', 'held') AND inbox_id IS NOT NULL`,
      )
      .all(list(campaign_ids))
      .map(({ id }) => id);
    const more = listRivals({ db }, { campaign_ids, inbox_ids });
    if (more.length === 0) return { campaign_ids, inbox_ids };
    campaign_ids.push(...more);
  }
}

function listRivals({ db }: Reading, { campaign_ids, inbox_ids }: Scene): number[] {
  return db
    .query<{ id: number }, [string, string]>(
      `SELECT id
       FROM main.campaigns c
       WHERE state = 'active' AND id NOT IN (SELECT value FROM json_each(?1)) AND (
         EXISTS (SELECT 1 FROM main.campaign_inboxes ci
                 WHERE ci.campaign_id = c.id AND ci.inbox_id IN (SELECT value FROM json_each(?2)))
         OR EXISTS (SELECT 1 FROM main.enrollments e
                    WHERE e.campaign_id = c.id AND e.state IN ('waiting', 'held')
                      AND e.inbox_id IN (SELECT value FROM json_each(?2)))
         OR EXISTS (SELECT 1 FROM main.enrollments e
                    WHERE e.campaign_id = c.id AND e.state IN ('waiting', 'held')
                      AND EXISTS (SELECT 1 FROM main.enrollments o
                                  WHERE o.lead_id = e.lead_id AND o.state IN ('waiting', 'held')
                                    AND o.campaign_id IN (SELECT value FROM json_each(?1)))))`,
    )
    .all(list(campaign_ids), list(inbox_ids))
    .map(({ id }) => id);
}

/** A queue of first steps of which only the front is played. */
export interface CutQueue {
  campaign_id: number;
  zone: string;
  /** Leads that were left out. */
  left: number;
}

interface Plan {
  campaign_id: number;
  days: number;
  now: number;
  /** The first local day whose quotas count. */
  today: string;
}

/** Takes all rows that the rounds may ask for. The number of leads where they are too many, else the queues that were cut. */
export function takeScene(
  copy: LedgerCopy,
  { campaign_ids, inbox_ids }: Scene,
  plan: Plan,
): { too_many: number } | { cut: CutQueue[] } {
  const in_campaigns = "campaign_id IN (SELECT value FROM json_each(?))";
  const campaigns = [list(campaign_ids)];
  copy.take({
    table: "campaigns",
    where: "id IN (SELECT value FROM json_each(?))",
    values: campaigns,
  });
  copy.take({ table: "campaign_inboxes", where: in_campaigns, values: campaigns });
  copy.take({ table: "steps", where: `${in_campaigns} AND removed_at IS NULL`, values: campaigns });
  copy.take({
    table: "inboxes",
    where: "id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL",
    values: [list(inbox_ids)],
    instead: { smtp: "'null'", imap: "'null'", smtp_password: "NULL", imap_password: "NULL" },
  });
  const taken = takeEnrollments(copy, campaign_ids, plan);
  if ("too_many" in taken) return taken;
  takeWhatHappened(copy, list(inbox_ids), plan);
  return taken;
}

function takeEnrollments(
  copy: LedgerCopy,
  campaign_ids: readonly number[],
  { campaign_id, days }: Plan,
): { too_many: number } | { cut: CutQueue[] } {
  const capacity = Math.ceil(capacityOf(copy, days) * SPARE_SHARE) + SPARE_LEADS;
  const cut: CutQueue[] = [];
  let taken = 0;
  for (const id of campaign_ids) {
    for (const { zone, waiting } of listFirstQueues(copy, id)) {
      taken += copy.take({
        table: "enrollments",
        where: `id IN (SELECT id FROM main.enrollments
                       WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ? AND zone = ? ORDER BY due_at LIMIT ?)`,
        values: [id, zone, capacity],
      });
      if (waiting > capacity) cut.push({ campaign_id: id, zone, left: waiting - capacity });
    }
    // The campaign's own paused leads are told of; those of others do nothing.
    const states = id === campaign_id ? "'waiting', 'held', 'paused'" : "'waiting', 'held'";
    taken += copy.take({
      table: "enrollments",
      where: `campaign_id = ? AND state IN (${states}) AND NOT (${WAITS} AND inbox_id IS NULL)`,
      values: [id],
    });
    if (taken > LEADS_MOST) return { too_many: taken };
  }
  return { cut };
}

/** The most that all inboxes of the copy may send in so many days. */
function capacityOf({ db }: Reading, days: number): number {
  return (
    db
      .query<{ n: number | null }, [number]>(
        "SELECT sum(daily_limit) * (? + 1) AS n FROM temp.inboxes WHERE state = 'active'",
      )
      .get(days)?.n ?? 0
  );
}

function listFirstQueues(
  { db }: Reading,
  campaign_id: number,
): { zone: string; waiting: number }[] {
  return db
    .query<{ zone: string; waiting: number }, [number]>(
      `SELECT zone, count(*) AS waiting
       FROM main.enrollments
       WHERE ${WAITS} AND inbox_id IS NULL AND campaign_id = ?
       GROUP BY zone`,
    )
    .all(campaign_id);
}

/** What the leads have had so far, and what of the budgets is used up. Words and bytes stay where they are. */
function takeWhatHappened(copy: LedgerCopy, inboxes: string, { now, today }: Plan): void {
  copy.take({ table: "leads", where: "id IN (SELECT lead_id FROM temp.enrollments)" });
  copy.take({
    table: "messages",
    where: `${OF_LEADS} OR (inbox_id IN (SELECT value FROM json_each(?1)) AND slot_at > ?2)
      OR (inbox_id IN (SELECT value FROM json_each(?1)) AND state IN ('claimed', 'committed'))`,
    values: [inboxes, now - HOUR_MS],
    instead: {
      text: "NULL",
      html: "NULL",
      bytes: "CASE WHEN bytes IS NULL THEN NULL ELSE x'' END",
    },
  });
  copy.take({
    table: "events",
    where: `${OF_LEADS} AND event IN ('email.opened', 'email.clicked', 'reply.received', 'email.bounced.soft')
      AND EXISTS (SELECT 1 FROM temp.steps s WHERE s.campaign_id = events.campaign_id AND s.branches <> '[]')`,
  });
  copy.take({ table: "quotas", where: "day >= ?", values: [today] });
  copy.take({ table: "suppressions", where: "1" });
}

export interface Remnant {
  state: string;
  ended_by: string | null;
  blocked_by: string | null;
  zone: string;
  /** The lead's own inbox; null before its first mail. */
  inbox_id: number | null;
  inbox_state: string | null;
  leads: number;
}

/** How the campaign's leads stand, those alike together. */
export function listRemnants({ db }: Reading, campaign_id: number): Remnant[] {
  return db
    .query<Remnant, [number]>(
      `SELECT e.state, e.ended_by, e.blocked_by, e.zone, e.inbox_id, i.state AS inbox_state, count(*) AS leads
       FROM enrollments e
       LEFT JOIN inboxes i ON i.id = e.inbox_id
       WHERE e.campaign_id = ?
       GROUP BY 1, 2, 3, 4, 5, 6`,
    )
    .all(campaign_id);
}

/** The mails that are under way at this moment. */
export function listUnderWay({ db }: Reading): { id: number }[] {
  return db
    .query<{ id: number }, []>("SELECT id FROM messages WHERE state IN ('claimed', 'committed')")
    .all();
}

export interface PlayedMail {
  inbox_id: number;
  step_id: number;
  first_of_lead: number;
  sent_at: number;
}

/** The campaign's mails that were answered with `response`, in the order of time. */
export function listPlayed({ db }: Reading, campaign_id: number, response: string): PlayedMail[] {
  return db
    .query<PlayedMail, [number, string]>(
      `SELECT inbox_id, step_id, first_of_lead, sent_at
       FROM messages
       WHERE campaign_id = ? AND response = ? AND state = 'sent' AND step_id IS NOT NULL
       ORDER BY sent_at, id`,
    )
    .all(campaign_id, response);
}
