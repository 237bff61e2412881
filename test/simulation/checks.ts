// Invariants 1 to 6, held after every step: SQL against what the servers and the people of the simulation know. What is
// found is a sentence; the first one ends a run.
import { parseId } from "../../src/core/ids.ts";
import type { SendOrder } from "../../src/core/mail-port.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { headerOf } from "../../src/mail/sandbox-answers.ts";
import { auditOf } from "../world/audit.ts";
import {
  brokenPromises,
  type PromisedCampaign,
  type PromisedInbox,
  type Witnessed,
} from "../world/oracle.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface Promised {
  inboxes: Map<string, PromisedInbox>;
  campaigns: Map<number, PromisedCampaign & { step_ids: readonly number[]; stops: boolean }>;
  zones: Map<string, string>;
}

interface Order {
  message_id: number;
  enrollment_id: number;
  lead_id: number;
  campaign_id: number;
  inbox_id: number;
  follow_up: number;
  witnessed: Omit<Witnessed, "at">;
}

interface OrderRow {
  enrollment_id: number;
  lead_id: number;
  campaign_id: number;
  step_id: number;
  inbox_id: number;
  follow_up: number;
}

interface StateRow {
  message: string;
  enrollment: string;
  campaign: string;
  inbox: string;
  email: string;
  opted_out: string;
}

/** A full count of the ledger after so many steps that changed it. */
const AUDIT_EVERY = 40;
/** Reading may be so old when a follow-up goes, and a little more for what is on its way. */
const BLIND_MS = 6 * 60_000;

export interface Answered {
  inbox: string;
  lead: string;
  header_id: string;
  at: number;
}

export type Checks = ReturnType<typeof openChecks>;

