// What a caller may do to a lead in its campaigns: enroll, pause, resume, stop. Named a campaign, it is done there or
// refused with the reason; named none, it is done wherever it can be.

import { AppError, notFound } from "../../core/faults.ts";
import { dueAtBehind } from "../../core/sequence.ts";
import type { EnrollmentEnd } from "../../core/states.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listSteps, type StepRow } from "../campaigns/steps.store.ts";
import { findCampaign } from "../campaigns/store.ts";
import { enrollLead, pauseEnrollment, stopEnrollment } from "../enrollments/actions.ts";
import {
  type EnrollmentRow,
  findEnrollmentOf,
  listEnrollmentsOfLead,
  putOff,
  resume,
} from "../enrollments/store.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { getLead, getOpenCampaign, refuseSuppressed } from "./actions.ts";

/** Which enrollments of a lead are meant: of one campaign, or all (null). */
export interface Aim {
  lead_id: number;
  campaign_id: number | null;
  /** Who wants it: the public id of a key, or a user's; nobody in particular when left out. */
  by?: string;
}

/** Adds the lead to a campaign that it was never in. */
export function enroll(ledger: Ledger, lead_id: number, campaign_id: number): void {
  ledger.write((tx) => {
    const lead = getLead(tx, lead_id);
    getOpenCampaign(tx, campaign_id);
    refuseSuppressed(ledger, tx, lead.email);
    enrollLead(ledger, tx, { campaign_id, lead_id });
  });
}

/** Nothing more is sent until it is resumed; nothing is cancelled. */
export function pauseLead(ledger: Ledger, aim: Aim): void {
  ledger.write((tx) => {
    forEach(tx, aim, (enrollment) => {
      if (enrollment.ended_by !== null) return ended(enrollment.ended_by);
      pauseEnrollment(ledger, tx, enrollment, { paused_by: "api", by: aim.by ?? "api" });
      return null;
    });
  });
}

/** Ends it and cancels the mail that is not out yet. What has ended stays as it is. */
export function stopLeadIn(ledger: Ledger, aim: Aim): void {
  ledger.write((tx) => {
    for (const enrollment of listAimed(tx, aim)) {
      if (stopEnrollment(ledger, tx, enrollment.id, "stopped"))
        tell(ledger, tx, "lead.stopped", { enrollment, by: aim.by ?? "api" });
    }
  });
}

/** Goes on where it stood. A person who opted out, bounced or was erased is never taken up again. */
export function resumeLead(ledger: Ledger, aim: Aim): void {
  ledger.write((tx) => {
    const lead = getLead(tx, aim.lead_id);
    forEach(tx, aim, (enrollment) => {
      if (enrollment.state === "waiting" || enrollment.state === "held") return null;
      const behind = findStepBehind(tx, enrollment);
      const fault = findResumeFault(tx, enrollment, behind);
      if (fault) return fault;
      refuseSuppressed(ledger, tx, lead.email);
      if (behind) goOnAt(tx, enrollment, behind);
      else resume(tx, enrollment.id);
      tell(ledger, tx, "lead.resumed", { enrollment, by: aim.by ?? "api" });
      tx.nudge("send");
      return null;
    });
  });
}

function tell(
  ledger: Ledger,
  tx: Tx,
  event: "lead.resumed" | "lead.stopped",
  { enrollment, by }: { enrollment: EnrollmentRow; by: string },
): void {
  const { lead_id, campaign_id } = enrollment;
  record(ledger, tx, { event, detail: { by } }, { ...NO_SUBJECT, lead_id, campaign_id });
}

/** Ends that a person can take back: the others are somebody else's word, or there is nothing left to send. */
const MAY_RESUME: ReadonlySet<EnrollmentEnd> = new Set([
  "stopped",
  "replied",
  "company_replied",
  "suppressed",
]);

/** A step that was added behind the last one, after a lead had got them all: nobody gets it unasked. */
function findStepBehind(reading: Reading, enrollment: EnrollmentRow): StepRow | null {
  const { ended_by, last_step_id, campaign_id } = enrollment;
  if (ended_by !== "last_step" || last_step_id === null) return null;
  const steps = listSteps(reading, campaign_id);
  const at = steps.findIndex(({ id }) => id === last_step_id);
  return at < 0 ? null : (steps[at + 1] ?? null);
}

function goOnAt(tx: Tx, { id, zone, last_sent_at }: EnrollmentRow, step: StepRow): void {
  putOff(tx, id, {
    step_id: step.id,
    due_at: dueAtBehind(last_sent_at, step, { zone, now: tx.now }),
  });
}

function findResumeFault(
  reading: Reading,
  enrollment: EnrollmentRow,
  behind: StepRow | null,
): AppError | null {
  if (findCampaign(reading, enrollment.campaign_id)?.state === "archived")
    return new AppError("wrong_state", "The campaign is archived and sends nothing any more.");
  const { ended_by } = enrollment;
  return ended_by === null || MAY_RESUME.has(ended_by) || behind ? null : ended(ended_by);
}

function ended(ended_by: EnrollmentEnd): AppError {
  const why = ended_by.replace("_", " ");
  return new AppError("wrong_state", `The lead's way through this campaign has ended: ${why}.`);
}

/** Does it to each that is aimed at. Refused with the first reason when it could be done to none. */
function forEach(tx: Tx, aim: Aim, act: (enrollment: EnrollmentRow) => AppError | null): void {
  const enrollments = listAimed(tx, aim);
  if (enrollments.length === 0)
    throw new AppError("wrong_state", "The lead is in no campaign. Enroll it first.");
  const faults = enrollments.map(act);
  const [first] = faults;
  if (first && faults.every((fault) => fault !== null)) throw first;
}

function listAimed(reading: Reading, { lead_id, campaign_id }: Omit<Aim, "by">): EnrollmentRow[] {
  getLead(reading, lead_id);
  if (campaign_id === null) return listEnrollmentsOfLead(reading, lead_id);
  const enrollment = findEnrollmentOf(reading, campaign_id, lead_id);
  if (!enrollment) throw notFound("enrollment of this lead in that campaign");
  return [enrollment];
}
