// What may be done to a lead in a campaign. Stop beats send: ending an enrollment and cancelling its unfinished mail
// are one transaction (Invariant 2).
import { addDuration, readDuration } from "../../core/duration.ts";
import { AppError } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import type { EnrollmentEnd } from "../../core/states.ts";
import { findZone } from "../../core/zones.ts";
import type { Tx } from "../../ledger/database.ts";
import { findNote, type Ledger, setNote } from "../../ledger/ledger.ts";
import { listSteps } from "../campaigns/steps.store.ts";
import { findLead } from "../leads/store.ts";
import { giveBackQuota } from "../messages/actions.ts";
import { cancelUnfinished } from "../messages/store.ts";
import { listUnfinishedOfCampaign } from "./of-campaign.store.ts";
import {
  findEnrollmentOf,
  insertEnrollment,
  insertEnrollments,
  listEnrollmentsOfLead,
  type NewEnrollment,
  setWorkspaceZone,
  stop,
} from "./store.ts";

/** The zone in which a lead's window is read, and where that comes from. */
export function leadZone(
  ledger: Ledger,
  lead: { timezone: string | null },
): { zone: string; basis: string } {
  const own = lead.timezone === null ? null : findZone(lead.timezone);
  return own ? { zone: own, basis: "lead" } : { zone: ledger.workspace().zone, basis: "workspace" };
}

/** Adds a lead to a campaign: its first step is due at once, or after that step's delay. */
export function enrollLead(
  ledger: Ledger,
  tx: Tx,
  order: { campaign_id: number; lead_id: number },
): number {
  const lead = findLead(tx, order.lead_id);
  if (!lead) throw new AppError("not_found");
  const start = openStarts(ledger, tx, order.campaign_id)(lead.timezone);
  const id = insertEnrollment(tx, { ...order, ...start });
  if (id === null) {
    const there = findEnrollmentOf(tx, order.campaign_id, order.lead_id);
    throw new AppError("already_enrolled", "The lead is in this campaign already, for life.", {
      conflict: { enrollment_id: formatId("enr", there?.id ?? 0) },
    });
  }
  tx.nudge("send");
  return id;
}

/** A lead that is to be enrolled. */
export interface Enrollee {
  id: number;
  timezone: string | null;
}

/** Enrolls leads in one campaign. How many: who is in it already is left alone. */
export function enrollAll(
  ledger: Ledger,
  tx: Tx,
  campaign_id: number,
  leads: readonly Enrollee[],
): number {
  const startOf = openStarts(ledger, tx, campaign_id);
  const rows = leads.map(({ id, timezone }) => ({ lead_id: id, ...startOf(timezone) }));
  const added = insertEnrollments(tx, campaign_id, rows);
  if (added > 0) tx.nudge("send");
  return added;
}

/** Where and when a campaign begins for a lead of this zone: read once for all of a transaction. */
function openStarts(ledger: Ledger, tx: Tx, campaign_id: number) {
  const first = listSteps(tx, campaign_id)[0];
  if (!first) throw new AppError("not_found");
  const delay = readDuration(first.delay);
  const starts = new Map<string | null, Omit<NewEnrollment, "lead_id" | "campaign_id">>();
  return (timezone: string | null) => {
    const known = starts.get(timezone);
    if (known) return known;
    const { zone, basis } = leadZone(ledger, { timezone });
    const due_at = addDuration(tx.now, delay, zone);
    const start = { step_id: first.id, zone, zone_basis: basis, due_at };
    starts.set(timezone, start);
    return start;
  };
}

/** Ends one enrollment and cancels its unfinished mail. False when it had ended before. */
export function stopEnrollment(
  ledger: Ledger,
  tx: Tx,
  enrollment_id: number,
  ended_by: EnrollmentEnd,
): boolean {
  for (const message of cancelUnfinished(tx, enrollment_id)) giveBackQuota(ledger, tx, message);
  return stop(tx, enrollment_id, ended_by);
}

/** Ends every enrollment of a lead. */
export function stopLead(ledger: Ledger, tx: Tx, lead_id: number, ended_by: EnrollmentEnd): void {
  for (const { id } of listEnrollmentsOfLead(tx, lead_id)) stopEnrollment(ledger, tx, id, ended_by);
}

/** Ends up to 500 enrollments of an archived campaign. How many are left to do: call until 0. */
export function archiveEnrollments(ledger: Ledger, tx: Tx, campaign_id: number): number {
  const rows = listUnfinishedOfCampaign(tx, campaign_id, 500);
  for (const { id } of rows) stopEnrollment(ledger, tx, id, "archived");
  return rows.length;
}

const ZONE_NOTE = "zone";
const following = new WeakMap<Ledger, Promise<void>>();

/**
 * Takes the workspace's zone over to everyone who waits by it, in slices, so that mails go out meanwhile. What is due
 * stays due; only the window is read in the new zone. Does nothing where that is done already.
 */
export function followZone(ledger: Ledger): Promise<void> {
  const running = following.get(ledger);
  if (running) return running;
  if (findNote(ledger, ZONE_NOTE) === ledger.workspace().zone) return Promise.resolve();
  const run = follow(ledger).finally(() => following.delete(ledger));
  following.set(ledger, run);
  return run;
}

async function follow(ledger: Ledger): Promise<void> {
  const { zone } = ledger.workspace();
  let above: number | null = 0;
  while (above !== null) {
    const from: number = above;
    above = ledger.write((tx) => setWorkspaceZone(tx, zone, from));
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Noted at the end: a crash on the way begins anew, and a second change meanwhile is seen at the next look.
  ledger.write((tx) => {
    setNote(tx, ZONE_NOTE, zone);
    tx.nudge("send");
  });
}
