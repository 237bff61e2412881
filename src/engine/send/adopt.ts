// Takes over a mail of which only the sent journal tells: the (enrollment, step) becomes `uncertain`, its place in that day's
// limits is taken, and the sequence goes on behind it. It is never sent again but by a person.

import type { StepMail } from "../../core/step-mail.ts";
import { localDay } from "../../core/zones.ts";
import type { Tx } from "../../ledger/database.ts";
import { type Ledger, suppressionHash } from "../../ledger/ledger.ts";
import { listSteps, type StepRow } from "../../resources/campaigns/steps.store.ts";
import { findCampaign } from "../../resources/campaigns/store.ts";
import { type EnrollmentRow, findEnrollment, takeOff } from "../../resources/enrollments/store.ts";
import { findInbox } from "../../resources/inboxes/store.ts";
import { findLead } from "../../resources/leads/store.ts";
import { giveBackQuota, reserveQuota } from "../../resources/messages/actions.ts";
import {
  findJournaledMail,
  hasJournaledMails,
  insertJournaledMail,
} from "../../resources/messages/journaled.store.ts";
import { keepLinks } from "../../resources/messages/links.store.ts";
import {
  findMessage,
  findMessageOfStep,
  insertMessage,
  markJournaled,
  markPassed,
  markUncertain,
  type MessageRow,
  noteCommit,
} from "../../resources/messages/store.ts";
import { composeStep, type StepOrder } from "./compose.ts";
import { goOn } from "./settle.ts";

const WORDS = "the sent journal says that its dot was let go";

/** A commit as the journal has it. */
export interface Commit {
  at: number;
  message_id: number;
  enrollment_id: number;
  campaign_id: number;
  step_id: number;
  inbox_id: number;
  hash: string;
}

/** `uncertain`: it has a row now. `blocked`: nobody here is its enrollment; whoever comes with that address is held back. */
export type Adoption = "uncertain" | "blocked";

/** Takes over one commit that this database does not know. */
export function adopt(ledger: Ledger, tx: Tx, commit: Commit): Adoption {
  const there = findMessage(tx, commit.message_id);
  if (there) {
    makeUncertain(ledger, tx, there, commit);
    return "uncertain";
  }
  const enrollment = findEnrollment(tx, commit.enrollment_id);
  const of_step = enrollment && findMessageOfStep(tx, enrollment.id, commit.step_id);
  if (of_step) makeUncertain(ledger, tx, of_step, commit);
  const made = of_step ?? (enrollment && makeRow(ledger, tx, enrollment, commit));
  if (made && made !== of_step) makeUncertain(ledger, tx, made, commit);
  if (made?.id === commit.message_id) return "uncertain";
  insertJournaledMail(tx, {
    campaign_id: commit.campaign_id,
    step_id: commit.step_id,
    key: Buffer.from(commit.hash, "hex"),
    message_id: commit.message_id,
    sent_at: commit.at,
  });
  return made ? "uncertain" : "blocked";
}

/** Did this step go out to this address before the database was saved? Then it is taken over and not sent. */
export function isSentBefore(
  ledger: Ledger,
  tx: Tx,
  due: { enrollment: EnrollmentRow; inbox_id: number; step: StepRow; email: string },
): boolean {
  if (!hasJournaledMails(tx)) return false;
  const { enrollment, step, inbox_id } = due;
  const key = suppressionHash(ledger, due.email);
  const place = { campaign_id: enrollment.campaign_id, step_id: step.id, key };
  const known = findJournaledMail(tx, place);
  if (!known) return false;
  const is_free = findMessage(tx, known.message_id) === null;
  const commit: Commit = {
    ...place,
    at: known.sent_at,
    message_id: is_free ? known.message_id : tx.id(),
    enrollment_id: enrollment.id,
    inbox_id,
    hash: Buffer.from(key).toString("hex"),
  };
  const row =
    findMessageOfStep(tx, enrollment.id, step.id) ?? makeRow(ledger, tx, enrollment, commit);
  if (row) makeUncertain(ledger, tx, row, commit);
  return true;
}

/** A row with the words that this step has for this lead: most likely those that went out. Null where parts of it are gone. */
function makeRow(
  ledger: Ledger,
  tx: Tx,
  enrollment: EnrollmentRow,
  { message_id, step_id, inbox_id }: Commit,
): MessageRow | null {
  const steps = listSteps(tx, enrollment.campaign_id);
  const step = steps.find(({ id }) => id === step_id);
  const [lead, inbox] = [findLead(tx, enrollment.lead_id), findInbox(tx, inbox_id)];
  const campaign = findCampaign(tx, enrollment.campaign_id);
  if (!step || !lead || !inbox || !campaign) return null;
  const order = { message_id, campaign, enrollment, lead, inbox, steps, step };
  const content = wordsOf(ledger, tx, order);
  const links = content ? keepLinks(tx, content.links) : null;
  const none = { variant_id: null, subject: "", text: null, html: null, bytes: new Uint8Array() };
  insertMessage(tx, {
    id: message_id,
    kind: "step",
    campaign_id: enrollment.campaign_id,
    lead_id: lead.id,
    enrollment_id: enrollment.id,
    step_id,
    inbox_id,
    recipient: lead.email,
    first_of_lead: enrollment.sent_count === 0,
    follow_up: enrollment.sent_count > 0,
    ...(content ?? none),
    links,
  });
  return findMessage(tx, message_id);
}

/** Null where they cannot be made any more: what was sent is taken over all the same. */
function wordsOf(ledger: Ledger, tx: Tx, order: StepOrder): StepMail | null {
  try {
    const composed = composeStep(ledger, tx, order);
    return composed.ok ? composed.content : null;
  } catch (error) {
    if (error instanceof Error && error.name === "SQLiteError") throw error;
    return null;
  }
}

function makeUncertain(
  ledger: Ledger,
  tx: Tx,
  message: MessageRow,
  { at, inbox_id }: Commit,
): void {
  const quota_day = localDay(at, ledger.workspace().zone);
  giveBackQuota(ledger, tx, message);
  if (!markJournaled(tx, message.id, { at, quota_day, response: WORDS })) {
    // It is final or in doubt here as well: only the commit was news.
    noteCommit(tx, message.id, at);
    if (message.quota_day !== null) {
      reserveQuota(ledger, tx, message.quota_day, placeOf(message));
    }
    return;
  }
  reserveQuota(ledger, tx, quota_day, placeOf(message));
  if (message.enrollment_id === null || message.step_id === null) return;
  passOther(tx, message);
  takeOff(tx, message.enrollment_id, {
    message_id: message.id,
    inbox_id,
    step_id: message.step_id,
  });
  goOn(tx, message, { sent_at: at, counted: true });
}

const placeOf = (message: MessageRow) => ({
  ...message,
  first_of_lead: message.first_of_lead === 1,
});

/** A mail before this one that still holds the enrollment went out, too, or this one would not have. */
function passOther(tx: Tx, { enrollment_id, id }: MessageRow): void {
  const enrollment = findEnrollment(tx, enrollment_id ?? 0);
  if (!enrollment || enrollment.in_flight === null || enrollment.in_flight === id) return;
  const other = findMessage(tx, enrollment.in_flight);
  if (!other) return;
  markUncertain(tx, other.id, "imail was stopped while the server's answer was awaited");
  goOn(tx, other, { sent_at: other.committed_at ?? tx.now, counted: true });
  markPassed(tx, other.id);
}
