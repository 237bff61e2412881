// SQL of leads. An erased lead keeps its row only where enrollments point at it, without the person: no query finds it.
import { companyDomain } from "../../core/address.ts";
import type { LeadState } from "../../core/states.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import { readJson } from "../../ledger/row.ts";

export type Scalar = string | number | boolean | null;

export interface LeadRow {
  id: number;
  email: string;
  first_name: string | null;
  last_name: string | null;
  company: string | null;
  title: string | null;
  phone: string | null;
  website: string | null;
  country: string | null;
  timezone: string | null;
  tags: string[];
  source: string | null;
  custom: Record<string, Scalar>;
  state: LeadState;
  /** The last mail of any campaign: from then on the address is fixed. */
  mailed_at: number | null;
  /** In a row. */
  soft_bounces: number;
  created_at: number;
  updated_at: number;
}

type Stored = Omit<LeadRow, "tags" | "custom"> & { tags: string; custom: string };

const COLUMNS = `id, email, first_name, last_name, company, title, phone, website, country, timezone, tags, source, custom,
  state, mailed_at, soft_bounces, created_at, updated_at`;

/** What stands in `email` of an erased lead begins so; no address does. */
const ERASED = "erased:";
const NOT_ERASED = `email NOT LIKE '${ERASED}%'`;

function fromRow(row: Stored): LeadRow {
  return {
    ...row,
    tags: readJson<string[]>(row.tags),
    custom: readJson<Record<string, Scalar>>(row.custom),
  };
}

const BY_ID = `SELECT ${COLUMNS} FROM leads WHERE id = ? AND ${NOT_ERASED}`;

export function findLead({ db }: Reading, id: number): LeadRow | null {
  const row = db.query<Stored, [number]>(BY_ID).get(id);
  return row ? fromRow(row) : null;
}

/** `email` as parseAddress gives it. */
/** Ids and addresses of the next leads behind an id. */
export function listEmails(
  { db }: Reading,
  after: number,
  limit: number,
): { id: number; email: string }[] {
  return db
    .query<{ id: number; email: string }, [number, number]>(
      "SELECT id, email FROM leads WHERE id > ? ORDER BY id LIMIT ?",
    )
    .all(after, limit);
}

export function findLeadByEmail({ db }: Reading, email: string): LeadRow | null {
  const row = db.query<Stored, [string]>(`SELECT ${COLUMNS} FROM leads WHERE email = ?`).get(email);
  return row ? fromRow(row) : null;
}

export interface LeadFilter {
  campaign_id: number | null;
  email: string | null;
  status: LeadState | null;
  tag: string | null;
  company: string | null;
  /** A part of the address, a name or the company. */
  q: string | null;
  /** Only ids below this one. */
  before: number;
  limit: number;
  offset: number;
}

type Wish = Omit<LeadFilter, "before" | "limit" | "offset">;

const CONDITIONS: Record<keyof Wish, string> = {
  campaign_id:
    "EXISTS (SELECT 1 FROM enrollments e WHERE e.campaign_id = $campaign_id AND e.lead_id = leads.id)",
  email: "email = $email",
  status: "state = $status",
  tag: "EXISTS (SELECT 1 FROM json_each(leads.tags) WHERE value = $tag)",
  company: "lower(company) = lower($company)",
  q: "instr(lower(concat_ws(' ', email, first_name, last_name, company)), lower($q)) > 0",
};
const WISHES = ["campaign_id", "email", "status", "tag", "company", "q"] as const;

/** What is asked for and nothing else: a statement for every wish would cost each row a look at all of them. */
function matches(wish: Wish): { where: string; values: Record<string, string | number | null> } {
  const asked = WISHES.filter((name) => wish[name] !== null);
  return {
    where: [NOT_ERASED, ...asked.map((name) => CONDITIONS[name])].join(" AND "),
    values: Object.fromEntries(asked.map((name) => [name, wish[name]])),
  };
}

