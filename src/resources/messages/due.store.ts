// SQL that asks about messages: what is due, unfinished or doubtful, and what was sent to whom. It changes nothing.
import { bindOnce } from "../../ledger/bind-once.ts";
import type { Reading } from "../../ledger/database.ts";
import { MESSAGE_COLUMNS, type MessageRow } from "./store.ts";

export interface ThreadMail {
  id: number;
  step_id: number;
  subject: string;
  inbox_id: number;
  committed_at: number;
}

export interface DueCopy {
  id: number;
  bytes: Uint8Array;
}

/** What another boot left unfinished in this state. */
export function listOfOtherBoots(
  { db }: Reading,
  state: "claimed" | "committed",
  boot_id: number,
): MessageRow[] {
  return db
    .query<MessageRow, [string, number]>(
      // The list of states is what lets SQLite use the partial index.
      `SELECT ${MESSAGE_COLUMNS}
       FROM messages
       WHERE state IN ('claimed', 'committed') AND state = ? AND boot_id <> ?`,
    )
    .all(state, boot_id);
}

export interface ClaimedStep {
  id: number;
  campaign_id: number;
  lead_id: number;
  /** The lead's. */
  zone: string;
  /** The day whose quota it holds. */
  quota_day: string;
}

/** The steps that are claimed at this moment, and not yet committed. */
export function listClaimed({ db }: Reading): ClaimedStep[] {
  return db
    .query<ClaimedStep, []>(
      // The list of states is what lets SQLite use the partial index.
      `SELECT m.id, m.campaign_id, m.lead_id, m.quota_day, e.zone
       FROM messages m
       JOIN enrollments e ON e.id = m.enrollment_id
       WHERE m.state IN ('claimed', 'committed') AND m.state = 'claimed'`,
    )
    .all();
}

const RETRIES = bindOnce(
  `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE state = 'deferred' AND retry_at <= ? ORDER BY retry_at LIMIT 500`,
);

/** Deferred messages whose time has come. */
export function listRetries({ db }: Reading, now: number): MessageRow[] {
  return db.query<MessageRow, [number]>(RETRIES).all(now);
}

export interface Sought {
  id: number;
  /** How often it was looked for in vain. */
  looks: number;
}

/** Uncertain mails of an inbox that are to be looked up now, the longest due first. */
export function listUncertain({ db }: Reading, inbox_id: number, now: number): Sought[] {
  return db
    .query<Sought, [number, number]>(
      `SELECT id, looks
       FROM messages
       WHERE state = 'uncertain' AND inbox_id = ? AND (look_at IS NULL OR look_at <= ?)
       ORDER BY look_at, id
       LIMIT 50`,
    )
    .all(inbox_id, now);
}

/** Sent mails of an inbox whose Message-ID is still to be learnt, and may be looked up now. */
export function listWireIds({ db }: Reading, inbox_id: number, now: number): Sought[] {
  return db
    .query<Sought, [number, number]>(
      `SELECT id, looks
       FROM messages
       WHERE wire_id = 'due' AND inbox_id = ? AND (look_at IS NULL OR look_at <= ?)
       ORDER BY look_at, id
       LIMIT 50`,
    )
    .all(inbox_id, now);
}

const HOLDING = bindOnce(
  `SELECT ${MESSAGE_COLUMNS}
   FROM messages
   WHERE state = 'uncertain' AND passed_at IS NULL AND messages.committed_at <= ?
   LIMIT 500`,
);

/** Uncertain mails that hold their enrollment and were committed by `before_at`: the sequence may go on without them. */
export function listHoldingUncertain({ db }: Reading, before_at: number): MessageRow[] {
  return db.query<MessageRow, [number]>(HOLDING).all(before_at);
}

/** The commit instant of the oldest uncertain mail that holds its enrollment, or null. */
export function oldestHoldingUncertain({ db }: Reading): number | null {
  return (
    db
      .query<{ at: number | null }, []>(
        "SELECT min(committed_at) AS at FROM messages WHERE state = 'uncertain' AND passed_at IS NULL",
      )
      .get()?.at ?? null
  );
}

/** The next retry of a deferred mail, or null. */
export function nextRetryAt({ db }: Reading): number | null {
  return (
    db
      .query<{ at: number | null }, []>(
        "SELECT min(retry_at) AS at FROM messages WHERE state = 'deferred'",
      )
      .get()?.at ?? null
  );
}

/** Sent mails of this inbox whose copy is due now. */
export function listDueCopies({ db }: Reading, inbox_id: number, now: number): DueCopy[] {
  return db
    .query<DueCopy, [number, number]>(
      `SELECT id, bytes
       FROM messages
       WHERE inbox_id = ? AND copy = 'due' AND bytes IS NOT NULL AND coalesce(copy_retry_at, 0) <= ?
       ORDER BY id
       LIMIT 50`,
    )
    .all(inbox_id, now);
}

/** The newest commits, for the journal: what it may lack after a crash. */
export function listCommitsSince({ db }: Reading, since: number): MessageRow[] {
  return db
    .query<MessageRow, [number]>(
      // A slot is taken minutes before its mail is committed: the index of slots finds them without a scan.
      `SELECT ${MESSAGE_COLUMNS}
       FROM messages
       WHERE inbox_id IN (SELECT id FROM inboxes) AND slot_at >= ?1 - 3600000 AND messages.committed_at >= ?1
         AND state IN ('committed', 'uncertain', 'sent')
       ORDER BY id`,
    )
    .all(since);
}

const SLOTS = bindOnce(
  "SELECT count(*) AS used, min(slot_at) AS oldest FROM messages WHERE inbox_id = ? AND slot_at > ?",
);

