// Takes up to 5,000 leads in one call. Every row ends in exactly one of five piles, so the numbers add up; slices of
// rows are one transaction each, with a breath between them, so that a big import never holds up a send.
import type { FaultDetail } from "../../core/faults.ts";
import { growCache, type Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openEnroller } from "../enrollments/actions.ts";
import { listSuppressed } from "../suppressions/actions.ts";
import { fieldsOf, getOpenCampaign, saveFields } from "./actions.ts";
import { readFields } from "./fields.ts";
import type { LeadDraft } from "./schema.ts";
import { findLeadByEmail, insertNewLead, type LeadFields } from "./store.ts";

const SLICE_ROWS = 250;

/** A row as it came in: a draft of the right types, or what is wrong with those. */
export type ImportRow = ({ draft: LeadDraft } | { fault: FaultDetail }) & {
  /** Of a CSV; null of JSON. */
  line: number | null;
};

export interface ImportOrder {
  /** Each is read in its slice: to check 5,000 at once would hold up everybody else. */
  rows: readonly (() => ImportRow)[];
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
  fields: LeadFields;
}

interface Import extends ImportOrder {
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
    seen: new Set(),
    result: { created: 0, updated: 0, skipped: 0, suppressed: 0, invalid: [], enrolled: 0 },
  };
  const candidates: Candidate[] = [];
  await inSlices(order.rows, (rows, from) => {
    for (const [i, read] of rows.entries()) readCandidate(work, candidates, from + i, read());
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
  { result }: Import,
  candidates: Candidate[],
  index: number,
  row: ImportRow,
): void {
  const { line } = row;
  if ("fault" in row) return refuse(result, { index, line }, row.fault);
  const { fields, issues } = readFields(row.draft, null);
  if (issues[0]) return refuse(result, { index, line }, issues[0]);
  candidates.push({ index, line, draft: row.draft, fields });
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
  const enroll = campaign_id === null ? null : openEnroller(ledger, tx, campaign_id);
  for (const candidate of slice) {
    const { pile, lead_id } = importRow(ledger, tx, shared, candidate);
    if (typeof pile === "string") result[pile]++;
    else refuse(result, candidate, pile);
    if (lead_id === null || !enroll) continue;
    const { timezone, country, phone } = candidate.fields;
    if (enroll({ id: lead_id, timezone, country, phone }) !== null) result.enrolled++;
  }
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
  row.fields = merged.fields;
  return { pile: "updated", lead_id: there.id };
}

/** Lets everything else that waits have its turn. */
function breath(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
