// Opens a mail of which only the envelope is kept: it lies in somebody's private mailbox, and is fetched to be read once.

import { AppError, notFound } from "../../core/faults.ts";
import { MailboxError, type MailboxSession, type MailPort } from "../../core/mail-port.ts";
import type { OpenedMail } from "../../core/opened-mail.ts";
import { newText } from "../../core/reply-text.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { parseMail } from "../../mail/parse.ts";
import { accountOf } from "../../resources/inboxes/actions.ts";
import { findInbox } from "../../resources/inboxes/store.ts";
import { findPlaced, type PlacedReply } from "../../resources/replies/store.ts";

const TEXT_CAP = 64 * 1024;

/**
 * Fetches the body of an untracked mail from its mailbox. Nothing of it is stored. Throws `not_found` where there is no
 * such untracked reply or the mail is not in the mailbox any more, `unavailable` where the mailbox cannot be read now.
 */
export async function openUntracked(
  ledger: Ledger,
  port: MailPort,
  reply_id: number,
): Promise<OpenedMail> {
  const reply = findPlaced(ledger, reply_id);
  const inbox = reply && findInbox(ledger, reply.inbox_id);
  const account = inbox && accountOf(ledger, inbox);
  if (!reply || !account) throw notFound("untracked reply");
  try {
    const session = await port.openMailbox(account, new AbortController().signal);
    try {
      return await readBody(session, reply);
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    throw new AppError("unavailable", `The mailbox cannot be read now: ${error.message}`);
  }
}

async function readBody(session: MailboxSession, reply: PlacedReply): Promise<OpenedMail> {
  const { folder, uid } = reply;
  if (folder === null || uid === null) throw notFound("mail in the mailbox");
  const { uidvalidity } = await session.status(folder);
  const [found] = uidvalidity === reply.uidvalidity ? await session.fetchFrom(folder, uid, 1) : [];
  if (found?.uid !== uid) throw notFound("mail in the mailbox");
  const mail = await parseMail(found.bytes);
  return { text: newText(mail).slice(0, TEXT_CAP), whole_text: mail.text.slice(0, TEXT_CAP) };
}
