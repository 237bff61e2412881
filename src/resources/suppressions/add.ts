// Puts an address or a domain on the list and stops what it covers. Stop beats send: the entry, the end of the
// enrollments and the cancelling of unfinished mails are one transaction (Invariant 2). A domain may cover very many
// leads: those behind the first slice end in transactions of their own, and nothing is sent to them meanwhile, because
// claim and commit point read the list.

import { isControlFree, parseAddress, parseDomain } from "../../core/address.ts";
import type { FaultDetail } from "../../core/faults.ts";
import { issue } from "../../core/issues.ts";
import type { EnrollmentEnd, LeadState } from "../../core/states.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { stopLead } from "../enrollments/actions.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { findLead, findLeadByEmail, type LeadRow, setLeadState } from "../leads/store.ts";
import { suppress, type SuppressionOrder } from "./actions.ts";
import { type Added, listCovered, type SuppressionReason } from "./store.ts";

/** So many leads are looked at in one transaction. */
const SLICE_LEADS = 5000;

export interface SuppressionDraft {
  value: string;
  reason?: Exclude<SuppressionReason, "erased"> | undefined;
  evidence?: string | null | undefined;
}

/** An address or a domain (`@example.com` is one too), or what is wrong with the draft. */
export function readDraft(
  draft: SuppressionDraft,
  source: string,
): { order: SuppressionOrder } | { fault: FaultDetail } {
  const text = draft.value.trim();
  const address = parseAddress(text);
  const value = address ?? parseDomain(text.replace(/^@/, ""));
  if (value === null) {
    const rule =
      "must be one e-mail address such as ada@example.com, or a domain such as example.com";
    return { fault: issue("value", rule) };
  }
  const evidence = draft.evidence?.trim() ?? "";
  if (!isControlFree(evidence.replace(/[\t\n\r]/g, ""))) {
    const rule = "must not hold control characters other than line breaks and tabs";
    return { fault: issue("evidence", rule) };
  }
  return {
    order: {
      kind: address === null ? "domain" : "address",
      value,
      reason: draft.reason ?? "manual",
      source,
      evidence: evidence === "" ? null : evidence,
    },
  };
}

/** Adds one in the caller's transaction; of a domain the leads are stopped by `stopDomain` after it. */
export function addSuppression(ledger: Ledger, tx: Tx, order: SuppressionOrder): Added {
  const added = suppress(ledger, tx, order);
  if (order.kind === "domain") return added;
  const lead = findLeadByEmail(tx, order.value);
  if (lead) endLead(ledger, tx, lead, { reason: order.reason, is_news: added !== "kept" });
  tx.nudge("send");
  return added;
}

/** Adds one and stops what it covers; of a domain the first slice. `rest`: the id behind which `stopDomain` goes on. */
export function addFirst(
  ledger: Ledger,
  order: SuppressionOrder,
): { added: Added; rest: number | null } {
  return ledger.write((tx) => ({
    added: addSuppression(ledger, tx, order),
    rest: order.kind === "domain" ? stopSlice(ledger, tx, order, 0) : null,
  }));
}

/** Ends the enrollments of every lead of a domain that is on the list, from the id behind `after`. */
export async function stopDomain(
  ledger: Ledger,
  order: SuppressionOrder,
  after: number,
): Promise<void> {
  for (let from: number | null = after; from !== null;) {
    const behind: number = from;
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    await new Promise((resolve) => void setImmediate(resolve));
    from = ledger.write((tx) => stopSlice(ledger, tx, order, behind));
  }
}

function stopSlice(
  ledger: Ledger,
  tx: Tx,
  { value, reason }: SuppressionOrder,
  after: number,
): number | null {
  const slice = listCovered(tx, { domain: value, after, limit: SLICE_LEADS });
  for (const id of slice.lead_ids) {
    const lead = findLead(tx, id);
    // That somebody asked for a whole domain is no wish of each person in it.
    if (lead) endLead(ledger, tx, lead, { reason, is_news: false });
  }
  return slice.last_id;
}

const ENDS: Record<SuppressionReason, { ended_by: EnrollmentEnd; state: LeadState }> = {
  manual: { ended_by: "suppressed", state: "suppressed" },
  erased: { ended_by: "erased", state: "suppressed" },
  bounced: { ended_by: "bounced", state: "bounced" },
  unsubscribed: { ended_by: "unsubscribed", state: "unsubscribed" },
  complained: { ended_by: "suppressed", state: "complained" },
};

/** From the weakest to the strongest: a person's own wish is never painted over. */
const STRENGTH: readonly LeadState[] = ["suppressed", "bounced", "unsubscribed", "complained"];

function endLead(
  ledger: Ledger,
  tx: Tx,
  lead: LeadRow,
  { reason, is_news }: { reason: SuppressionReason; is_news: boolean },
): void {
  const { ended_by, state } = ENDS[reason];
  stopLead(ledger, tx, lead.id, ended_by);
  if (STRENGTH.indexOf(state) > STRENGTH.indexOf(lead.state)) setLeadState(tx, lead.id, state);
  if (reason === "unsubscribed" && is_news) {
    const event = { event: "lead.unsubscribed" as const, detail: { source: "api" } };
    record(ledger, tx, event, { ...NO_SUBJECT, lead_id: lead.id });
  }
}
