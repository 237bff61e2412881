// Takes up to 5,000 leads in one call. Every row ends in exactly one of five piles, so the numbers add up; slices of
// rows are one transaction each, with a breath between them, so that a big import never holds up a send.
import type { FaultDetail } from "../../core/faults.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { enrollLead } from "../enrollments/actions.ts";
import { findEnrollmentOf } from "../enrollments/store.ts";
import { findSuppression } from "../suppressions/actions.ts";
import { fieldsOf, getOpenCampaign, saveFields } from "./actions.ts";
import { readFields } from "./fields.ts";
import type { LeadDraft } from "./schema.ts";
import { findLeadByEmail, insertLead, type LeadFields, type LeadRow } from "./store.ts";

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

/** Adds the rows. What was committed stays when the program stops halfway; the same call again finishes it. */
export async function importLeads(ledger: Ledger, order: ImportOrder): Promise<ImportResult> {
  if (order.campaign_id !== null) getOpenCampaign(ledger, order.campaign_id);
  const result: ImportResult = {
    created: 0,
    updated: 0,
    skipped: 0,
    suppressed: 0,
    invalid: [],
    enrolled: 0,
  };
  const seen = new Set<string>();
  for (let from = 0; from < order.rows.length; from += SLICE_ROWS) {
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    if (from > 0) await breath();
    const slice = order.rows.slice(from, from + SLICE_ROWS).map((read) => read());
    ledger.write((tx) => {
      // Archiving may have come between two slices.
      if (order.campaign_id !== null) getOpenCampaign(tx, order.campaign_id);
      for (const [i, row] of slice.entries()) {
        const pile =
          "fault" in row ? row.fault : importRow(ledger, tx, { ...order, seen, result }, row.draft);
        if (typeof pile === "string") result[pile]++;
        else {
          const { field, message, code = "invalid_field" } = pile;
          result.invalid.push({ index: from + i, line: row.line, code, field, message });
        }
      }
    });
  }
  return result;
}

interface Import extends ImportOrder {
  seen: Set<string>;
  result: ImportResult;
}

function importRow(ledger: Ledger, tx: Tx, work: Import, draft: LeadDraft): Pile {
  const read = readFields(draft, null);
  const [fault] = read.issues;
  if (fault) return fault;
  const { email } = read.fields;
  if (work.seen.has(email)) return "skipped";
  const there = findLeadByEmail(tx, email);
  // An update is checked as one: what a lead has and what the row adds may be too much together.
  const merged = there ? readFields(draft, fieldsOf(there)) : read;
  if (there && work.on_conflict === "update" && merged.issues[0]) return merged.issues[0];
  work.seen.add(email);
  if (findSuppression(ledger, tx, email)) return "suppressed";
  if (there && work.on_conflict === "skip") return "skipped";
  const lead_id = there ? change(ledger, tx, there, merged.fields) : insertLead(tx, merged.fields);
  enroll(ledger, tx, work, lead_id);
  return there ? "updated" : "created";
}

function change(ledger: Ledger, tx: Tx, lead: LeadRow, fields: LeadFields): number {
  saveFields(ledger, tx, lead, fields);
  return lead.id;
}

function enroll(ledger: Ledger, tx: Tx, { campaign_id, result }: Import, lead_id: number): void {
  if (campaign_id === null || findEnrollmentOf(tx, campaign_id, lead_id)) return;
  enrollLead(ledger, tx, { campaign_id, lead_id });
  result.enrolled++;
}

/** Lets everything else that waits have its turn. */
function breath(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
