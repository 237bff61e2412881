// What the proofs share: one imail with many inboxes that all send at once to one sink, and the look into its ledger that
// tells what it believes. The sink's word is held against it.

import { Database } from "bun:sqlite";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { formatId } from "../../src/core/ids.ts";
import type { MessageState } from "../../src/core/states.ts";
import { ALWAYS, openRig, type Rig, type RigOptions } from "../../test/e2e/rig.ts";
import type { Sink, Taken } from "./sink.ts";

export interface WorldPlan {
  inboxes: number;
  campaigns: number;
  leads: number;
  steps: number;
  /** ISO 8601, between two steps. */
  delay: string;
  /** Between two mails of an inbox; 0 by default. */
  min_gap_seconds?: number;
}

const LEADS_A_CALL = 5000;
const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata"];

/** Every (lead, campaign, step) that has to be mailed, as the sink will see it. */
export function wanted(plan: WorldPlan): string[] {
  return Array.from({ length: plan.leads * plan.steps }, (_, i) => {
    const lead = Math.floor(i / plan.steps);
    return `${addressOf(lead)} c${lead % plan.campaigns} s${i % plan.steps}`;
  });
}

/** How a mail at the sink is called in `wanted`. */
export const nameOf = ({ to, mark }: Taken) => `${to} ${mark}`;

const addressOf = (lead: number) => `lead${lead}@company${lead % 97}.test`;

/** Starts imail and gives it inboxes, campaigns and leads. The campaigns wait for `beginSending`. */
export async function setUp(sink: Sink, plan: WorldPlan, options: RigOptions): Promise<Rig> {
  const rig = await openRig(options);
  await rig.start();
  const inbox_ids = await Promise.all(
    Array.from({ length: plan.inboxes }, (_, i) =>
      connect(rig, sink, i, plan.min_gap_seconds ?? 0),
    ),
  );
  for (let c = 0; c < plan.campaigns; c++) {
    const { id } = await rig.call<{ id: string }>("POST", "/v1/campaigns", {
      name: `Campaign ${c}`,
      // Each inbox serves every campaign: they take turns.
      inbox_ids,
      send_window: ALWAYS,
      steps: Array.from({ length: plan.steps }, (_, s) => ({
        ...(s === 0 ? { subject: "A question, {{ first_name }}" } : { delay: plan.delay }),
        body: `Hello {{ first_name }},\n\nthis is [[c${c} s${s}]].`,
      })),
    });
    await enroll(rig, id, leadsOf(plan, c));
  }
  return rig;
}

export async function beginSending(rig: Rig): Promise<void> {
  for (const { id } of await rig.all<{ id: string }>("/v1/campaigns"))
    await rig.call("POST", `/v1/campaigns/${id}/resume`);
}

const server = (port: number) => ({
  host: "127.0.0.1",
  port,
  security: "none",
  password: "any",
});

async function connect(rig: Rig, sink: Sink, i: number, min_gap_seconds: number): Promise<string> {
  const { id } = await rig.call<{ id: string }>("POST", "/v1/inboxes", {
    email: `sender${i}@sender.test`,
    name: "Ana Sender",
    smtp: server(sink.smtp_port),
    imap: server(sink.imap_port),
    min_gap_seconds,
    hourly_limit: 10_000,
    daily_limit: 10_000,
  });
  return id;
}

function leadsOf({ leads, campaigns }: WorldPlan, campaign: number) {
  return Array.from({ length: leads }, (_, lead) => lead)
    .filter((lead) => lead % campaigns === campaign)
    .map((lead) => ({
      email: addressOf(lead),
      first_name: `Lea ${lead}`,
      timezone: ZONES[lead % ZONES.length],
    }));
}

async function enroll(rig: Rig, campaign_id: string, leads: object[]): Promise<void> {
  for (let at = 0; at < leads.length; at += LEADS_A_CALL)
    await rig.call("POST", "/v1/leads/bulk", {
      campaign_id,
      leads: leads.slice(at, at + LEADS_A_CALL),
    });
}

export interface Believed {
  id: string;
  state: MessageState;
  recipient: string;
  /** Counted from 0. */
  step: number;
}

export interface Beliefs {
  messages: Believed[];
  /** Leads whose way is held by a doubt, or by a mail that goes again after a 4xx. */
  held: Map<string, "uncertain" | "deferred">;
  /** Enrollments that still have a step before them, held neither by a doubt nor by a deferral. */
  under_way: number;
  /** Enrollments whose mail goes again after a 4xx. */
  deferred: number;
  /** What SQLite says of the file: `ok`, or what is wrong. */
  integrity: string;
}

/** Reads the live ledger of a data directory. Only from a process that is not imail: see ledger/lock.ts. */
export function readBeliefs(dir: string, integrity: boolean): Beliefs {
  const db = new Database(ledgerPath(dir), { readwrite: true, create: false });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    const messages = db
      .query<{ id: number; state: MessageState; recipient: string; step: number }, []>(
        `SELECT m.id, m.state, m.recipient, s.position - min(s.position) OVER () AS step
         FROM messages m
         JOIN steps s ON s.id = m.step_id
         WHERE m.kind = 'step'`,
      )
      .all();
    const held = db
      .query<{ email: string; by: "uncertain" | "deferred" }, []>(
        `SELECT l.email, CASE WHEN m.state = 'uncertain' THEN m.state ELSE e.blocked_by END AS by
         FROM enrollments e
         JOIN leads l ON l.id = e.lead_id
         LEFT JOIN messages m ON m.id = e.in_flight
         WHERE e.state = 'waiting' AND (m.state = 'uncertain' OR e.blocked_by = 'deferred')`,
      )
      .all();
    const left = db
      .query<{ under_way: number; deferred: number }, []>(
        `SELECT count(*) FILTER (WHERE e.blocked_by IS NOT 'deferred') AS under_way,
           count(*) FILTER (WHERE e.blocked_by IS 'deferred') AS deferred
         FROM enrollments e
         LEFT JOIN messages m ON m.id = e.in_flight
         WHERE e.state NOT IN ('completed', 'stopped') AND (m.id IS NULL OR m.state <> 'uncertain')`,
      )
      .get();
    const checked = integrity
      ? db.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all()
      : [];
    return {
      messages: messages.map(({ id, state, recipient, step }) => ({
        id: formatId("msg", id),
        state,
        recipient,
        step,
      })),
      held: new Map(held.map(({ email, by }) => [email, by])),
      under_way: left?.under_way ?? 0,
      deferred: left?.deferred ?? 0,
      integrity: checked.map(({ integrity_check }) => integrity_check).join("; "),
    };
  } finally {
    db.close();
  }
}

/** The file of the one live ledger in `dir`. */
export function ledgerPath(dir: string): string {
  const name = readdirSync(dir).find((file) => file.endsWith(".live.db"));
  if (name === undefined) throw new Error(`no live ledger in ${dir}`);
  return join(dir, name);
}
