// Opens a mail of which only the envelope is kept: it lies in somebody's private mailbox, and is fetched to be read once.

import { AppError } from "../../core/faults.ts";
import { MailboxError, type MailboxSession, type MailPort } from "../../core/mail-port.ts";
import type { OpenedMail } from "../../core/opened-mail.ts";
import { newText } from "../../core/reply-text.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { parseMail } from "../../mail/parse.ts";
import { accountOf } from "../../resources/inboxes/actions.ts";
import { findInbox } from "../../resources/inboxes/store.ts";
import { findPlace, type MailPlace } from "../../resources/replies/store.ts";

const TEXT_CAP = 64 * 1024;

/** Null where it is not there any more: deleted, moved, or its folder was renumbered. Throws `unavailable`. */
export async function openUntracked(
  ledger: Ledger,
  port: MailPort,
  reply_id: number,
): Promise<OpenedMail | null> {
  const place = findPlace(ledger, reply_id);
  const inbox = place === null ? null : findInbox(ledger, place.inbox_id);
  const account = inbox === null ? null : accountOf(ledger, inbox);
  if (place === null || account === null) return null;
  try {
    const session = await port.openMailbox(account, new AbortController().signal);
    try {
      return await fetchOne(session, place);
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    throw new AppError("unavailable", `The mailbox cannot be read now: ${error.message}`);
  }
}

async function fetchOne(session: MailboxSession, place: MailPlace): Promise<OpenedMail | null> {
  const { uidvalidity } = await session.status(place.folder);
  if (uidvalidity !== place.uidvalidity) return null;
  const [fetched] = await session.fetchFrom(place.folder, place.uid, 1);
  if (fetched?.uid !== place.uid) return null;
  const mail = await parseMail(fetched.bytes);
  return { text: newText(mail).slice(0, TEXT_CAP), header_id: mail.message_id };
}
