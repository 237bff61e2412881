// A lead as the API shows it, with what it does in each campaign.
import { formatId } from "../../core/ids.ts";
import type { Reading } from "../../ledger/database.ts";
import { formatInstant } from "../../ledger/row.ts";
import { type EnrollmentRow, listEnrollmentsOfLead } from "../enrollments/store.ts";
import type { Lead } from "./schema.ts";
import type { LeadRow } from "./store.ts";

export function showLead(reading: Reading, row: LeadRow): Lead {
  return {
    id: formatId("lead", row.id),
    object: "lead",
    email: row.email,
    first_name: row.first_name,
    last_name: row.last_name,
    company: row.company,
    title: row.title,
    phone: row.phone,
    website: row.website,
    country: row.country,
    timezone: row.timezone,
    tags: row.tags,
    source: row.source,
    custom: row.custom,
    status: row.state,
    campaigns: listEnrollmentsOfLead(reading, row.id).map(showEnrollment),
    created_at: formatInstant(row.created_at),
    updated_at: formatInstant(row.updated_at),
  };
}

function showEnrollment(row: EnrollmentRow): Lead["campaigns"][number] {
  return {
    campaign_id: formatId("cmp", row.campaign_id),
    enrollment_id: formatId("enr", row.id),
    state: row.state,
    ended_by: row.ended_by,
    next_action: nextAction(row),
  };
}

/** What happens by itself; a paused enrollment waits for a person. */
function nextAction(row: EnrollmentRow): Lead["campaigns"][number]["next_action"] {
  if (row.state !== "waiting" && row.state !== "held") return null;
  if (row.step_id === null || row.due_at === null) return null;
  const due_at = Math.max(row.due_at, row.held_until ?? 0, row.blocked_until ?? 0);
  return {
    type: "send",
    step_id: formatId("stp", row.step_id),
    due_at: formatInstant(due_at),
    blocked_by: row.blocked_by,
  };
}
