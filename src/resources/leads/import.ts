// Takes up to 5,000 leads in one call. Every row ends in exactly one of five piles, so the numbers add up; slices of
// rows are one transaction each, with a breath between them, so that a big import never holds up a send.
import type { FaultDetail } from "../../core/faults.ts";
import { growCache, type Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { enrollAll, type Enrollee } from "../enrollments/actions.ts";
import { listSuppressed } from "../suppressions/actions.ts";
import { fieldsOf, getOpenCampaign, saveFields } from "./actions.ts";
import { readFields } from "./fields.ts";
import { openPlainReader, type PlainRow } from "./plain-row.ts";
import type { LeadDraft } from "./schema.ts";
import { findLeadByEmail, insertNewLead, writeFields, type WrittenFields } from "./store.ts";

/** Rows of one transaction: more of them would hold up reads for longer. */
export const SLICE_ROWS = 250;

/** A row as it came in, unread. */
export interface ImportRow {
  row: unknown;
  /** Of a CSV; null of JSON. */
  line: number | null;
  /** What is wrong with it as a row of its file. */
  fault: FaultDetail | null;
}

export interface ImportOrder {
  /** Each is read in its slice: to check 5,000 at once would hold up everybody else. */
  rows: readonly ImportRow[];
  /** Holds a row against the schema: a draft of the right types, or what is wrong with those. */
  check: (row: unknown) => { draft: LeadDraft } | { fault: FaultDetail };
  on_conflict: "skip" | "update";
  campaign_id: number | null;
}

export interface ImportResult {
  created: number;
  updated: number;
  skipped: number;
  suppressed: number;
  invalid: { index: number; line: number | null; code: string; field: string; message: string }[];
  enrolled: number;
}

type Pile = "created" | "updated" | "skipped" | "suppressed" | FaultDetail;

/** A row that can be taken, as far as the row alone tells. */
interface Candidate {
  index: number;
  line: number | null;
  draft: LeadDraft;
  fields: WrittenFields;
}

interface Import extends ImportOrder {
  readPlain: (row: unknown) => PlainRow | null;
  seen: Set<string>;
  result: ImportResult;
}

/** What the rows of one transaction share. */
interface Slice extends Import {
  /** Addresses that must not be mailed. */
  suppressed: ReadonlySet<string>;
}

/** Adds the rows. What was committed stays when the program stops halfway; the same call again finishes it. */
export async function importLeads(ledger: Ledger, order: ImportOrder): Promise<ImportResult> {
  if (order.campaign_id !== null) getOpenCampaign(ledger, order.campaign_id);
  const work: Import = {
    ...order,
    readPlain: openPlainReader(),
    seen: new Set(),
    result: { created: 0, updated: 0, skipped: 0, suppressed: 0, invalid: [], enrolled: 0 },
  };
  const candidates: Candidate[] = [];
  await inSlices(order.rows, (rows, from) => {
    for (const [i, row] of rows.entries()) readCandidate(work, candidates, from + i, row);
  });
  // Addresses come in no order, and each one is on another page of their index (performance.md 5).
  growCache(ledger);
  await inSlices(candidates, (slice) => {
    ledger.write((tx) => importSlice(ledger, tx, work, slice));
  });
  work.result.invalid.sort((one, other) => one.index - other.index);
  return work.result;
}

/** One slice after the other, each with a turn for everybody else. */
async function inSlices<T>(
  items: readonly T[],
  work: (slice: readonly T[], from: number) => void,
): Promise<void> {
  for (let from = 0; from < items.length; from += SLICE_ROWS) {
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other
    if (from > 0) await breath();
    work(items.slice(from, from + SLICE_ROWS), from);
  }
}

function readCandidate(
  work: Import,
  candidates: Candidate[],
  index: number,
  { row, line, fault }: ImportRow,
): void {
  const place = { index, line };
  if (fault) return refuse(work.result, place, fault);
  const plain = work.readPlain(row);
  if (plain) {
    candidates.push({ index, line, ...plain });
    return;
  }
  const read = readUnusual(work, row);
  if ("fault" in read) return refuse(work.result, place, read.fault);
  candidates.push({ index, line, ...read });
}

/** A row that something is wrong or special with. */
function readUnusual({ check }: Import, row: unknown): PlainRow | { fault: FaultDetail } {
  const checked = check(row);
  if ("fault" in checked) return checked;
  const { fields, issues } = readFields(checked.draft, null);
  return issues[0] ? { fault: issues[0] } : { draft: checked.draft, fields: writeFields(fields) };
}

function refuse(
  result: ImportResult,
  { index, line }: Pick<Candidate, "index" | "line">,
  { code = "invalid_field", field, message }: FaultDetail,
): void {
  result.invalid.push({ index, line, code, field, message });
}

function importSlice(ledger: Ledger, tx: Tx, work: Import, slice: readonly Candidate[]): void {
  const { campaign_id, result } = work;
  // Archiving may have come between two slices.
  if (campaign_id !== null) getOpenCampaign(tx, campaign_id);
  const emails = slice.map(({ fields }) => fields.email);
  const shared: Slice = { ...work, suppressed: listSuppressed(ledger, tx, emails) };
  const enrolled: Enrollee[] = [];
  for (const candidate of slice) {
    const { pile, lead_id } = importRow(ledger, tx, shared, candidate);
    if (typeof pile === "string") result[pile]++;
    else refuse(result, candidate, pile);
    if (lead_id !== null) {
      const { timezone, country, phone } = candidate.fields;
      enrolled.push({ id: lead_id, timezone, country, phone });
    }
  }
  if (campaign_id !== null) result.enrolled += enrollAll(ledger, tx, campaign_id, enrolled);
}

/** `lead_id` of a lead that is to be enrolled. */
interface Imported {
  pile: Pile;
  lead_id: number | null;
}

const left = (pile: Pile): Imported => ({ pile, lead_id: null });

function importRow(ledger: Ledger, tx: Tx, work: Slice, row: Candidate): Imported {
  const { email } = row.fields;
  if (work.seen.has(email)) return left("skipped");
  const is_suppressed = work.suppressed.has(email);
  const lead_id = is_suppressed ? null : insertNewLead(tx, row.fields);
  if (lead_id !== null) {
    work.seen.add(email);
    return { pile: "created", lead_id };
  }
  const there = findLeadByEmail(tx, email);
  // An update is checked as one: what a lead has and what the row adds may be too much together.
  const merged =
    there && work.on_conflict === "update" ? readFields(row.draft, fieldsOf(there)) : null;
  if (merged?.issues[0]) return left(merged.issues[0]);
  work.seen.add(email);
  if (is_suppressed) return left("suppressed");
  if (!there || !merged) return left("skipped");
  saveFields(ledger, tx, there, merged.fields);
  row.fields.timezone = merged.fields.timezone;
  return { pile: "updated", lead_id: there.id };
}

/** Lets everything else that waits have its turn. */
function breath(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
