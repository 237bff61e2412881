// A person settles a doubt that no evidence has settled: it was sent, it never went out, or it is to be sent again. Sending
// again is never ours to decide; it goes through the claim and every gate like any mail, under the same Message-ID.

import { AppError, notFound } from "../../core/faults.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findCampaign } from "../../resources/campaigns/store.ts";
import { type EnrollmentRow, findEnrollment, rewind } from "../../resources/enrollments/store.ts";
import { record } from "../../resources/events/actions.ts";
import { findInbox } from "../../resources/inboxes/store.ts";
import { giveBackQuota, subjectOf } from "../../resources/messages/actions.ts";
import { listThread } from "../../resources/messages/due.store.ts";
import {
  findMessage,
  markNeverSent,
  type MessageRow,
  requeueDoubt,
} from "../../resources/messages/store.ts";
import { findSuppression } from "../../resources/suppressions/actions.ts";
import { goOn, settleSent } from "./settle.ts";

export interface Resolution {
  as: "sent" | "failed" | "send_again";
  /** Who says so: the public id of a key, or a user's. */
  by: string;
}

/** Settles an uncertain message: state, event, counters and the way on in one transaction. Throws `not_uncertain`, `cannot_send_again`. */
export function resolveDoubt(ledger: Ledger, id: number, { as, by }: Resolution): void {
  ledger.write((tx) => {
    const message = findMessage(tx, id);
    if (!message) throw notFound("message");
    if (message.state !== "uncertain") {
      const words = `The message is ${message.state}: only one that is uncertain can be settled.`;
      throw new AppError("not_uncertain", words);
    }
    if (as === "sent") {
      const sent_at = message.committed_at ?? tx.now;
      settleSent(ledger, tx, message, { response: `${by} says that it was sent`, sent_at });
    } else if (as === "failed") settleFailed(ledger, tx, message, by);
    else sendAgain(ledger, tx, message, by);
    record(ledger, tx, { event: "email.resolved", detail: { as, by } }, subjectOf(message));
    tx.nudge("send");
  });
}

/** It never went out: its places are free again, and the lead goes on with the next step. */
function settleFailed(ledger: Ledger, tx: Tx, message: MessageRow, by: string): void {
  giveBackQuota(ledger, tx, message);
  markNeverSent(tx, message.id, `${by} says that it was not sent`);
  goOn(tx, message, { sent_at: message.committed_at ?? tx.now, counted: false });
}

function sendAgain(ledger: Ledger, tx: Tx, message: MessageRow, by: string): void {
  const enrollment =
    message.enrollment_id === null ? null : findEnrollment(tx, message.enrollment_id);
  if (!enrollment || message.step_id === null) {
    refuse("Only the mails of a campaign can be sent again.");
    return;
  }
  refuseWhatCannotGo(ledger, tx, message, enrollment);
  const holds = enrollment.in_flight === message.id;
  const before = listThread(tx, enrollment.id).filter(({ id }) => id !== message.id);
  const at = message.committed_at ?? 0;
  if (!holds && (enrollment.in_flight !== null || before.some((one) => one.committed_at > at))) {
    refuse(
      "The sequence has gone on, and a later step went out: this one would come after it. Settle it as sent or as failed.",
    );
  }
  giveBackQuota(ledger, tx, message);
  requeueDoubt(tx, message.id, `${by} has it sent again`);
  const last = before.at(-1) ?? null;
  rewind(tx, enrollment.id, {
    inbox_id: message.inbox_id,
    step_id: message.step_id,
    due_at: tx.now,
    // While it held the enrollment it was not counted yet.
    counted: !holds,
    last_sent_at: last?.committed_at ?? null,
    last_step_id: last?.step_id ?? null,
  });
}

/** What no waiting would change is said at once; what only takes time is left to the gates. */
function refuseWhatCannotGo(
  ledger: Ledger,
  tx: Tx,
  message: MessageRow,
  enrollment: EnrollmentRow,
): void {
  const is_through = enrollment.state === "completed" && enrollment.ended_by === "last_step";
  if (enrollment.state === "stopped" || (enrollment.state === "completed" && !is_through)) {
    refuse(`The lead's enrollment has ended (${enrollment.ended_by}): nothing more is sent.`);
  }
  if (findCampaign(tx, enrollment.campaign_id)?.state === "archived") {
    refuse("The campaign is archived: nothing more is sent.");
  }
  if (!findInbox(tx, message.inbox_id)) {
    refuse("Its inbox was removed: from another one it would be another mail.");
  }
  const suppression = findSuppression(ledger, tx, message.recipient);
  if (suppression) {
    refuse(`The lead is on the suppression list (${suppression.reason}): nothing more is sent.`);
  }
}

function refuse(words: string): void {
  throw new AppError("cannot_send_again", words);
}
