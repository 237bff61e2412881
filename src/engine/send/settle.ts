// Transaction 3 of a send: what became of the mail, the next step, the event and its counter, together or not at all.
// A kill before it: `committed`, and the next start calls it uncertain. No error of SQLite ever means "send failed":
// whoever calls keeps the outcome and tries again.
import { isGivenUp, retryAt } from "../../core/backoff.ts";
import { judgeStatus } from "../../core/dsn.ts";
import { formatId } from "../../core/ids.ts";
import type { SendOutcome } from "../../core/mail-port.ts";
import { dueAt, followingStep } from "../../core/sequence.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { listSteps } from "../../resources/campaigns/steps.store.ts";
import {
  advanceTo,
  block,
  complete,
  type EnrollmentRow,
  findEnrollment,
  land,
} from "../../resources/enrollments/store.ts";
import { record } from "../../resources/events/actions.ts";
import {
  findHealth,
  type InboxHealth,
  pauseInbox,
  putOffInbox,
} from "../../resources/inboxes/store.ts";
import { noteMailed } from "../../resources/leads/store.ts";
import { giveBackQuota, subjectOf } from "../../resources/messages/actions.ts";
import {
  findAnswerOf,
  findMessage,
  markDeferred,
  markFailed,
  markSent,
  markUncertain,
  type MessageRow,
  returnToQueue,
} from "../../resources/messages/store.ts";
import { bounceHard, bounceSoft } from "../bounce.ts";
import { noteTrouble, noteWorks } from "../inbox-health.ts";

const HOUR_MS = 3_600_000;
/** So long what was found out about a provider's Message-IDs is believed. */
const IDS_KEEP_MS = 30 * 24 * HOUR_MS;

/** Records the outcome of a mail that was claimed by this boot. */
export function settle(ledger: Ledger, message_id: number, outcome: SendOutcome): void {
  ledger.write((tx) => {
    const message = findMessage(tx, message_id);
    if (!message) return;
    switch (outcome.outcome) {
      case "accepted":
        settleSent(ledger, tx, message, { response: outcome.response, sent_at: tx.now });
        noteWorks(ledger, tx, message.inbox_id, "smtp");
        break;
      case "deferred":
      case "rejected":
        // Whatever it said, the server could be reached: before a limit in its words puts the inbox off.
        noteWorks(ledger, tx, message.inbox_id, "smtp");
        settleAnswer(ledger, tx, message, outcome);
        break;
      case "refused":
        putBack(ledger, tx, message, null);
        break;
      case "unreached":
        putBack(ledger, tx, message, outcome.response);
        noteTrouble(ledger, tx, message.inbox_id, {
          half: "smtp",
          fault: outcome.fault,
          words: outcome.response,
        });
        break;
      case "unclear":
        markUncertain(tx, message.id, outcome.response);
        break;
    }
    // Only the inbox of an accepted mail can send more because of it, and whoever settles goes on with it: a look at
    // every inbox for every mail would cost inboxes times mails.
    if (outcome.outcome !== "accepted") tx.nudge("send");
    // The Sent folder is where a doubt is settled. Other mails have no use for a look at every inbox.
    if (outcome.outcome === "unclear") tx.nudge("read");
  });
}

interface Sent {
  response: string;
  sent_at: number;
}

/** `-> sent`: the event, the counter and the way on. Also for a doubt that evidence has settled. */
export function settleSent(
  ledger: Ledger,
  tx: Tx,
  message: MessageRow,
  { response, sent_at }: Sent,
): void {
  const inbox = findHealth(tx, message.inbox_id);
  const files_itself = inbox?.files_sent === true || inbox?.provider !== "smtp";
  const copy =
    message.kind !== "test" &&
    message.recipient !== "" &&
    inbox &&
    (inbox.save_sent === "always" || (inbox.save_sent === "auto" && !files_itself));
  const wire_id = inbox && mayRewrite(inbox, tx.now) ? "due" : null;
  if (!markSent(tx, message.id, { response, sent_at, copy: copy ? "due" : null, wire_id })) return;
  if (message.kind === "answer") tellAnswer(ledger, tx, message, sent_at);
  if (message.kind !== "step") return;
  if (message.lead_id !== null) noteMailed(tx, message.lead_id, sent_at);
  goOn(tx, message, { sent_at, counted: true });
  record(
    ledger,
    tx,
    { event: "email.sent", detail: { response, at: sent_at } },
    subjectOf(message),
  );
}

function tellAnswer(ledger: Ledger, tx: Tx, message: MessageRow, at: number): void {
  const answer = findAnswerOf(tx, message.id);
  if (!answer) return;
  const detail = { reply_id: formatId("rpl", answer.reply_id), by: answer.sent_by, at };
  record(ledger, tx, { event: "reply.answered", detail }, subjectOf(message));
}

