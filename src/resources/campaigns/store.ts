// SQL of campaigns and of which inboxes they send from. Numbers of a campaign are read from the counters.
import type { CampaignState } from "../../core/states.ts";
import type { SendWindow } from "../../core/window.ts";
import { bindOnce } from "../../ledger/bind-once.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import { readJson } from "../../ledger/row.ts";
import { openTxMemo } from "../../ledger/tx-memo.ts";

export interface CampaignRow {
  id: number;
  name: string;
  state: CampaignState;
  /** Who or what paused it: `api`, or the engine's reason code. */
  paused_by: string | null;
  paused_reason: string | null;
  /** When its state last changed; null where that was before it was kept. */
  state_since: number | null;
  daily_limit: number;
  daily_new_leads: number | null;
  send_window: SendWindow;
  track_opens: boolean;
  track_clicks: boolean;
  stop_on_reply: boolean;
  stop_for_company: boolean;
  max_per_company_per_day: number | null;
  /** An ISO 8601 duration. */
  lead_cooldown: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
}

type Flags = "track_opens" | "track_clicks" | "stop_on_reply" | "stop_for_company";
type Stored = Omit<CampaignRow, "send_window" | Flags> & { send_window: string } & Record<
    Flags,
    number
  >;

const COLUMNS = `id, name, state, paused_by, paused_reason, state_since, daily_limit, daily_new_leads, send_window, track_opens,
  track_clicks, stop_on_reply, stop_for_company, max_per_company_per_day, lead_cooldown, created_at, updated_at, archived_at`;

function fromRow(row: Stored): CampaignRow {
  return {
    ...row,
    send_window: readJson<SendWindow>(row.send_window),
    track_opens: row.track_opens === 1,
    track_clicks: row.track_clicks === 1,
    stop_on_reply: row.stop_on_reply === 1,
    stop_for_company: row.stop_for_company === 1,
  };
}

const memo = openTxMemo<CampaignRow | null>();

export function findCampaign(reading: Reading, id: number): CampaignRow | null {
  return memo.of(reading, id, () => {
    const row = reading.db
      .query<Stored, [number]>(`SELECT ${COLUMNS} FROM campaigns WHERE id = ?`)
      .get(id);
    return row ? fromRow(row) : null;
  });
}

export interface CampaignFilter {
  /** Null: all but the archived. */
  status: CampaignState | null;
  inbox_id: number | null;
  /** A part of the name. */
  q: string | null;
  /** Only ids below this one. */
  before: number;
  limit: number;
  offset: number;
}

const MATCHES = `CASE WHEN $status IS NULL THEN state <> 'archived' ELSE state = $status END
  AND ($inbox_id IS NULL OR EXISTS (
    SELECT 1 FROM campaign_inboxes ci WHERE ci.campaign_id = campaigns.id AND ci.inbox_id = $inbox_id))
  AND ($q IS NULL OR instr(lower(name), lower($q)) > 0)`;

/** How many the filter lets through. */
export function countCampaigns(
  { db }: Reading,
  filter: Omit<CampaignFilter, "before" | "limit" | "offset">,
): number {
  return (
    db
      .query<{ n: number }, Record<string, string | number | null>>(
        `SELECT count(*) AS n FROM campaigns WHERE ${MATCHES}`,
      )
      .get({ ...filter })?.n ?? 0
  );
}

/** Newest first. */
export function listCampaigns({ db }: Reading, filter: CampaignFilter): CampaignRow[] {
  return db
    .query<Stored, CampaignFilter & Record<string, string | number | null>>(
      `SELECT ${COLUMNS}
       FROM campaigns
       WHERE id < $before AND ${MATCHES}
       ORDER BY id DESC
       LIMIT $limit OFFSET $offset`,
    )
    .all({ ...filter })
    .map(fromRow);
}

export type CampaignSettings = Omit<
  CampaignRow,
  | "id"
  | "state"
  | "paused_by"
  | "paused_reason"
  | "state_since"
  | "created_at"
  | "updated_at"
  | "archived_at"
>;

const bindings = (settings: CampaignSettings) => ({
  ...settings,
  send_window: JSON.stringify(settings.send_window),
});