/** How many the filter lets through. */
export function countLeads({ db }: Reading, wish: Wish): number {
  const { where, values } = matches(wish);
  return (
    db
      .query<{ n: number }, Record<string, string | number | null>>(
        `SELECT count(*) AS n FROM leads WHERE ${where}`,
      )
      .get(values)?.n ?? 0
  );
}

/** A lead of a list, most of it as JSON already. */
export interface ListedLead {
  id: number;
  /** The fields from `email` to `status`, in the order of the wire: JSON without the braces. */
  fields: string;
  created_at: number;
  updated_at: number;
}

// One text for a lead: each column that is a text of its own is made a string of its own. `tags` and `custom` are JSON as our
// own code wrote it and are not read again; no text ends in a brace before its quote, so trim takes the outer two.
const LISTED = `id,
  concat(
    trim(json_object('email', email, 'first_name', first_name, 'last_name', last_name, 'company', company, 'title', title,
      'phone', phone, 'website', website, 'country', country, 'timezone', timezone), '{}'),
    ',"tags":', tags, ',"source":', json_quote(source), ',"custom":', custom, ',"status":"', state, '"') AS fields,
  created_at, updated_at`;

/** Newest first. */
export function listLeads({ db }: Reading, filter: LeadFilter): ListedLead[] {
  const { before, limit, offset, ...wish } = filter;
  const { where, values } = matches(wish);
  return db
    .query<ListedLead, Record<string, string | number | null>>(
      `SELECT ${LISTED}
       FROM leads
       WHERE id < $before AND ${where}
       ORDER BY id DESC
       LIMIT $limit OFFSET $offset`,
    )
    .all({ ...values, before, limit, offset });
}

export type LeadFields = Omit<
  LeadRow,
  "id" | "state" | "mailed_at" | "soft_bounces" | "created_at" | "updated_at"
>;

const bindings = (fields: LeadFields) => ({
  ...fields,
  company_domain: companyDomain(fields.email),
  tags: JSON.stringify(fields.tags),
  custom: JSON.stringify(fields.custom),
});

/** Adds a lead as `new`. */
export function insertLead(tx: Tx, fields: LeadFields): number {
  const id = tx.id();
  tx.db
    .query(
      `INSERT INTO leads (id, email, company_domain, first_name, last_name, company, title, phone, website, country, timezone,
         tags, source, custom, state, created_at, updated_at)
       VALUES ($id, $email, $company_domain, $first_name, $last_name, $company, $title, $phone, $website, $country, $timezone, $tags,
         $source, $custom, 'new', $now, $now)`,
    )
    .run({ ...bindings(fields), id, now: tx.now });
  return id;
}

/** The fields as their columns hold them: `tags` and `custom` are JSON. */
export type WrittenFields = Omit<LeadFields, "tags" | "custom"> & {
  tags: string;
  custom: string;
  /** core/address.ts `companyDomain`: written with the address. */
  company_domain: string | null;
};

export const writeFields = (fields: LeadFields): WrittenFields => bindings(fields);

/**
 * The same, or null where the address is a lead already: one look at the index, and not two. Bound by place, for there are
 * thousands of them.
 */
export function insertNewLead(tx: Tx, lead: WrittenFields): number | null {
  const id = tx.id();
  const { changes } = tx.db
    .query(
      `INSERT INTO leads (id, email, first_name, last_name, company, title, phone, website, country, timezone, tags, source,
         custom, company_domain, state, created_at, updated_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'new', ?15, ?15)
       ON CONFLICT (email) DO NOTHING`,
    )
    .run(
      id,
      lead.email,
      lead.first_name,
      lead.last_name,
      lead.company,
      lead.title,
      lead.phone,
      lead.website,
      lead.country,
      lead.timezone,
      lead.tags,
      lead.source,
      lead.custom,
      lead.company_domain,
      tx.now,
    );
  return changes > 0 ? id : null;
}

