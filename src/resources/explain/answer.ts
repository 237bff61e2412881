// Explanations on the wire: ids and instants as the API writes them.

import type {
  CampaignExplanation,
  EnrollmentExplanation,
  LeadExplanation,
  Reason,
} from "../../core/explanation.ts";
import { formatId, type IdPrefix } from "../../core/ids.ts";
import { formatInstant, formatInstantOrNull } from "../../ledger/row.ts";
import type { CampaignExplained, LeadExplained } from "./schema.ts";

const idOrNull = (prefix: IdPrefix, id: number | null) =>
  id === null ? null : formatId(prefix, id);

const showGate = (reason: Reason): CampaignExplained["gates"][number] => ({
  ...reason,
  since: formatInstantOrNull(reason.since),
  next_at: formatInstantOrNull(reason.next_at),
  inbox_id: idOrNull("inb", reason.inbox_id),
});

export function showLeadExplanation(told: LeadExplanation): LeadExplained {
  return {
    object: "lead_explanation",
    lead_id: formatId("lead", told.lead_id),
    now: formatInstant(told.now),
    enrollments: told.enrollments.map(showEnrollment),
  };
}

function showEnrollment(one: EnrollmentExplanation): LeadExplained["enrollments"][number] {
  const { step } = one;
  return {
    enrollment_id: formatId("enr", one.enrollment_id),
    campaign_id: formatId("cmp", one.campaign_id),
    campaign_name: one.campaign_name,
    state: one.state,
    ended_by: one.ended_by,
    verdict: one.verdict,
    summary: one.summary,
    step: step && { id: formatId("stp", step.id), position: step.position },
    due_at: formatInstantOrNull(one.due_at),
    next_at: formatInstantOrNull(one.next_at),
    zone: one.zone,
    zone_basis: one.zone_basis,
    inbox_id: idOrNull("inb", one.inbox_id),
    ahead: one.ahead,
    gates: one.gates.map(showGate),
  };
}

export function showCampaignExplanation(told: CampaignExplanation): CampaignExplained {
  return {
    object: "campaign_explanation",
    campaign_id: formatId("cmp", told.campaign_id),
    status: told.state,
    now: formatInstant(told.now),
    verdict: told.verdict,
    summary: told.summary,
    next_at: formatInstantOrNull(told.next_at),
    gates: told.gates.map(showGate),
    inboxes: told.inboxes.map((inbox) => ({
      inbox_id: formatId("inb", inbox.inbox_id),
      email: inbox.email,
      status: inbox.state,
      verdict: inbox.verdict,
      follow_ups: inbox.follow_ups,
      next_at: formatInstantOrNull(inbox.next_at),
      gates: inbox.gates.map(showGate),
    })),
    zones: told.zones.map((zone) => ({
      ...zone,
      opens_at: formatInstantOrNull(zone.opens_at),
      closes_at: formatInstantOrNull(zone.closes_at),
    })),
    zones_left_off: told.zones_left_off,
    enrolled: told.enrolled,
    ended: told.ended,
    waiting_for: { ...told.waiting_for },
  };
}
