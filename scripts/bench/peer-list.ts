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

/** Answers the body of a page. `prepare` compiles a statement once. */
export function openList(prepare: (sql: string) => Statement): (limit: number) => unknown {
  const leads = prepare(
    `SELECT id, email, first_name, last_name, company, title, phone, website, country, timezone, tags, source, custom,
       state, created_at, updated_at
     FROM leads ORDER BY id DESC LIMIT ?`,
  );
  const enrollments = prepare(
    `SELECT id, campaign_id, state, ended_by, step_id, due_at, blocked_by FROM enrollments WHERE lead_id = ? ORDER BY id`,
  );
  const show = ({ id, tags, custom, state, created_at, updated_at, ...rest }: Row) => ({
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
    // oxlint-disable-next-line no-unsafe-type-assertion -- rows of the statement above
    campaigns: (enrollments.all(id) as Row[]).map(showEnrollment),
    created_at: instant(created_at),
    updated_at: instant(updated_at),
  });
  return (limit) => {
    // oxlint-disable-next-line no-unsafe-type-assertion -- rows of the statement above
    const rows = leads.all(limit + 1) as Row[];
    const data = rows.slice(0, limit).map(show);
    const has_more = rows.length > limit;
    const next_cursor = has_more ? idOf("cur", Number(rows[limit - 1]?.["id"])) : null;
    return { success: true, data, pagination: { limit, next_cursor, has_more } };
  };
}