/** Is the Message-ID that this inbox's provider gives its mails worth a look? Of one that keeps ours, only now and then. */
function mayRewrite(inbox: InboxHealth, now: number): boolean {
  // Where no copy is filed there is nothing to learn from; a copy of our own has our own id.
  if (inbox.provider === "sandbox" || inbox.files_sent === false) return false;
  const is_stale = now - (inbox.ids_checked_at ?? 0) > IDS_KEEP_MS;
  return inbox.rewrites_ids !== false || is_stale;
}

/** Sends the enrollment on behind this mail, if the mail still holds it. `counted`: it went out, or may have. */
export function goOn(
  tx: Tx,
  message: MessageRow,
  { sent_at, counted }: { sent_at: number; counted: boolean },
): void {
  const enrollment = holder(tx, message);
  if (!enrollment || message.step_id === null) return;
  const steps = listSteps(tx, enrollment.campaign_id);
  const known = steps.some(({ id }) => id === message.step_id);
  const following = known ? followingStep(steps, message.step_id) : "end";
  const next = steps.find(({ id }) => id === following);
  if (!next) {
    complete(tx, enrollment.id, {
      message_id: message.id,
      sent_at,
      sent_step_id: message.step_id,
      counted,
      ended_by: "last_step",
    });
    return;
  }
  advanceTo(tx, enrollment.id, {
    message_id: message.id,
    sent_at,
    sent_step_id: message.step_id,
    step_id: next.id,
    due_at: dueAt(sent_at, next, enrollment.zone),
    counted,
  });
}

function holder(tx: Tx, message: MessageRow): EnrollmentRow | null {
  const enrollment =
    message.enrollment_id === null ? null : findEnrollment(tx, message.enrollment_id);
  return enrollment?.in_flight === message.id ? enrollment : null;
}

type Answer = Extract<SendOutcome, { outcome: "deferred" | "rejected" }>;

/** A 4xx or 5xx: whose fault it is decides. A sender's fault waits with the inbox and never touches the lead. */
function settleAnswer(ledger: Ledger, tx: Tx, message: MessageRow, answer: Answer): void {
  if (isWatched(message)) return endWatched(ledger, tx, message, answer.response);
  const judged = judgeStatus(answer.enhanced, answer.response);
  if (judged.fault === "sender") {
    const retry_at = tx.now + HOUR_MS;
    defer(ledger, tx, message, { response: answer.response, retry_at, since: null });
    if (answer.outcome === "rejected" && judged.category !== "rate_limited") {
      pauseInbox(tx, message.inbox_id, { by: "server", reason: answer.response });
    } else {
      // A day's limit is a rolling one with every provider; a rate limit passes sooner.
      const day_limit =
        answer.enhanced?.endsWith(".4.5") === true || /daily|per day/i.test(answer.response);
      putOffInbox(tx, message.inbox_id, {
        until: tx.now + (day_limit ? 24 : 1) * HOUR_MS,
        reason: answer.response,
      });
    }
    return;
  }
  if (answer.outcome === "deferred" && !isGivenUp(message.deferred_since ?? tx.now, tx.now)) {
    defer(ledger, tx, message, {
      response: answer.response,
      since: tx.now,
      retry_at: retryAt(message.attempts, tx.now, ledger.random.next()),
    });
    return;
  }
  giveBackQuota(ledger, tx, message);
  markFailed(tx, message.id, answer.response);
  const bounce = {
    category: judged.category,
    enhanced_status: answer.enhanced,
    diagnostic: answer.response,
  };
  if (judged.fault === "mailbox" && answer.outcome === "rejected")
    bounceHard(ledger, tx, message, bounce);
  else {
    goOn(tx, message, { sent_at: tx.now, counted: false });
    bounceSoft(ledger, tx, message, bounce);
  }
}

type Deferral = Parameters<typeof markDeferred>[2];

function defer(ledger: Ledger, tx: Tx, message: MessageRow, facts: Deferral): void {
  giveBackQuota(ledger, tx, message);
  if (!markDeferred(tx, message.id, facts) || message.enrollment_id === null) return;
  land(tx, message.enrollment_id, message.id);
  block(tx, message.enrollment_id, { until: facts.retry_at, by: "deferred" });
}

/** No dot was written: the mail waits again, with nothing used up. */
export function putBack(
  ledger: Ledger,
  tx: Tx,
  message: MessageRow,
  response: string | null,
): void {
  if (isWatched(message)) {
    return endWatched(ledger, tx, message, response ?? "it was stopped before it was handed over");
  }
  giveBackQuota(ledger, tx, message);
  if (returnToQueue(tx, message.id, response) && message.enrollment_id !== null) {
    land(tx, message.enrollment_id, message.id);
  }
}

/** Somebody sits there and waits for it: a test, or an answer. */
const isWatched = ({ kind }: MessageRow) => kind === "test" || kind === "answer";

/** It is not tried again: who asked for it is told at once, and it touches neither inbox nor lead. */
function endWatched(ledger: Ledger, tx: Tx, message: MessageRow, response: string): void {
  giveBackQuota(ledger, tx, message);
  markFailed(tx, message.id, response);
}