/** Adds a campaign as `draft`. */
export function insertCampaign(tx: Tx, settings: CampaignSettings): number {
  const id = tx.id();
  memo.forget(tx, id);
  tx.db
    .query(
      `INSERT INTO campaigns (id, name, state, daily_limit, daily_new_leads, send_window, track_opens, track_clicks,
         stop_on_reply, stop_for_company, max_per_company_per_day, lead_cooldown, state_since, created_at, updated_at)
       VALUES ($id, $name, 'draft', $daily_limit, $daily_new_leads, $send_window, $track_opens, $track_clicks,
         $stop_on_reply, $stop_for_company, $max_per_company_per_day, $lead_cooldown, $now, $now, $now)`,
    )
    .run({ ...bindings(settings), id, now: tx.now });
  return id;
}

export function updateCampaign(tx: Tx, id: number, settings: CampaignSettings): void {
  memo.forget(tx, id);
  tx.db
    .query(
      `UPDATE campaigns
       SET name = $name, daily_limit = $daily_limit, daily_new_leads = $daily_new_leads, send_window = $send_window,
         track_opens = $track_opens, track_clicks = $track_clicks, stop_on_reply = $stop_on_reply,
         stop_for_company = $stop_for_company, max_per_company_per_day = $max_per_company_per_day,
         lead_cooldown = $lead_cooldown, updated_at = $now
       WHERE id = $id`,
    )
    .run({ ...bindings(settings), id, now: tx.now });
}

/** Moves a campaign that is not archived. `why` only of a pause. */
export function setCampaignState(
  tx: Tx,
  id: number,
  state: CampaignState,
  why: { by: string; reason: string } | null,
): void {
  memo.forget(tx, id);
  tx.db
    .query(
      `UPDATE campaigns
       SET state = ?1, paused_by = ?2, paused_reason = ?3, state_since = ?4, updated_at = ?4,
         archived_at = CASE WHEN ?1 = 'archived' THEN ?4 END
       WHERE id = ?5 AND state <> 'archived'`,
    )
    .run(state, why?.by ?? null, why?.reason ?? null, tx.now, id);
}

/** Replaces the inboxes of a campaign; their order is kept. */
export function setCampaignInboxes(
  tx: Tx,
  campaign_id: number,
  inbox_ids: readonly number[],
): void {
  tx.db.query("DELETE FROM campaign_inboxes WHERE campaign_id = ?").run(campaign_id);
  const insert = tx.db.query(
    "INSERT INTO campaign_inboxes (campaign_id, inbox_id, position) VALUES (?, ?, ?)",
  );
  for (const [position, inbox_id] of inbox_ids.entries())
    insert.run(campaign_id, inbox_id, position);
}

/** The inboxes that a campaign sends from, in their order. */
export function listInboxIds({ db }: Reading, campaign_id: number): number[] {
  return db
    .query<{ inbox_id: number }, [number]>(
      "SELECT inbox_id FROM campaign_inboxes WHERE campaign_id = ? ORDER BY position",
    )
    .all(campaign_id)
    .map(({ inbox_id }) => inbox_id);
}

export interface CampaignNumbers {
  sent_today: number;
  sent_7d: number;
  replied_7d: number;
}

/** What the counters say of `today` and of the days from `since` (both YYYY-MM-DD) on. */
export function readNumbers(
  { db }: Reading,
  campaign_id: number,
  days: { today: string; since: string },
): CampaignNumbers {
  const row = db
    .query<
      { sent_today: number | null; sent_7d: number | null; replied_7d: number | null },
      [number, string, string]
    >(
      `SELECT sum(n) FILTER (WHERE metric = 'sent' AND day = ?2) AS sent_today,
              sum(n) FILTER (WHERE metric = 'sent') AS sent_7d,
              sum(n) FILTER (WHERE metric = 'replied') AS replied_7d
       FROM counters
       WHERE campaign_id = ?1 AND day BETWEEN ?3 AND ?2`,
    )
    .get(campaign_id, days.today, days.since);
  return {
    sent_today: row?.sent_today ?? 0,
    sent_7d: row?.sent_7d ?? 0,
    replied_7d: row?.replied_7d ?? 0,
  };
}

const ACTIVE_OF = bindOnce(
  `SELECT id
   FROM campaigns
   WHERE state = 'active' AND id IN (SELECT campaign_id FROM campaign_inboxes WHERE inbox_id = ?)
   ORDER BY id`,
);

/** The running campaigns that may send from this inbox, oldest first. */
export function listActiveCampaignsOf(reading: Reading, inbox_id: number): CampaignRow[] {
  return reading.db
    .query<{ id: number }, [number]>(ACTIVE_OF)
    .all(inbox_id)
    .map(({ id }) => findCampaign(reading, id))
    .filter((campaign) => campaign !== null);
}
