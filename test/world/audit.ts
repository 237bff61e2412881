// Counts a ledger anew and says what does not add up: quotas, counters, and enrollments that nothing would ever move.
import type { Ledger } from "../../src/ledger/ledger.ts";

interface Line {
  what: string;
  n: number;
}

/** Every contradiction in the ledger, as sentences; empty when all is well. */
export function auditOf({ db }: Ledger): string[] {
  const counted = (sql: string) =>
    db
      .query<Line, []>(sql)
      .all()
      .map(({ what, n }) => `${what}: ${n}`);
  return [
    ...differences("quota", counted(QUOTAS_KEPT), counted(QUOTAS_COUNTED)),
    ...differences("counter", counted(COUNTERS_KEPT), counted(COUNTERS_COUNTED)),
    ...counted(STUCK).map((line) => `stuck: ${line}`),
  ];
}

function differences(name: string, kept: string[], real: string[]): string[] {
  return [
    ...kept.filter((line) => !real.includes(line)).map((line) => `${name} says ${line}`),
    ...real.filter((line) => !kept.includes(line)).map((line) => `${name} should say ${line}`),
  ];
}

const HOLDS = "FROM messages WHERE kind = 'step' AND quota_day IS NOT NULL";
const QUOTAS_KEPT = `SELECT day || ' ' || subject || ' ' || id AS what, used AS n
  FROM quotas WHERE used > 0 AND subject <> 'company'`;
const QUOTAS_COUNTED = `SELECT quota_day || ' inbox ' || inbox_id AS what, count(*) AS n
  FROM messages WHERE kind IN ('step', 'answer') AND quota_day IS NOT NULL GROUP BY 1
  UNION ALL SELECT quota_day || ' campaign ' || campaign_id, count(*) ${HOLDS} GROUP BY 1
  UNION ALL SELECT quota_day || ' campaign_new ' || campaign_id, count(*) ${HOLDS} AND first_of_lead = 1 GROUP BY 1`;

/** The metrics that are told by one event each; the day is the counter's own. */
const METRICS = [
  ["sent", "email.sent"],
  ["bounced_hard", "email.bounced.hard"],
  ["bounced_soft", "email.bounced.soft"],
  ["delivered", "email.delivered"],
  ["replied", "reply.received"],
  ["unsubscribed", "lead.unsubscribed"],
  ["complained", "complaint.received"],
  ["meetings", "meeting.booked"],
];
const COUNTERS_KEPT = `SELECT metric || ' ' || campaign_id || ' ' || step_id || ' ' || inbox_id AS what, sum(n) AS n
  FROM counters WHERE metric IN (${METRICS.map(([metric]) => `'${metric}'`).join(", ")}) GROUP BY 1`;
const COUNTERS_COUNTED = METRICS.map(
  ([
    metric,
    event,
  ]) => `SELECT '${metric} ' || coalesce(campaign_id, 0) || ' ' || coalesce(step_id, 0) || ' ' ||
    coalesce(inbox_id, 0) AS what, count(*) AS n FROM events WHERE event = '${event}' GROUP BY 1`,
).join(" UNION ALL ");

/** Waits for a mail that is not under way any more, or for a step that is not there. */
const STUCK = `SELECT 'enrollment ' || e.id || ' waits for a mail that is ' || coalesce(m.state, 'gone') AS what, e.id AS n
  FROM enrollments e LEFT JOIN messages m ON m.id = e.in_flight
  WHERE e.in_flight IS NOT NULL AND coalesce(m.state, '') NOT IN ('claimed', 'committed', 'uncertain', 'sent')
  UNION ALL
  SELECT 'enrollment ' || e.id || ' waits for a mail that was sent', e.id
  FROM enrollments e JOIN messages m ON m.id = e.in_flight
  WHERE m.state = 'sent'
  UNION ALL
  SELECT 'message ' || m.id || ' is ' || m.state || ' in an enrollment that has ended', m.id
  FROM messages m JOIN enrollments e ON e.id = m.enrollment_id
  WHERE e.state IN ('stopped', 'completed') AND m.state IN ('queued', 'claimed', 'deferred')`;
