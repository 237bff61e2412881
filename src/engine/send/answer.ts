// A person answers a reply: claimed, committed and settled like every mail, but at once, by hand and in its thread. It takes a
// place in the mailbox's hour and day, which no campaign then has, and is held up by neither: somebody sits there and waits.

import { domainOf } from "../../core/address.ts";
import { type AnswerOrder, composeAnswer } from "../../core/answer-mail.ts";
import { AppError, notFound } from "../../core/faults.ts";
import { messageIdOf } from "../../core/threading.ts";
import { localDay } from "../../core/zones.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { pauseLeadIn } from "../../resources/enrollments/actions.ts";
import { findInbox, type InboxRow } from "../../resources/inboxes/store.ts";
import { reserveQuota } from "../../resources/messages/actions.ts";
import { findAliasOf } from "../../resources/messages/aliases.store.ts";
import { insertClaimed, type NewMessage, noteAnswer } from "../../resources/messages/store.ts";
import { listThread, type ThreadPart } from "../../resources/replies/list.store.ts";
import { findKept, type ReplyRow, setRead } from "../../resources/replies/store.ts";
import { findSuppression } from "../../resources/suppressions/actions.ts";
import type { LedgerDesk } from "../desk.ts";
import type { ClaimedMail } from "./claim.ts";

/** Sends it and waits until its outcome is written. */
export async function sendAnswer(
  ledger: Ledger,
  desk: LedgerDesk,
  order: AnswerOrder,
): Promise<void> {
  // What cannot be sent is refused at once, and not after the wait.
  const { inbox_id } = checkAnswer(ledger, ledger, order).reply;
  await desk.sendNext(inbox_id, () => claimAnswer(ledger, order));
}

function claimAnswer(ledger: Ledger, order: AnswerOrder): ClaimedMail {
  return ledger.write((tx) => {
    const { reply, inbox } = checkAnswer(ledger, tx, order);
    const { subject, text, html, bytes } = compose(ledger, tx, order, { reply, inbox });
    const message: NewMessage = {
      id: order.message_id,
      kind: "answer",
      campaign_id: reply.campaign_id,
      lead_id: reply.lead_id,
      enrollment_id: null,
      step_id: null,
      variant_id: null,
      inbox_id: inbox.id,
      recipient: reply.sender,
      subject,
      text,
      html,
      bytes,
      // Nobody counts what a person clicks in it.
      links: null,
      first_of_lead: false,
      follow_up: false,
    };
    const quota_day = localDay(tx.now, ledger.workspace().zone);
    reserveQuota(ledger, tx, quota_day, message);
    insertClaimed(tx, message, { boot_id: ledger.boot_id, quota_day, window_until: null });
    noteAnswer(tx, message.id, {
      reply_id: reply.id,
      sent_by: order.by,
      overrules: order.despite_suppression,
    });
    // Two voices in one thread: the sequence waits until somebody wants it again.
    if (reply.lead_id !== null) {
      pauseLeadIn(
        ledger,
        tx,
        { lead_id: reply.lead_id, campaign_id: reply.campaign_id },
        "you_took_over",
      );
    }
    setRead(tx, reply.id, true);
    return { id: message.id, inbox, recipient: reply.sender, bytes };
  });
}

interface Answered {
  reply: ReplyRow;
  inbox: InboxRow;
}

/** Throws where this reply cannot be answered now. */
function checkAnswer(
  ledger: Ledger,
  reading: Pick<Tx, "db">,
  { reply_id, despite_suppression }: AnswerOrder,
): Answered {
  const reply = findKept(reading, reply_id);
  if (!reply) throw notFound("reply");
  if (reply.lead_id === null) {
    refuse("The mail belongs to no lead yet: attach it to one first (PATCH with `lead_id`).");
  }
  if (!ANSWERED.has(reply.kind)) {
    refuse(`This is a ${reply.kind.replace("_", " ")}: nobody would read an answer to it.`);
  }
  const inbox = findInbox(reading, reply.inbox_id);
  if (!inbox)
    refuse("The inbox that it came in at was removed: from another one it would be no answer.");
  if (inbox.state !== "active") {
    refuse(`The inbox is ${inbox.state}: nothing is sent from it before it is active again.`);
  }
  const suppression = findSuppression(ledger, reading, reply.sender);
  if (suppression && !despite_suppression) {
    const words = `This ${suppression.kind} is on the suppression list (${suppression.reason}). To answer this one mail all the same, send \`despite_suppression: true\`.`;
    throw new AppError("lead_suppressed", words, { field: "despite_suppression" });
  }
  return { reply, inbox };
}

const ANSWERED: ReadonlySet<ReplyRow["kind"]> = new Set(["reply", "auto_reply", "unsubscribe"]);

function refuse(words: string): never {
  throw new AppError("wrong_state", words);
}

function compose(ledger: Ledger, tx: Tx, order: AnswerOrder, { reply, inbox }: Answered) {
  const parts = listThread(tx, reply).filter(({ at }) => at <= reply.received_at);
  const ids = [...parts.map((part) => idOf(ledger, tx, inbox, part)), reply.header_id];
  try {
    return composeAnswer({
      message_id: order.message_id,
      date: ledger.clock.now(),
      words: order,
      reply,
      thread: ids.filter((id) => id !== null),
      inbox,
      key: ledger.keys.message_id,
    });
  } catch (error) {
    if (error instanceof TypeError)
      throw new AppError("wrong_state", `The mail cannot be answered: ${error.message}.`);
    throw error;
  }
}

/** The Message-ID under which a part of the thread is known to the other side. */
function idOf(ledger: Ledger, tx: Tx, inbox: InboxRow, part: ThreadPart): string | null {
  if (part.object === "reply") return part.header_id;
  return (
    findAliasOf(tx, part.id) ?? messageIdOf(part.id, ledger.keys.message_id, domainOf(inbox.email))
  );
}
