// SQL that sums up a ledger for its owner: reads only, each count out of an index of what waits.

import type { Reading } from "../../ledger/database.ts";

export interface Waiting {
  /** Steps whose time has come: the next windows, paces and limits let them out. */
  due: number;
  /** Steps that are due later. */
  later: number;
  /** The earliest of those, ms UTC. */
  next_at: number | null;
  /** Kept back by something of the lead alone: a missing variable, a cool-down. */
  blocked: number;
  /** Held until a day that the lead named. */
  held: number;
  /** Mails that a server put off. */
  retries: number;
  /** Mails of which only evidence can say whether they went out. */
  uncertain: number;
  under_way: number;
}

interface Planned {
  due: number | null;
  later: number | null;
  next_at: number | null;
}

/** What waits in the active campaigns at `now`. */
export function readWaiting(reading: Reading, now: number): Waiting {
  const planned = [...listPlanned(reading, now)];
  const next = planned.flatMap(({ next_at }) => (next_at === null ? [] : [next_at]));
  return {
    due: sum(planned.map(({ due }) => due)),
    later: sum(planned.map(({ later }) => later)),
    next_at: next.length === 0 ? null : Math.min(...next),
    ...countKeptBack(reading),
  };
}

const sum = (counts: readonly (number | null)[]) =>
  counts.reduce<number>((total, count) => total + (count ?? 0), 0);

// Two queries with the conditions of the two partial indexes, word for word: each is read from its index alone.
function listPlanned({ db }: Reading, now: number): Planned[] {
  const counts = `sum(due_at <= ?1) AS due, sum(due_at > ?1) AS later, min(CASE WHEN due_at > ?1 THEN due_at END) AS next_at`;
  const active = "campaign_id IN (SELECT id FROM campaigns WHERE state = 'active')";
  return [
    `SELECT ${counts} FROM enrollments
     WHERE state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL AND inbox_id IS NULL AND ${active}`,
    `SELECT ${counts} FROM enrollments
     WHERE state = 'waiting' AND in_flight IS NULL AND blocked_until IS NULL AND inbox_id IS NOT NULL AND ${active}`,
  ].flatMap((sql) => db.query<Planned, [number]>(sql).all(now));
}

function countKeptBack({ db }: Reading): Omit<Waiting, keyof Planned> {
  const none = { blocked: 0, held: 0, retries: 0, uncertain: 0, under_way: 0 };
  return (
    db
      .query<typeof none, []>(
        `SELECT
           (SELECT count(*) FROM enrollments WHERE state = 'waiting' AND blocked_until IS NOT NULL) AS blocked,
           (SELECT count(*) FROM enrollments WHERE state = 'held') AS held,
           (SELECT count(*) FROM messages WHERE state = 'deferred') AS retries,
           (SELECT count(*) FROM messages WHERE state = 'uncertain') AS uncertain,
           (SELECT count(*) FROM messages WHERE state IN ('claimed', 'committed')) AS under_way`,
      )
      .get() ?? none
  );
}

/** Mails that went out on a day, of all inboxes that ever were. */
export function countSentOn({ db }: Reading, day: string): number {
  return (
    db
      .query<{ sent: number | null }, [string]>(
        `SELECT sum(c.n) AS sent
         FROM inboxes i
         JOIN counters c ON c.inbox_id = i.id AND c.day = ? AND c.metric = 'sent'`,
      )
      .get(day)?.sent ?? 0
  );
}

/** How many campaigns there are in each state. */
export function countCampaignStates({ db }: Reading): Record<string, number> {
  const rows = db
    .query<{ state: string; n: number }, []>(
      "SELECT state, count(*) AS n FROM campaigns GROUP BY state",
    )
    .all();
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
}
