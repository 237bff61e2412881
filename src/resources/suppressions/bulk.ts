// Takes up to 5,000 suppressions in one call, as JSON or CSV. Every row ends in exactly one of four piles, so the
// numbers add up. In doubt a row is taken: an opt-out that is lost is worse than one that is too much.

import { AppError, type FaultDetail } from "../../core/faults.ts";
import { readSafeCell } from "../../http/csv-lines.ts";
import { readCsv } from "../../http/csv.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { SuppressionOrder } from "./actions.ts";
import { addSuppression, readDraft, stopDomain, type SuppressionDraft } from "./add.ts";
import type { Added } from "./store.ts";

const SLICE_ROWS = 250;
const EVIDENCE_MOST = 500;

/** A row as it came in: a draft of the right types, or what is wrong with those. */
export type BulkRow = { draft: SuppressionDraft } | { fault: FaultDetail };

export interface BulkOutcome {
  created: number;
  updated: number;
  skipped: number;
  invalid: { index: number; code: string; field: string; message: string }[];
}

const PILES: Record<Added, "created" | "updated" | "skipped"> = {
  added: "created",
  raised: "updated",
  kept: "skipped",
};

/** Adds the rows in slices. What was committed stays when the program stops halfway; the same call again finishes it. */
export async function addMany(
  ledger: Ledger,
  rows: readonly BulkRow[],
  source: string,
): Promise<BulkOutcome> {
  const outcome: BulkOutcome = { created: 0, updated: 0, skipped: 0, invalid: [] };
  const domains: SuppressionOrder[] = [];
  for (let from = 0; from < rows.length; from += SLICE_ROWS) {
    ledger.write((tx) => {
      for (const [i, row] of rows.slice(from, from + SLICE_ROWS).entries()) {
        const read = "fault" in row ? row : readDraft(row.draft, source);
        if ("fault" in read) {
          const { field, message, code = "invalid_field" } = read.fault;
          outcome.invalid.push({ index: from + i, code, field, message });
          continue;
        }
        const added = addSuppression(ledger, tx, read.order);
        outcome[PILES[added]]++;
        if (read.order.kind === "domain" && added !== "kept") domains.push(read.order);
      }
    });
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    await new Promise((resolve) => void setImmediate(resolve));
  }
  // oxlint-disable-next-line no-await-in-loop -- as above
  for (const order of domains) await stopDomain(ledger, order, 0);
  return outcome;
}

/** Folded: lower case, letters only. */
const VALUE_HEADERS = new Set(
  "value email emailaddress address domain mail recipient suppression blocked".split(" "),
);
const EVIDENCE_HEADERS = new Set("evidence note notes comment detail details".split(" "));

const fold = (header: string) => header.toLowerCase().replaceAll(/[^a-z]+/g, "");

const REASONS: readonly [RegExp, NonNullable<SuppressionDraft["reason"]>][] = [
  [/^(un-?subscribed?|opt-?(ed-?)?out|unsub|abmeldung)$/, "unsubscribed"],
  [/^(complain(ed|t)?|spam|spam-?(report|complaint)|abuse)$/, "complained"],
  [/^((hard|soft)?-?bounced?|(hard|permanent)-?bounces?|invalid)$/, "bounced"],
  [/^(manual|manually-?added|block(ed|list)?|blacklist|customer|competitor|)$/, "manual"],
];

/** The rows of a CSV: one column is the address or domain; `reason` and `evidence` are read where they are. */
export async function readCsvRows(bytes: Uint8Array): Promise<BulkRow[]> {
  const { header, rows } = await readCsv(bytes, (cell) => VALUE_HEADERS.has(fold(cell)));
  const at = (wanted: (name: string) => boolean) => header.findIndex((cell) => wanted(fold(cell)));
  const value_at = at((name) => VALUE_HEADERS.has(name));
  const reason_at = at((name) => name === "reason" || name === "type" || name === "status");
  const evidence_at = at((name) => EVIDENCE_HEADERS.has(name));
  if (value_at < 0) {
    const message =
      "The CSV has no column for the address or domain. Name it value, email or domain in the first line.";
    throw new AppError("invalid_field", message, { field: "value" });
  }
  return rows.map(({ cells }) => {
    const cell = (column: number) => readSafeCell(cells[column]?.trim() ?? "");
    return { draft: draftOf(cell(value_at), cell(reason_at), cell(evidence_at)) };
  });
}

/** A reason that nobody knows stays as evidence: the row is suppressed all the same. */
function draftOf(value: string, told: string, note: string): SuppressionDraft {
  const word = told
    .toLowerCase()
    .trim()
    .replaceAll(/[\s_]+/g, "-");
  const reason = REASONS.find(([pattern]) => pattern.test(word))?.[1];
  const words = reason === undefined ? [told, note] : [note];
  const evidence = words.filter((text) => text !== "").join(" · ");
  return {
    value,
    reason,
    evidence: evidence
      .replaceAll(/\p{Cc}+/gu, " ")
      .slice(0, EVIDENCE_MOST)
      .toWellFormed(),
  };
}