export function updateLead(tx: Tx, id: number, fields: LeadFields): void {
  tx.db
    .query(
      `UPDATE leads
       SET email = $email, company_domain = $company_domain, first_name = $first_name, last_name = $last_name, company = $company, title = $title,
         phone = $phone, website = $website, country = $country, timezone = $timezone, tags = $tags, source = $source,
         custom = $custom, updated_at = $now
       WHERE id = $id`,
    )
    .run({ ...bindings(fields), id, now: tx.now });
}

/** Takes the person out of the lead's row (Invariant 8). */
export function eraseLeadRow(tx: Tx, id: number): void {
  tx.db
    .query(
      `UPDATE leads
       SET email = ?1, company_domain = NULL, first_name = NULL, last_name = NULL, company = NULL, title = NULL, phone = NULL, website = NULL,
         country = NULL, timezone = NULL, tags = '[]', source = NULL, custom = '{}', state = 'suppressed', updated_at = ?2
       WHERE id = ?3`,
    )
    .run(`${ERASED}${id}`, tx.now, id);
  tx.db
    .query(
      `DELETE FROM leads
       WHERE id = ?1
         AND NOT EXISTS (SELECT 1 FROM enrollments WHERE lead_id = ?1)
         AND NOT EXISTS (SELECT 1 FROM messages WHERE lead_id = ?1)
         AND NOT EXISTS (SELECT 1 FROM replies WHERE lead_id = ?1)`,
    )
    .run(id);
}

/** The thread of checkpoints.ts may be at the same log: it is waited for, but not for ever. */
const LOG_TRIES = 40;
const LOG_PAUSE_MS = 5;

/** Empties the write-ahead log, in which old pages still hold what was erased (Invariant 8). */
export function emptyWriteAheadLog({ db }: Reading): void {
  const empty = db.query<{ busy: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)");
  for (let tries = 0; tries < LOG_TRIES && empty.get()?.busy === 1; tries++) {
    Bun.sleepSync(LOG_PAUSE_MS);
  }
}

/** A mail went out to the lead: its address is fixed from now on, and it is in sequence unless it is more than that. */
export function noteMailed(tx: Tx, id: number, at: number): void {
  tx.db
    .query(
      `UPDATE leads
       SET mailed_at = max(?1, coalesce(mailed_at, 0)), state = CASE WHEN state = 'new' THEN 'in_sequence' ELSE state END
       WHERE id = ?2`,
    )
    .run(at, id);
}

/** A person's own word stands: who unsubscribed or complained is not `bounced` afterwards. */
export function setLeadState(tx: Tx, id: number, state: LeadState): void {
  tx.db
    .query(
      `UPDATE leads
       SET state = ?1, updated_at = ?2
       WHERE id = ?3 AND NOT (?1 = 'bounced' AND state IN ('unsubscribed', 'complained', 'suppressed'))`,
    )
    .run(state, tx.now, id);
}

/** Was somebody at this company mailed after `since`, from whichever inbox? */
export function isCompanyMailed({ db }: Reading, company_domain: string, since: number): boolean {
  return (
    db
      .query<{ one: number }, [string, number]>(
        "SELECT 1 AS one FROM leads WHERE company_domain = ? AND mailed_at > ? LIMIT 1",
      )
      .get(company_domain, since) !== null
  );
}

/** One soft bounce more in a row. How many there are now. */
export function addSoftBounce(tx: Tx, id: number): number {
  tx.db.query("UPDATE leads SET soft_bounces = soft_bounces + 1 WHERE id = ?").run(id);
  return (
    tx.db.query<{ n: number }, [number]>("SELECT soft_bounces AS n FROM leads WHERE id = ?").get(id)
      ?.n ?? 0
  );
}

/** A sign that mail reaches the lead: the row of soft bounces ends. */
export function clearSoftBounces(tx: Tx, id: number): void {
  tx.db.query("UPDATE leads SET soft_bounces = 0 WHERE id = ? AND soft_bounces > 0").run(id);
}
