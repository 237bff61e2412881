// Takes a suppression back. What a person asked for themselves (an opt-out, a complaint) only goes with a proof that
// they changed their mind, and what was erased never does; whatever goes is kept in a list of its own.

import { AppError, notFound } from "../../core/faults.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findLead, findLeadByEmail, type LeadRow, setLeadState } from "../leads/store.ts";
import { findSuppression, journalLift } from "./actions.ts";
import { findSuppressionById, liftSuppression, listCovered, type SuppressionRow } from "./store.ts";

const SLICE_LEADS = 5000;

export function getSuppression(reading: Reading, id: number): SuppressionRow {
  const row = findSuppressionById(reading, id);
  if (!row) throw notFound("suppression");
  return row;
}

/** Takes one off the list, or throws `wrong_state` where the person's own wish stands against it. */
export async function lift(ledger: Ledger, id: number, consent: string | null): Promise<void> {
  const row = ledger.write((tx) => {
    const found = getSuppression(tx, id);
    refuseWish(found, consent);
    liftSuppression(tx, id, consent);
    if (found.value !== null) journalLift(ledger, tx, found.value);
    const lead = found.value === null ? null : findLeadByEmail(tx, found.value);
    if (lead) freeLead(ledger, tx, lead);
    return found;
  });
  if (row.kind === "domain" && row.value !== null) await freeDomain(ledger, row.value);
}

function refuseWish({ reason, kind }: SuppressionRow, consent: string | null): void {
  if (reason === "erased") {
    const message =
      "This person was erased: only a keyed hash is left, and it keeps them from ever being mailed again. It cannot be taken back.";
    throw new AppError("wrong_state", message);
  }
  if (consent !== null || (reason !== "unsubscribed" && reason !== "complained")) return;
  const who = kind === "address" ? "This person" : "Somebody of this domain";
  const did =
    reason === "unsubscribed" ? "asked not to be mailed again" : "reported a mail as spam";
  const message = `${who} ${did}. If they agreed anew, say how and when with ?consent=…: it is kept as the proof.`;
  throw new AppError("wrong_state", message, { field: "consent" });
}

/** Nothing keeps the lead from being mailed any more; what was stopped stays so until it is resumed. */
function freeLead(ledger: Ledger, tx: Tx, lead: LeadRow): void {
  const is_shut = ["suppressed", "bounced", "unsubscribed", "complained"].includes(lead.state);
  if (!is_shut || findSuppression(ledger, tx, lead.email)) return;
  setLeadState(tx, lead.id, lead.mailed_at === null ? "new" : "in_sequence");
}

async function freeDomain(ledger: Ledger, domain: string): Promise<void> {
  for (let after: number | null = 0; after !== null;) {
    const from: number = after;
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    await new Promise((resolve) => void setImmediate(resolve));
    after = ledger.write((tx) => {
      const slice = listCovered(tx, { domain, after: from, limit: SLICE_LEADS });
      for (const id of slice.lead_ids) {
        const lead = findLead(tx, id);
        if (lead) freeLead(ledger, tx, lead);
      }
      return slice.last_id;
    });
  }
}
