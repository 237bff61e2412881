// The list of leads as somebody would write it who needs nothing else: for the peers of scripts/bench/api.ts, on Bun and
// on Node. It must answer the same `data` as GET /v1/leads.

interface Statement {
  all(...values: unknown[]): unknown[];
}

type Row = Record<string, string | number | null>;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

function idOf(prefix: string, id: number): string {
  let rest = id;
  let text = "";
  for (let i = 0; i < 11; i++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return `${prefix}_${text}`;
}

const instant = (ms: unknown) => new Date(Number(ms)).toISOString();

const showEnrollment = (row: Row) => ({
  campaign_id: idOf("cmp", Number(row["campaign_id"])),
  enrollment_id: idOf("enr", Number(row["id"])),
  state: row["state"],
  ended_by: row["ended_by"],
  next_action:
    row["state"] === "waiting"
      ? {
          type: "send",
          step_id: idOf("stp", Number(row["step_id"])),
          at: instant(row["due_at"]),
          blocked_by: row["blocked_by"],
        }
      : null,
});

const show = (
  { id, tags, custom, state, created_at, updated_at, ...rest }: Row,
  campaigns: Row[],
) => ({
  id: idOf("lead", Number(id)),
  object: "lead",
  email: rest["email"],
  first_name: rest["first_name"],
  last_name: rest["last_name"],
  company: rest["company"],
  title: rest["title"],
  phone: rest["phone"],
  website: rest["website"],
  country: rest["country"],
  timezone: rest["timezone"],
  tags: JSON.parse(String(tags)),
  source: rest["source"],
  custom: JSON.parse(String(custom)),
  status: state,
  campaigns: campaigns.map(showEnrollment),
  created_at: instant(created_at),
  updated_at: instant(updated_at),
});

/** Answers the body of a page. `prepare` compiles a statement once. */
export function openList(prepare: (sql: string) => Statement): (limit: number) => unknown {
  const leads = prepare(
    `SELECT id, email, first_name, last_name, company, title, phone, website, country, timezone, tags, source, custom,
       state, created_at, updated_at
     FROM leads ORDER BY id DESC LIMIT ?`,
  );
  const enrollments = prepare(
    `SELECT e.id, e.lead_id, e.campaign_id, e.state, e.ended_by, e.step_id, e.due_at, e.blocked_by
     FROM json_each(?) page
     CROSS JOIN enrollments e ON e.lead_id = page.value
     ORDER BY page.key, e.id`,
  );
  /** One query for all of the page, as in imail. */
  const enrollmentsOf = (rows: Row[]) => {
    const of_lead = new Map<number, Row[]>();
    // oxlint-disable-next-line no-unsafe-type-assertion -- rows of the statement above
    for (const row of enrollments.all(JSON.stringify(rows.map(({ id }) => id))) as Row[]) {
      const lead_id = Number(row["lead_id"]);
      const before = of_lead.get(lead_id);
      if (before) before.push(row);
      else of_lead.set(lead_id, [row]);
    }
    return of_lead;
  };
  return (limit) => {
    // oxlint-disable-next-line no-unsafe-type-assertion -- rows of the statement above
    const rows = leads.all(limit + 1) as Row[];
    const page = rows.slice(0, limit);
    const of_lead = enrollmentsOf(page);
    const data = page.map((row) => show(row, of_lead.get(Number(row["id"])) ?? []));
    const has_more = rows.length > limit;
    const next_cursor = has_more ? idOf("cur", Number(rows[limit - 1]?.["id"])) : null;
    return { success: true, data, pagination: { limit, next_cursor, has_more } };
  };
}
