// Mails that may be answers and match no lead: their envelope is listed, and nothing else of them is kept. The body stays
// in the mailbox and is fetched when somebody opens it.
import { companyDomain, parseAddress } from "../../core/address.ts";
import type { Judgement } from "../../core/classify.ts";
import { AppError, notFound } from "../../core/faults.ts";
import type { ParsedMail } from "../../core/inbound.ts";
import {
  type FetchedMail,
  MailboxError,
  type MailboxSession,
  type MailPort,
} from "../../core/mail-port.ts";
import type { OpenedMail } from "../../core/opened-mail.ts";
import { newText } from "../../core/reply-text.ts";
import { baseSubject } from "../../core/threading.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { parseMail } from "../../mail/parse.ts";
import { accountOf } from "../../resources/inboxes/actions.ts";
import { findInbox } from "../../resources/inboxes/store.ts";
import { findLeadByEmail, isCompanyMailed } from "../../resources/leads/store.ts";
import { findPlaced, type PlacedReply } from "../../resources/replies/store.ts";
import { type Arrival, isOwnMail, judgeArrival, SENDER_DAYS } from "./match.ts";

const DAY_MS = 86_400_000;
const TEXT_CAP = 64 * 1024;

/** What a mail is that is worth being listed, or null: somebody's private mail, of which nothing is kept. */
export function judgeUntracked(ledger: Ledger, arrival: Arrival): Judgement | null {
  const { mail } = arrival;
  if (!isAnswer(mail) || !isOfSomebodyMailed(ledger, mail) || isOwnMail(ledger, arrival))
    return null;
  const judgement = judgeArrival(ledger, arrival);
  return ["reply", "unsubscribe", "auto_reply"].includes(judgement.kind) ? judgement : null;
}

/** It says that it answers something: by `Re:` or by an id (RFC 5322 3.6.4). */
function isAnswer({ subject, in_reply_to }: ParsedMail): boolean {
  const plain = subject.slice(0, 998).trim();
  return in_reply_to.length > 0 || baseSubject(plain) !== plain;
}

function isOfSomebodyMailed(ledger: Ledger, { from }: ParsedMail): boolean {
  const address = parseAddress(from?.address ?? "");
  if (address === null) return false;
  const since = ledger.clock.now() - SENDER_DAYS * DAY_MS;
  if ((findLeadByEmail(ledger, address)?.mailed_at ?? 0) > since) return true;
  const company = companyDomain(address);
  return company !== null && isCompanyMailed(ledger, company, since);
}

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
      const found = await findMail(session, reply);
      if (!found) throw notFound("mail in the mailbox");
      const mail = await parseMail(found.bytes);
      return { text: newText(mail).slice(0, TEXT_CAP), whole_text: mail.text.slice(0, TEXT_CAP) };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    throw new AppError("unavailable", `The mailbox cannot be read now: ${error.message}`);
  }
}

/** Where it was seen last; else by its Message-ID in any folder that is read: it may have been moved. */
async function findMail(
  session: MailboxSession,
  { folder, uidvalidity, uid, header_id }: PlacedReply,
): Promise<FetchedMail | null> {
  const folders = (await session.folders()).filter(({ role }) => role !== "sent");
  if (folder !== null && uid !== null && folders.some(({ path }) => path === folder)) {
    const status = await session.status(folder);
    const found = status.uidvalidity === uidvalidity ? await fetchOne(session, folder, uid) : null;
    if (found) return found;
  }
  if (header_id === null || !/^[!-~]+$/.test(header_id)) return null;
  for (const { path } of folders) {
    // oxlint-disable-next-line no-await-in-loop -- one command after the other on one session
    const [at] = await session.findByHeader(path, "Message-ID", `<${header_id}>`);
    // oxlint-disable-next-line no-await-in-loop -- the same
    const found = at === undefined ? null : await fetchOne(session, path, at);
    if (found) return found;
  }
  return null;
}

async function fetchOne(
  session: MailboxSession,
  folder: string,
  uid: number,
): Promise<FetchedMail | null> {
  const [mail] = await session.fetchFrom(folder, uid, 1);
  return mail?.uid === uid ? mail : null;
}
