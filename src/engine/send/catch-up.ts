// After a restore: what the sent journal knows and the database does not. Commits become doubts or block their address,
// opt-outs and erasures are applied again (domain.md "Sent journal"). Runs before anything is sent; safe to repeat.

import { domainOf } from "../../core/address.ts";
import type { EnrollmentEnd, LeadState } from "../../core/states.ts";
import type { Tx } from "../../ledger/database.ts";
import type { JournalLine } from "../../ledger/journal.ts";
import { findNote, type Ledger, setNote, suppressionHash } from "../../ledger/ledger.ts";
import { stopLead } from "../../resources/enrollments/actions.ts";
import { NO_SUBJECT, record } from "../../resources/events/actions.ts";
import { eraseLead } from "../../resources/leads/actions.ts";
import { findLead, listEmails, setLeadState } from "../../resources/leads/store.ts";
import { findJournaledMail } from "../../resources/messages/journaled.store.ts";
import { doubtClaims, knowsCommit } from "../../resources/messages/store.ts";
import { suppress, suppressKey } from "../../resources/suppressions/actions.ts";
import {
  isErased,
  listKnownKeys,
  SUPPRESSION_REASONS,
  type SuppressionReason,
} from "../../resources/suppressions/store.ts";
import { adopt } from "./adopt.ts";

const NOTE = "journal";
const SLICE = 200;
const LEADS_SLICE = 5000;

export interface CaughtUp {
  /** Mails that may have gone out although the database did not know. */
  uncertain: number;
  /** Mails to addresses that are not here: their step is not sent to them if they come back. */
  blocked: number;
  /** Opt-outs and other suppressions that are here again. */
  suppressed: number;
  /** People that were erased again. */
  erased: number;
}

/** Does the journal know of a mail that the database does not? Then the database is an older one. */
export function isOlderThanJournal(ledger: Ledger): boolean {
  for (const line of unread(ledger)) {
    if (isCommit(line) && !isKnown(ledger, line)) return true;
  }
  return false;
}

/** In a copy: what is claimed here may have been let go by the original, after the copy was made. */
export function doubtClaimed(ledger: Ledger): number {
  const words = "claimed when the data was copied: whether it went out is not known here";
  return ledger.write((tx) => doubtClaims(tx, ledger.boot_id, words));
}

/** Applies what is news, and notes how far the journal was read. */
export function catchUp(ledger: Ledger): CaughtUp {
  const done: CaughtUp = { uncertain: 0, blocked: 0, suppressed: 0, erased: 0 };
  const wishes = new Map<string, JournalLine>();
  let slice: JournalLine[] = [];
  const flush = () => {
    const lines = slice;
    slice = [];
    if (lines.length === 0) return;
    ledger.write((tx) => {
      for (const line of lines) if (!isKnown(tx, line)) done[adopt(ledger, tx, line)]++;
    });
  };
  for (const line of unread(ledger)) {
    if (isCommit(line)) {
      slice.push(line);
      if (slice.length >= SLICE) flush();
    } else if (line.kind === "lift") wishes.delete(line.hash);
    // Nobody takes an erasure back.
    else if (wishes.get(line.hash)?.kind !== "erase") wishes.set(line.hash, line);
  }
  flush();
  applyWishes(ledger, wishes, done);
  noteJournal(ledger);
  return done;
}

/** Everything that the journal has up to here stands in the database as well: the next start looks behind it only. */
export function noteJournal(ledger: Ledger): void {
  if (ledger.mode === "test") return;
  const end = ledger.journal.end();
  if (findNote(ledger, NOTE) !== end) ledger.write((tx) => setNote(tx, NOTE, end));
}

const unread = (ledger: Ledger) => ledger.journal.since(findNote(ledger, NOTE));

/** A campaign's mail; answers and tests have no step that could go out again. */
const isCommit = ({ kind, enrollment_id }: JournalLine) => kind === "commit" && enrollment_id !== 0;

