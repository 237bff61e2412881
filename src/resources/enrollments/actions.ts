// What may be done to a lead in a campaign. Stop beats send: ending an enrollment and cancelling its unfinished mail
// are one transaction (Invariant 2).
import { companyDomain } from "../../core/address.ts";
import { addDuration, readDuration } from "../../core/duration.ts";
import { AppError } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import { inferZone, type Whereabouts, type ZoneBasis } from "../../core/lead-zone.ts";
import type { EnrollmentEnd } from "../../core/states.ts";
import { openUntil } from "../../core/window.ts";
import { localDay } from "../../core/zones.ts";
import type { Tx } from "../../ledger/database.ts";
import { findNote, type Ledger, setNote } from "../../ledger/ledger.ts";
import { formatInstant } from "../../ledger/row.ts";
import { listSteps } from "../campaigns/steps.store.ts";
import { findCampaign } from "../campaigns/store.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { findLead } from "../leads/store.ts";
import { giveBackQuota } from "../messages/actions.ts";
import { listClaimed } from "../messages/due.store.ts";
import { cancelUnfinished, setWindowUntil } from "../messages/store.ts";
import { listUnfinishedOfCampaign } from "./of-campaign.store.ts";
import {
  type EnrollmentRow,
  findEnrollmentOf,
  hold,
  insertEnrollment,
  insertEnrollments,
  listEnrollmentsOfLead,
  type NewEnrollment,
  pause,
  setWorkspaceZone,
  setZone,
  stop,
} from "./store.ts";
import { listColleagues } from "./waiting.store.ts";

/** The zone in which a lead's window is read, and where that comes from. */
export function leadZone(ledger: Ledger, lead: Whereabouts): { zone: string; basis: ZoneBasis } {
  return inferZone(lead) ?? { zone: ledger.workspace().zone, basis: "workspace" };
}

