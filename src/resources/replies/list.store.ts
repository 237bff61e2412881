// SQL for showing replies and the threads that they stand in: reads only. Their one writer is store.ts.

import type { Reading } from "../../ledger/database.ts";
import { type KeptReply, REPLY_COLUMNS, type ReplyRow } from "./store.ts";

export interface ReplyFilter {
  category: string | null;
  kind: string | null;
  campaign_id: number | null;
  inbox_id: number | null;
  lead_id: number | null;
  /** 1: only unread ones, 0: only read ones. */
  unread: number | null;
  /** 1: only mails that belong to no lead yet. */
  untracked: number;
  /** A part of the sender, the subject or the text. */
  q: string | null;
}

type Values = Record<string, string | number | null>;

// What is left of an erased person's replies is neither a lead's nor untracked.
const MATCHES = `CASE WHEN $untracked = 1 THEN lead_id IS NULL AND matched_by = 'untracked' ELSE lead_id IS NOT NULL END
  AND ($category IS NULL OR coalesce(person_category, category) = $category)
  AND ($kind IS NULL OR kind = $kind)
  AND ($campaign_id IS NULL OR campaign_id = $campaign_id)
  AND ($inbox_id IS NULL OR inbox_id = $inbox_id)
  AND ($lead_id IS NULL OR lead_id = $lead_id)
  AND ($unread IS NULL OR (read_at IS NULL) = $unread)
  AND ($q IS NULL OR instr(lower(concat_ws(' ', sender, subject, text)), lower($q)) > 0)`;

/** Newest first. */
export function listReplies(
  { db }: Reading,
  filter: ReplyFilter & { before: number; limit: number; offset: number },
): KeptReply[] {
  return db
    .query<KeptReply, Values>(
      `SELECT ${REPLY_COLUMNS}
       FROM replies
       WHERE id < $before AND ${MATCHES}
       ORDER BY id DESC
       LIMIT $limit OFFSET $offset`,
    )
    .all({ ...filter });
}

/** How many the filter lets through. */
export function countReplies({ db }: Reading, filter: ReplyFilter): number {
  return (
    db
      .query<{ n: number }, Values>(`SELECT count(*) AS n FROM replies WHERE ${MATCHES}`)
      .get({ ...filter })?.n ?? 0
  );
}

/** How many replies of an inbox wait to be read. */
export function countUnread({ db }: Reading, inbox_id: number): number {
  return (
    db
      .query<{ n: number }, [number]>(
        "SELECT count(*) AS n FROM replies WHERE inbox_id = ? AND read_at IS NULL AND lead_id IS NOT NULL",
      )
      .get(inbox_id)?.n ?? 0
  );
}

/** One mail of a thread, ours or theirs. */
export interface ThreadPart {
  id: number;
  object: "message" | "reply";
  /** The kind of the message or of the reply. */
  kind: string;
  /** Of a message. */
  state: string | null;
  /** Whom it came from; empty of our own. */
  sender: string;
  subject: string;
  text: string | null;
  /** Of a reply: its own Message-ID, without brackets. */
  header_id: string | null;
  /** Of an answer: who wrote it. */
  by: string | null;
  at: number;
}

const PARTS_MOST = 100;

/** What went to and fro between the lead and this inbox, oldest first: the last 100 mails. An untracked mail stands alone. */
export function listThread(
  { db }: Reading,
  { lead_id, inbox_id }: Pick<ReplyRow, "lead_id" | "inbox_id">,
): ThreadPart[] {
  if (lead_id === null) return [];
  return db
    .query<ThreadPart, [number, number, number]>(
      `SELECT id, object, kind, state, sender, subject, text, header_id, by, at
       FROM (
         SELECT id, 'message' AS object, kind, state, '' AS sender, subject, text, NULL AS header_id, sent_by AS by,
           coalesce(sent_at, committed_at) AS at
         FROM messages
         WHERE lead_id = ?1 AND inbox_id = ?2 AND state IN ('committed', 'sent', 'uncertain')
         UNION ALL
         SELECT id, 'reply', kind, NULL, sender, subject, text, header_id, NULL, received_at
         FROM replies
         WHERE lead_id = ?1 AND inbox_id = ?2
         ORDER BY at DESC, id DESC
         LIMIT ?3)
       ORDER BY at, id`,
    )
    .all(lead_id, inbox_id, PARTS_MOST);
}