function isKnown(reading: Pick<Tx, "db">, line: JournalLine): boolean {
  if (knowsCommit(reading, line)) return true;
  const { campaign_id, step_id, hash } = line;
  const known = findJournaledMail(reading, { campaign_id, step_id, key: Buffer.from(hash, "hex") });
  return known !== null && known.sent_at >= line.at;
}

function applyWishes(ledger: Ledger, wishes: Map<string, JournalLine>, done: CaughtUp): void {
  const known = listKnownKeys(ledger, [...wishes.keys()]);
  const news = [...wishes].filter(
    ([hash, { kind }]) =>
      !known.has(hash) || (kind === "erase" && !isErased(ledger, Buffer.from(hash, "hex"))),
  );
  const missing = new Map(news);
  if (missing.size === 0) return;
  for (const { id, email, hashes } of allLeads(ledger)) {
    for (const hash of hashes) {
      const line = missing.get(hash);
      if (line) applyTo(ledger, { id, email }, line, done);
    }
  }
  ledger.write((tx) => {
    const rest = listKnownKeys(tx, [...missing.keys()]);
    for (const [hash, line] of missing) {
      const key = Buffer.from(hash, "hex");
      if (rest.has(hash) && (line.kind !== "erase" || isErased(tx, key))) continue;
      suppressKey(tx, { key, ...readReason(line) });
      done[line.kind === "erase" ? "erased" : "suppressed"]++;
    }
  });
}

function* allLeads(ledger: Ledger) {
  for (let after = 0; ;) {
    const leads = listEmails(ledger, after, LEADS_SLICE);
    const last = leads.at(-1);
    if (!last) return;
    after = last.id;
    for (const { id, email } of leads) {
      const hashes = [email, domainOf(email)].map((value) =>
        Buffer.from(suppressionHash(ledger, value)).toString("hex"),
      );
      yield { id, email, hashes };
    }
  }
}

/** A lead of this database whom an opt-out or an erasure concerns. */
function applyTo(
  ledger: Ledger,
  { id, email }: { id: number; email: string },
  line: JournalLine,
  done: CaughtUp,
): void {
  if (line.kind === "erase") {
    eraseLead(ledger, id);
    done.erased++;
    return;
  }
  const { kind, reason } = readReason(line);
  const value = kind === "address" ? email : domainOf(email);
  ledger.write((tx) => {
    const order = { kind, value, reason, source: "journal", evidence: null };
    const added = suppress(ledger, tx, order);
    if (added !== "kept") done.suppressed++;
    const { ended_by, state } = ENDS[reason];
    stopLead(ledger, tx, id, ended_by);
    const lead = findLead(tx, id);
    if (lead && !ENDED.has(lead.state)) setLeadState(tx, id, state);
    if (reason !== "unsubscribed" || kind !== "address") return;
    const event = { event: "lead.unsubscribed" as const, detail: { source: "journal" } };
    record(ledger, tx, event, { ...NO_SUBJECT, lead_id: id });
  });
}

const ENDS: Record<SuppressionReason, { ended_by: EnrollmentEnd; state: LeadState }> = {
  manual: { ended_by: "suppressed", state: "suppressed" },
  erased: { ended_by: "erased", state: "suppressed" },
  bounced: { ended_by: "bounced", state: "bounced" },
  unsubscribed: { ended_by: "unsubscribed", state: "unsubscribed" },
  complained: { ended_by: "suppressed", state: "complained" },
};
const ENDED = new Set<LeadState>(["unsubscribed", "bounced", "complained", "suppressed"]);

/** What was suppressed and why. Lines from before 0.2 do not say: an address, by hand. */
function readReason({ kind, reason }: JournalLine): {
  kind: "address" | "domain";
  reason: SuppressionReason;
} {
  const [what, why] = reason.split(":");
  const known = SUPPRESSION_REASONS.find((one) => one === why) ?? "manual";
  return {
    kind: what === "domain" ? "domain" : "address",
    reason: kind === "erase" ? "erased" : known,
  };
}