/** Adds a lead to a campaign: its first step is due at once, or after that step's delay. */
export function enrollLead(
  ledger: Ledger,
  tx: Tx,
  order: { campaign_id: number; lead_id: number },
): number {
  const lead = findLead(tx, order.lead_id);
  if (!lead) throw new AppError("not_found");
  const start = openStarts(ledger, tx, order.campaign_id)(lead);
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
export interface Enrollee extends Whereabouts {
  id: number;
}

/** Enrolls leads in one campaign. How many: who is in it already is left alone. */
export function enrollAll(
  ledger: Ledger,
  tx: Tx,
  campaign_id: number,
  leads: readonly Enrollee[],
): number {
  const startOf = openStarts(ledger, tx, campaign_id);
  const rows = leads.map((lead) => ({ lead_id: lead.id, ...startOf(lead) }));
  const added = insertEnrollments(tx, campaign_id, rows);
  if (added > 0) tx.nudge("send");
  return added;
}

/** Where and when a campaign begins for a lead: read once for all of a transaction. */
function openStarts(ledger: Ledger, tx: Tx, campaign_id: number) {
  const first = listSteps(tx, campaign_id)[0];
  if (!first) throw new AppError("not_found");
  const delay = readDuration(first.delay);
  const dues = new Map<string, number>();
  return (lead: Whereabouts): Omit<NewEnrollment, "lead_id" | "campaign_id"> => {
    const { zone, basis } = leadZone(ledger, lead);
    const due_at = dues.get(zone) ?? addDuration(tx.now, delay, zone);
    dues.set(zone, due_at);
    return { step_id: first.id, zone, zone_basis: basis, due_at };
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

/** Which enrollments of a lead are meant: of one campaign, or all (null). */
interface Part {
  lead_id: number;
  campaign_id: number | null;
}

type Told = Pick<EnrollmentRow, "id" | "lead_id" | "campaign_id">;

const subjectOf = ({ lead_id, campaign_id }: Told) => ({ ...NO_SUBJECT, lead_id, campaign_id });

/** Pauses it and tells who or what did. False when it has ended or is paused already. */
export function pauseEnrollment(
  ledger: Ledger,
  tx: Tx,
  enrollment: Told,
  { paused_by, by = paused_by }: { paused_by: string; by?: string },
): boolean {
  if (!pause(tx, enrollment.id, paused_by)) return false;
  record(ledger, tx, { event: "lead.paused", detail: { by } }, subjectOf(enrollment));
  return true;
}

/** The same for what a lead does in this part. */
export function pauseLeadIn(ledger: Ledger, tx: Tx, part: Part, paused_by: string): void {
  for (const enrollment of listEnrollmentsOfLead(tx, part.lead_id)) {
    if (part.campaign_id === null || part.campaign_id === enrollment.campaign_id)
      pauseEnrollment(ledger, tx, enrollment, { paused_by });
  }
}

/** Waits for the person who is away, until then (ms UTC), and tells why. */
export function holdEnrollment(
  ledger: Ledger,
  tx: Tx,
  enrollment: Told,
  { until, reason }: { until: number; reason: string },
): void {
  if (!hold(tx, enrollment.id, until)) return;
  const detail = { until: formatInstant(until), reason };
  record(ledger, tx, { event: "lead.held", detail }, subjectOf(enrollment));
}

/** A person answered a mail of this campaign: there it ends, unless it goes on behind answers; all others pause. */
export function answeredIn(
  ledger: Ledger,
  tx: Tx,
  lead_id: number,
  answered: { campaign_id: number | null; goes_on: boolean },
): void {
  for (const enrollment of listEnrollmentsOfLead(tx, lead_id)) {
    if (enrollment.campaign_id !== answered.campaign_id)
      pauseEnrollment(ledger, tx, enrollment, { paused_by: "replied_elsewhere" });
    else if (!answered.goes_on) stopEnrollment(ledger, tx, enrollment.id, "replied");
  }
  const { campaign_id } = answered;
  if (campaign_id !== null && findCampaign(tx, campaign_id)?.stop_for_company === true)
    stopCompany(ledger, tx, { campaign_id, lead_id });
}

/** Ends every enrollment of a lead. */
export function stopLead(ledger: Ledger, tx: Tx, lead_id: number, ended_by: EnrollmentEnd): void {
  for (const { id } of listEnrollmentsOfLead(tx, lead_id)) stopEnrollment(ledger, tx, id, ended_by);
}

/**
 * Ends the campaign for everybody else at the company of a lead who answered: in the transaction of the answer, for their
 * mails may be under way. Nobody else where the address is of a public mail domain: neighbours there are strangers.
 */
export function stopCompany(
  ledger: Ledger,
  tx: Tx,
  { campaign_id, lead_id }: { campaign_id: number; lead_id: number },
): void {
  const lead = findLead(tx, lead_id);
  const company_domain = lead ? companyDomain(lead.email) : null;
  if (company_domain === null) return;
  for (const id of listColleagues(tx, { campaign_id, company_domain, lead_id }))
    stopEnrollment(ledger, tx, id, "company_replied");
}

/** The lead's zone is another one: who waits is read in it, and a mail under way has only as long as its window has. */
export function moveLead(
  ledger: Ledger,
  tx: Tx,
  lead_id: number,
  { zone, basis }: { zone: string; basis: ZoneBasis },
): void {
  setZone(tx, lead_id, zone, basis);
  cutWindows(ledger, tx, { lead_id });
  tx.nudge("send");
}

/**
 * Windows or zones have changed: mails that are claimed may be let go only while the window is open as it is now. The
 * commit point reads `window_until`, which the claim had frozen. Only what is under way is looked at: a handful of rows.
 */
export function cutWindows(
  ledger: Ledger,
  tx: Tx,
  of: { lead_id?: number; campaign_id?: number },
): void {
  for (const mail of listClaimed(tx)) {
    if (of.lead_id !== undefined && mail.lead_id !== of.lead_id) continue;
    if (of.campaign_id !== undefined && mail.campaign_id !== of.campaign_id) continue;
    const campaign = findCampaign(tx, mail.campaign_id);
    const zones = { lead: mail.zone, day: ledger.workspace().zone };
    // Past midnight it goes back whatever the window: its place was yesterday's.
    const is_of_today = mail.quota_day === localDay(tx.now, zones.day);
    if (campaign && is_of_today)
      setWindowUntil(tx, mail.id, openUntil(campaign.send_window, tx.now, zones));
  }
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
    cutWindows(ledger, tx, {});
    tx.nudge("send");
  });
}