/** Slots that the inbox took after `since`: how many, and the oldest. */
export function slotsSince(
  { db }: Reading,
  inbox_id: number,
  since: number,
): { used: number; oldest: number | null } {
  return (
    db
      .query<{ used: number; oldest: number | null }, [number, number]>(SLOTS)
      .get(inbox_id, since) ?? { used: 0, oldest: null }
  );
}

/** When this inbox took its first slot, ms UTC, or null: before that it has sent nothing that could be answered. */
export function firstSlotOf({ db }: Reading, inbox_id: number): number | null {
  return (
    db
      .query<{ at: number | null }, [number]>(
        "SELECT min(slot_at) AS at FROM messages WHERE inbox_id = ? AND slot_at IS NOT NULL",
      )
      .get(inbox_id)?.at ?? null
  );
}

/** Is a mail of this inbox under way at this moment? */
export function hasMailUnderWay({ db }: Reading, inbox_id: number): boolean {
  return (
    db
      .query<{ one: number }, [number]>(
        "SELECT 1 AS one FROM messages WHERE state IN ('claimed', 'committed') AND inbox_id = ? LIMIT 1",
      )
      .get(inbox_id) !== null
  );
}

/** The newest mail that this inbox sent to the lead after `since`, whatever the campaign. */
export function findLastMailTo(
  { db }: Reading,
  place: { lead_id: number; inbox_id: number; since: number },
): MessageRow | null {
  return db
    .query<MessageRow, [number, number, number]>(
      `SELECT ${MESSAGE_COLUMNS}
       FROM messages
       WHERE lead_id = ? AND inbox_id = ? AND released_at > ?
         -- What a person has sent again waits, but may have arrived before.
         AND (state IN ('sent', 'uncertain') OR resent_at IS NOT NULL)
       ORDER BY released_at DESC
       LIMIT 1`,
    )
    .get(place.lead_id, place.inbox_id, place.since);
}

/** The newest mail that was sent to the lead, whatever the inbox, or null. */
export function findNewestMailTo({ db }: Reading, lead_id: number): MessageRow | null {
  return db
    .query<MessageRow, [number]>(
      `SELECT ${MESSAGE_COLUMNS}
       FROM messages
       WHERE lead_id = ? AND released_at IS NOT NULL AND (state IN ('sent', 'uncertain') OR resent_at IS NOT NULL)
       ORDER BY released_at DESC
       LIMIT 1`,
    )
    .get(lead_id);
}

/** What other campaigns have sent to a lead. */
export interface OtherMails {
  /** When the last of their mails went out, ms UTC. */
  sent_at: number | null;
  /** When one was claimed that is still on its way: it may go at any moment. */
  claimed_at: number | null;
}

/** The last mail of the other campaigns to this lead, and the one that is on its way. */
export function findMailsOfOtherCampaigns(
  { db }: Reading,
  lead_id: number,
  campaign_id: number,
): OtherMails {
  const none = { sent_at: null, claimed_at: null };
  return (
    db
      .query<OtherMails, [number, number]>(
        `SELECT max(committed_at) FILTER (WHERE state <> 'claimed') AS sent_at,
           max(claimed_at) FILTER (WHERE state = 'claimed') AS claimed_at
         FROM messages
         WHERE lead_id = ? AND campaign_id <> ? AND state IN ('claimed', 'committed', 'sent', 'uncertain')`,
      )
      .get(lead_id, campaign_id) ?? none
  );
}

const THREAD = bindOnce(
  `SELECT id, step_id, subject, inbox_id, committed_at
   FROM messages
   WHERE enrollment_id = ? AND state IN ('sent', 'uncertain', 'committed')
   ORDER BY committed_at, id`,
);

/** The thread so far: what was or may have been sent to this enrollment, oldest first. */
export function listThread({ db }: Reading, enrollment_id: number): ThreadMail[] {
  return db.query<ThreadMail, [number]>(THREAD).all(enrollment_id);
}

/** The newest mails that this inbox sent to people of one company after `since`. */
export function listMailsToCompany(
  { db }: Reading,
  place: { company_domain: string; inbox_id: number; since: number },
): MessageRow[] {
  return db
    .query<MessageRow, [string, number, number]>(
      `SELECT ${MESSAGE_COLUMNS}
       FROM messages
       WHERE lead_id IN (SELECT l.id FROM leads l WHERE l.company_domain = ?1 AND l.mailed_at > ?3)
         AND inbox_id = ?2 AND released_at > ?3 AND (state IN ('sent', 'uncertain') OR resent_at IS NOT NULL)
       ORDER BY released_at DESC
       LIMIT 100`,
    )
    .all(place.company_domain, place.inbox_id, place.since);
}

/** Mails sent until then (ms UTC) of whose arrival nothing was told, where the inbox was read so long after. */
export function listQuiet({ db }: Reading, sent_before: number, silence_ms: number): MessageRow[] {
  return db
    .query<MessageRow, [number, number]>(
      `SELECT ${MESSAGE_COLUMNS}
       FROM messages
       WHERE delivery = 'due' AND messages.sent_at <= ?1
         AND EXISTS (SELECT 1 FROM inboxes i WHERE i.id = messages.inbox_id AND i.read_at >= messages.sent_at + ?2)
       ORDER BY messages.sent_at
       LIMIT 200`,
    )
    .all(sent_before, silence_ms);
}

/** When the first mail after this instant was sent of whose arrival nothing is known, or null. */
export function nextUnknownDelivery({ db }: Reading, sent_after: number): number | null {
  return (
    db
      .query<{ at: number | null }, [number]>(
        "SELECT min(sent_at) AS at FROM messages WHERE delivery = 'due' AND sent_at > ?",
      )
      .get(sent_after)?.at ?? null
  );
}
