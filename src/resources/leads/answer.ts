// A lead as the API shows it, with what it does in each campaign.
import { formatId, type IdPrefix } from "../../core/ids.ts";
import type { Reading } from "../../ledger/database.ts";
import { formatInstant, formatInstantOrNull, readJson } from "../../ledger/row.ts";
import { listDecisions } from "../enrollments/decisions.store.ts";
import type { ShownEnrollment } from "../enrollments/shown.store.ts";
import { listEnrollmentsOfLead } from "../enrollments/store.ts";
import type { Lead, TimelineItem } from "./schema.ts";
import type { LeadRow, ListedLead } from "./store.ts";
import type { TimelineRow } from "./timeline.store.ts";

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
    campaigns: listEnrollmentsOfLead(reading, row.id).map((enrollment) =>
      showAlone(reading, enrollment),
    ),
    created_at: formatInstant(row.created_at),
    updated_at: formatInstant(row.updated_at),
  };
}

/** What a page shows again and again: most of its leads stand at the same step of the same campaign. */
interface Repeats {
  campaign(id: number): string;
  step(id: number): string;
}

function writeOnce(prefix: IdPrefix): (id: number) => string {
  const texts = new Map<number, string>();
  return (id) => {
    const known = texts.get(id);
    if (known !== undefined) return known;
    const text = formatId(prefix, id);
    texts.set(id, text);
    return text;
  };
}

/** The same as showLead for a page of them, without the decisions, each as JSON text: a test holds the two together. */
export function writeLeads(
  rows: readonly ListedLead[],
  enrollments: readonly ShownEnrollment[],
): string[] {
  const repeats: Repeats = { campaign: writeOnce("cmp"), step: writeOnce("stp") };
  const of_lead = new Map<number, string>();
  for (const row of enrollments) {
    const before = of_lead.get(row.lead_id);
    const text = writeEnrollment(row, repeats);
    of_lead.set(row.lead_id, before === undefined ? text : `${before},${text}`);
  }
  return rows.map((row) => writeLead(row, of_lead.get(row.id) ?? ""));
}

function writeLead({ id, fields, created_at, updated_at }: ListedLead, campaigns: string): string {
  const created = formatInstant(created_at);
  const updated = updated_at === created_at ? created : formatInstant(updated_at);
  return `{"id":"${formatId("lead", id)}","object":"lead",${fields},"campaigns":[${campaigns}],"created_at":"${created}","updated_at":"${updated}"}`;
}

/** Words of our own stand in quotes as they are; a reason may hold anything. */
function writeEnrollment(row: ShownEnrollment, repeats: Repeats): string {
  const ended_by = row.ended_by === null ? "null" : `"${row.ended_by}"`;
  return `{"campaign_id":"${repeats.campaign(row.campaign_id)}","enrollment_id":"${formatId("enr", row.id)}","state":"${row.state}","ended_by":${ended_by},"zone":"${row.zone}","zone_basis":"${row.zone_basis}","next_action":${writeNext(row, repeats)}}`;
}

function writeNext(row: ShownEnrollment, repeats: Repeats): string {
  const next = nextOf(row);
  if (next === null) return "null";
  const blocked_by = row.blocked_by === null ? "null" : JSON.stringify(row.blocked_by);
  return `{"type":"send","step_id":"${repeats.step(next.step_id)}","at":"${formatInstant(next.at)}","blocked_by":${blocked_by}}`;
}

function showEnrollment(row: ShownEnrollment): Lead["campaigns"][number] {
  return {
    campaign_id: formatId("cmp", row.campaign_id),
    enrollment_id: formatId("enr", row.id),
    state: row.state,
    ended_by: row.ended_by,
    zone: row.zone,
    zone_basis: row.zone_basis,
    next_action: nextAction(row),
  };
}

/** What a list leaves out as well. */
function showAlone(reading: Reading, row: ShownEnrollment): Lead["campaigns"][number] {
  return { ...showEnrollment(row), ...decisionsOf(reading, row.id) };
}

type Decisions = NonNullable<Lead["campaigns"][number]["decisions"]>;

function decisionsOf(reading: Reading, enrollment_id: number): { decisions?: Decisions } {
  const decisions = showDecisions(reading, enrollment_id);
  return decisions.length === 0 ? {} : { decisions };
}

function showDecisions(reading: Reading, enrollment_id: number): Decisions {
  return listDecisions(reading, enrollment_id).map(({ step_id, went_to, trials, decided_at }) => ({
    step_id: formatId("stp", step_id),
    went_to: went_to === null ? "end" : formatId("stp", went_to),
    at: formatInstant(decided_at),
    trials: trials.map(({ event, holds, why, on_step_id, event_at, go_to }) => ({
      event,
      holds,
      why,
      on_step_id: idOrNull("stp", on_step_id),
      event_at: formatInstantOrNull(event_at),
      go_to: go_to === "end" ? go_to : formatId("stp", go_to),
    })),
  }));
}

function nextAction(row: ShownEnrollment): Lead["campaigns"][number]["next_action"] {
  const next = nextOf(row);
  if (next === null) return null;
  return {
    type: "send",
    step_id: formatId("stp", next.step_id),
    at: formatInstant(next.at),
    blocked_by: row.blocked_by,
  };
}

/** What happens by itself, and when at the earliest (ms UTC); a paused enrollment waits for a person. */
function nextOf(row: ShownEnrollment): { step_id: number; at: number } | null {
  if (row.state !== "waiting" && row.state !== "held") return null;
  if (row.step_id === null || row.due_at === null) return null;
  const at = Math.max(row.due_at, row.held_until ?? 0, row.blocked_until ?? 0);
  return { step_id: row.step_id, at };
}

const PREFIXES = { event: "evt", message: "msg", reply: "rpl" } as const;
const idOrNull = (prefix: IdPrefix, id: number | null) =>
  id === null ? null : formatId(prefix, id);

export function showTimelineItem(row: TimelineRow): TimelineItem {
  return {
    id: formatId(PREFIXES[row.object], row.id),
    object: row.object,
    kind: row.kind,
    at: formatInstant(row.at),
    campaign_id: idOrNull("cmp", row.campaign_id),
    step_id: idOrNull("stp", row.step_id),
    message_id: idOrNull("msg", row.message_id),
    inbox_id: idOrNull("inb", row.inbox_id),
    subject: row.subject,
    text: row.text,
    category: row.category,
    detail: row.detail === null ? null : showDetail(row.detail),
  };
}

function showDetail(json: string): Record<string, unknown> {
  const { at, ...detail } = readJson<Record<string, unknown>>(json);
  return typeof at === "number" ? { ...detail, at: formatInstant(at) } : detail;
}