/** The checks of one run; `ledger` gives the one that is open now. */
export function openChecks(time: VirtualTime, promised: Promised, zone: string) {
  const violations: string[] = [];
  const orders = new WeakMap<SendOrder, Order>();
  const dotted = new Map<number, string>();
  const mails: Witnessed[] = [];
  const ended = new Map<number, string>();
  const final = new Map<number, string>();
  const opted_out = new Set<string>();
  /** Human answers that stand in a mailbox, until they are known. */
  const answers: Answered[] = [];
  let steady_since = 0;
  let last_event = 0;
  let changes = "";
  let steps = 0;

  const violate = (what: string) => {
    if (violations.length < 20)
      violations.push(`${new Date(time.clock.now()).toISOString()} ${what}`);
  };

  /** A mail leaves the engine for a server: what it is, and what is promised of it at this instant. */
  const onOrder = (ledger: Ledger, order: SendOrder) => {
    const message_id = parseId("msg", headerOf(order.bytes, "X-Imail-Id") ?? "") ?? 0;
    const row = ledger.db
      .query<OrderRow, [number]>(
        `SELECT enrollment_id, lead_id, campaign_id, step_id, inbox_id, follow_up FROM messages
         WHERE id = ? AND state = 'claimed'`,
      )
      .get(message_id);
    const campaign = promised.campaigns.get(row?.campaign_id ?? 0);
    const inbox = promised.inboxes.get(order.envelope.from);
    if (!row || !campaign || !inbox)
      return violate(`a mail to ${order.envelope.to} that nobody ordered`);
    const lead = { email: order.envelope.to, zone: promised.zones.get(order.envelope.to) ?? "" };
    const step = campaign.step_ids.indexOf(row.step_id);
    orders.set(order, {
      ...row,
      message_id,
      witnessed: { inbox: { ...inbox }, campaign: { ...campaign }, lead, step },
    });
  };

  /** The dot is about to be written. */
  const onDot = (ledger: Ledger, order: SendOrder, may_arrive: boolean) => {
    const known = orders.get(order);
    if (!known) return;
    const { message_id, enrollment_id, witnessed } = known;
    const who = `${witnessed.lead.email} step ${witnessed.step + 1}`;
    const before = dotted.get(message_id);
    if (before) violate(`1: ${who} sent twice, first ${before}`);
    const row = ledger.db
      .query<StateRow, [number]>(
        `SELECT m.state AS message, e.state AS enrollment, c.state AS campaign, i.state AS inbox, l.email AS email,
           l.state AS opted_out
         FROM messages m JOIN enrollments e ON e.id = m.enrollment_id JOIN campaigns c ON c.id = m.campaign_id
           JOIN inboxes i ON i.id = m.inbox_id JOIN leads l ON l.id = m.lead_id WHERE m.id = ?`,
      )
      .get(message_id);
    const state = `${row?.message} ${row?.enrollment} ${row?.campaign} ${row?.inbox}`;
    if (state !== "committed waiting active active")
      violate(`2: ${who} sent although mail, enrollment, campaign and inbox are ${state}`);
    if (row && row.email !== order.envelope.to) violate(`2: ${who} sent to an erased lead`);
    if (/unsubscribed|bounced|complained/.test(row?.opted_out ?? ""))
      violate(`2: ${who} sent to a lead that is ${row?.opted_out}`);
    const [, domain = ""] = order.envelope.to.split("@");
    if (opted_out.has(order.envelope.to) || opted_out.has(domain))
      violate(`2: ${who} sent although it was suppressed`);
    if (ended.has(enrollment_id))
      violate(`2: ${who} sent after its end by ${ended.get(enrollment_id)}`);
    checkBlind(ledger, known, who);
    if (!may_arrive) return;
    dotted.set(message_id, new Date(time.clock.now()).toISOString());
    mails.push({ at: time.clock.now(), ...witnessed });
  };

  const checkBlind = ({ db }: Ledger, { follow_up, witnessed }: Order, who: string) => {
    const { email } = witnessed.lead;
    const now = time.mono();
    if (follow_up === 0 || now - steady_since < 30 * 60_000) return;
    const unread = answers.find(
      ({ inbox, lead, at, header_id }) =>
        lead === email &&
        inbox === witnessed.inbox.email &&
        now - at > BLIND_MS &&
        !db.query("SELECT 1 FROM replies WHERE instr(header_id, ?)").get(header_id),
    );
    if (unread)
      violate(`2: ${who} sent blind, its answer has been there since ${now - unread.at} ms`);
  };

  const checkEvents = ({ db }: Ledger) => {
    const found = db
      .query<{ id: number; event: string; lead_id: number | null }, [number]>(
        "SELECT id, event, lead_id FROM events WHERE id > ? ORDER BY id",
      )
      .all(last_event);
    last_event = found.at(-1)?.id ?? last_event;
    for (const { event, lead_id } of found) {
      if (!["lead.unsubscribed", "complaint.received", "email.bounced.hard"].includes(event))
        continue;
      const email = db
        .query<{ email: string }, [number]>("SELECT email FROM leads WHERE id = ?")
        .get(lead_id ?? 0)?.email;
      if (email !== undefined) opted_out.add(email);
    }
  };

  const checkEnds = ({ db }: Ledger) => {
    const rows = db
      .query<{ id: number; ended_by: string | null }, []>("SELECT id, ended_by FROM enrollments")
      .all();
    for (const { id, ended_by } of rows) {
      const before = ended.get(id);
      if (before !== undefined && ended_by === null)
        violate(`2: enrollment ${id} ended by ${before} and goes on`);
      if (ended_by !== null) ended.set(id, ended_by);
    }
    const messages = db
      .query<{ id: number; state: string }, []>("SELECT id, state FROM messages")
      .all();
    for (const { id, state } of messages) {
      const was = final.get(id);
      if (was !== undefined && was !== state)
        violate(`1: message ${id} was ${was} and is ${state}`);
      if (state === "sent" || state === "cancelled") final.set(id, state);
      if (/queued|claimed|deferred/.test(state) && dotted.has(id))
        violate(`1: message ${id} is ${state} although its dot was written`);
    }
  };

  const audit = (ledger: Ledger) => {
    for (const line of auditOf(ledger)) violate(`5: ${line}`);
  };

  return {
    violations,
    violate,
    mails,
    onOrder,
    onDot,
    opted_out,
    answers,
    dotted,
    audit,
    /** The clock was set, or the program stood still: what it knows of the mailbox may be older than it can tell. */
    onUnsteady: () => void (steady_since = time.mono()),
    /** A person has taken up again what had ended. */
    forgetEnd: (enrollment_id: number) => void ended.delete(enrollment_id),
    /** After every step. */
    step(ledger: Ledger) {
      const now = fingerprintOf(ledger);
      if (now === changes) return;
      changes = now;
      checkEvents(ledger);
      checkEnds(ledger);
      if (++steps % AUDIT_EVERY === 0) audit(ledger);
    },
    /** Windows, limits, pace, order and cool-down of all mails of the run. */
    checkPromises() {
      for (const line of brokenPromises(mails, zone)) violate(`3: ${line}`);
    },
  };
}

/** Another one whenever a mail or an enrollment has moved, or something was told. A look at a mailbox leaves it as it is. */
function fingerprintOf({ db }: Ledger): string {
  const row = db
    .query<{ now: string }, []>(
      `SELECT (SELECT coalesce(max(id), 0) FROM events) || ' ' || (SELECT total(updated_at) FROM enrollments) || ' ' ||
         (SELECT count(*) || ' ' || total(attempts + queued_at + coalesce(claimed_at, 0) + coalesce(committed_at, 0) +
           coalesce(finished_at, 0) + coalesce(retry_at, 0) + 7 * length(state)) FROM messages) AS now`,
    )
    .get();
  return row?.now ?? "";
}
