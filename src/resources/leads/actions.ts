// What may be done to a lead: added once, changed, erased for good.
import { AppError, notFound } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import { refuseIssues } from "../../core/issues.ts";
import { type Meaning, raisedStatus, statusAfter } from "../../core/lead-status.ts";
import { eraseAnswers } from "../../ledger/answers.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findCampaign } from "../campaigns/store.ts";
import { enrollLead, leadZone, moveLead, stopLead } from "../enrollments/actions.ts";
import { unblockLead } from "../enrollments/store.ts";
import { eraseEventsOfLead } from "../events/store.ts";
import { forgetMeaningsOfLead } from "../meanings/actions.ts";
import { eraseMeetingsOfLead } from "../meetings/store.ts";
import { eraseMessagesOfLead } from "../messages/store.ts";
import { eraseRepliesOfLead, eraseUntrackedFrom } from "../replies/store.ts";
import { findSuppression, suppressErased } from "../suppressions/actions.ts";
import { eraseSandboxMails } from "../test/store.ts";
import { readFields } from "./fields.ts";
import type { LeadDraft } from "./schema.ts";
import {
  emptyWriteAheadLog,
  eraseLeadRow,
  findLead,
  findLeadByEmail,
  insertLead,
  type LeadFields,
  type LeadRow,
  setLeadState,
  updateLead,
} from "./store.ts";

export function getLead(reading: Reading, id: number): LeadRow {
  const lead = findLead(reading, id);
  if (!lead) throw notFound("lead");
  return lead;
}

/** A campaign that leads can be added to, or the fault that says why not. */
export function getOpenCampaign(reading: Reading, campaign_id: number): void {
  const campaign = findCampaign(reading, campaign_id);
  if (!campaign) {
    const message = "campaign_id names no campaign of this workspace and mode";
    refuseIssues([{ field: "campaign_id", message }]);
  } else if (campaign.state === "archived") {
    throw new AppError("wrong_state", "The campaign is archived and takes no more leads.", {
      field: "campaign_id",
    });
  }
}

/** Adds a lead, and enrolls it where a campaign is named: both or nothing. Its id. */
export function createLead(ledger: Ledger, draft: LeadDraft, campaign_id: number | null): number {
  const { fields, issues } = readFields(draft, null);
  refuseIssues(issues);
  return ledger.write((tx) => {
    if (campaign_id !== null) getOpenCampaign(tx, campaign_id);
    refuseTaken(tx, fields.email);
    refuseSuppressed(ledger, tx, fields.email);
    const id = insertLead(tx, fields);
    if (campaign_id !== null) enrollLead(ledger, tx, { campaign_id, lead_id: id });
    return id;
  });
}

function refuseTaken(tx: Tx, email: string): void {
  const there = findLeadByEmail(tx, email);
  if (!there) return;
  throw new AppError("lead_exists", undefined, {
    field: "email",
    conflict: { lead_id: formatId("lead", there.id) },
  });
}

/** Throws `lead_suppressed` where the address or its domain is never to be mailed again. */
export function refuseSuppressed(ledger: Ledger, tx: Tx, email: string): void {
  const suppression = findSuppression(ledger, tx, email);
  if (!suppression) return;
  throw new AppError(
    "lead_suppressed",
    `This ${suppression.kind} is on the suppression list (${suppression.reason}) and is never mailed again.`,
    { field: "email", conflict: { suppression_id: formatId("sup", suppression.id) } },
  );
}

/** Changes the fields that the draft names. */
export function changeLead(ledger: Ledger, id: number, draft: LeadDraft): void {
  ledger.write((tx) => {
    const lead = getLead(tx, id);
    const { fields, issues } = readFields(draft, fieldsOf(lead));
    refuseIssues(issues);
    if (fields.email !== lead.email) {
      refuseMailed(lead);
      refuseTaken(tx, fields.email);
      refuseSuppressed(ledger, tx, fields.email);
    }
    saveFields(ledger, tx, lead, fields);
  });
}

function refuseMailed(lead: LeadRow): void {
  if (lead.mailed_at === null) return;
  throw new AppError(
    "wrong_state",
    "The lead was mailed, so its email is fixed. Add the new address as a new lead.",
    { field: "email" },
  );
}

/** Writes the fields and lets what waits for them look again. */
export function saveFields(ledger: Ledger, tx: Tx, lead: LeadRow, fields: LeadFields): void {
  updateLead(tx, lead.id, fields);
  const { zone, basis } = leadZone(ledger, fields);
  const before = leadZone(ledger, lead);
  if (zone !== before.zone || basis !== before.basis)
    moveLead(ledger, tx, lead.id, { zone, basis });
  unblockLead(tx, lead.id);
}

/** The lead's status follows what it wrote, as far as a machine or a person may say so (core/lead-status.ts). */
export function followMeaning(tx: Tx, lead_id: number, meaning: Meaning): void {
  const lead = findLead(tx, lead_id);
  if (!lead) return;
  const state = statusAfter(lead.state, meaning);
  if (state !== lead.state) setLeadState(tx, lead_id, state);
}

/** Something has happened to the lead: its status is that, unless it is something stronger. */
export function raiseStatus(tx: Tx, lead: LeadRow, happened: LeadRow["state"]): void {
  const state = raisedStatus(lead.state, happened);
  if (state !== lead.state) setLeadState(tx, lead.id, state);
}

/** The part of a row that a caller sets. */
export function fieldsOf(lead: LeadRow): LeadFields {
  return {
    email: lead.email,
    first_name: lead.first_name,
    last_name: lead.last_name,
    company: lead.company,
    title: lead.title,
    phone: lead.phone,
    website: lead.website,
    country: lead.country,
    timezone: lead.timezone,
    tags: lead.tags,
    source: lead.source,
    custom: lead.custom,
  };
}

/** Erases the person and suppresses the address for good: only its keyed hash stays (Invariant 8). */
export function eraseLead(ledger: Ledger, id: number): void {
  ledger.write((tx) => {
    const { email } = getLead(tx, id);
    // Stop beats send: first nothing more goes out, then the traces go.
    stopLead(ledger, tx, id, "erased");
    suppressErased(ledger, tx, email);
    eraseMessagesOfLead(tx, id);
    forgetMeaningsOfLead(ledger, tx, id);
    eraseRepliesOfLead(tx, id);
    eraseUntrackedFrom(tx, email);
    eraseMeetingsOfLead(tx, id);
    eraseEventsOfLead(tx, id);
    eraseSandboxMails(tx, email);
    eraseAnswers(tx, [formatId("lead", id), email]);
    eraseLeadRow(tx, id);
  });
  emptyWriteAheadLog(ledger);
}
