// Keeps one IMAP connection per inbox: read, file copies, settle doubts, wait for news; renew it now and then, come back
// with growing pauses when it breaks. Reading a mailbox never depends on sending from it.

import type { Log } from "../../core/log.ts";
import { type MailAccount, MailboxError, type MailPort } from "../../core/mail-port.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { accountOf } from "../../resources/inboxes/actions.ts";
import { findInbox, type InboxRow } from "../../resources/inboxes/store.ts";
import { noteTrouble, noteWorks, pauseAfter } from "../inbox-health.ts";
import { learnWireIds, lookAgainAtOnce, settleDoubts } from "./doubts.ts";
import { readUpToDate } from "./fetch.ts";
import { fileCopies } from "./sent-folder.ts";
import { watchSent } from "./sent-watch.ts";

/** A connection is made anew after this long: some servers fall silent for good (mail.md 4.7). */
const RENEW_MS = 25 * 60_000;
/** IDLE tells of the INBOX only; the other folders are looked at this often. */
const POLL_MS = 60_000;

export interface WatchDesk {
  ledger: Ledger;
  inbox_id: number;
  mail: MailPort;
  log: Log;
  signal: AbortSignal;
  /** Waits so long, or until the watch is nudged or stopped. */
  sleep(ms: number): Promise<void>;
  /** Another number than before: every connection is to be made anew. */
  generation(): number;
  /** A signal that fires when the watch is nudged or stopped. */
  nudged(): AbortSignal;
  /** Reading has been tried. */
  onTried(): void;
}

/** Runs until the signal fires or the inbox is gone. Never throws. */
export async function watchInbox(desk: WatchDesk): Promise<void> {
  let failures = 0;
  while (!desk.signal.aborted) {
    const inbox = findInbox(desk.ledger, desk.inbox_id);
    if (!inbox) return;
    failures = (await watchOnce(desk, inbox)) ? 0 : failures + 1;
    if (failures > 0) await desk.sleep(pauseAfter(failures, desk.ledger.random.next()));
  }
}

/** One connection's life. False when it broke. */
async function watchOnce(desk: WatchDesk, inbox: InboxRow): Promise<boolean> {
  const { ledger, log } = desk;
  try {
    const account = accountOf(ledger, inbox);
    if (!account)
      throw new MailboxError("auth", "the stored login cannot be opened with this master key");
    const generation = desk.generation();
    const session = await desk.mail.openMailbox(account, desk.signal);
    try {
      const renew_at = ledger.clock.now() + RENEW_MS;
      while (!desk.signal.aborted && ledger.clock.now() < renew_at) {
        const current = findInbox(ledger, desk.inbox_id);
        if (desk.generation() !== generation) return true;
        // Another login or server: this session belongs to the one before.
        if (!current || isOtherLogin(current, inbox)) return true;
        if (!(await readOnce(ledger, desk.inbox_id, session))) return true;
        desk.onTried();
        await tryLostSending(desk, account);
        await session.wait(POLL_MS, desk.nudged());
      }
    } finally {
      await session.close();
    }
  } catch (error) {
    if (desk.signal.aborted) return true;
    if (error instanceof MailboxError) {
      const { fault, message: words } = error;
      log.warn({ inbox_id: desk.inbox_id, fault, words }, "an inbox could not be read");
      noteFailure(desk, { half: "imap", fault, words });
    } else {
      // Not the mailbox's doing: a full disk, or a fault of ours. The inbox is not blamed for it.
      log.error({ inbox_id: desk.inbox_id, error: String(error) }, "reading failed");
    }
    desk.onTried();
    return false;
  }
  return true;
}

const loginOf = ({ imap, imap_password, smtp, smtp_password }: InboxRow): string =>
  JSON.stringify([imap, smtp, [...(imap_password ?? [])], [...(smtp_password ?? [])]]);

const isOtherLogin = (one: InboxRow, other: InboxRow) => loginOf(one) !== loginOf(other);

/** Nothing is sent from a lost inbox, so nothing would show that sending works again: log in and see. */
async function tryLostSending(
  { ledger, inbox_id, mail, signal }: WatchDesk,
  account: MailAccount,
): Promise<void> {
  const inbox = findInbox(ledger, inbox_id);
  const is_lost = inbox?.state === "disconnected" || inbox?.state === "needs_login";
  if (!inbox || !is_lost || inbox.failures === 0 || (inbox.retry_at ?? 0) > ledger.clock.now())
    return;
  const outcome = await mail.check(account, signal);
  ledger.write((tx) => {
    if (outcome.outcome === "ok") noteWorks(ledger, tx, inbox_id, "smtp");
    else
      noteTrouble(ledger, tx, inbox_id, {
        half: "smtp",
        fault: outcome.fault,
        words: outcome.response,
      });
  });
}

function noteFailure(
  { ledger, inbox_id, log }: WatchDesk,
  trouble: Parameters<typeof noteTrouble>[3],
): void {
  try {
    ledger.write((tx) => noteTrouble(ledger, tx, inbox_id, trouble));
  } catch (error) {
    log.error({ inbox_id, error: String(error) }, "a failure could not be recorded");
  }
}

/** Reads everything there is, then does what the Sent folder is for. False when the inbox is gone. */
export async function readOnce(
  ledger: Ledger,
  inbox_id: number,
  session: Awaited<ReturnType<MailPort["openMailbox"]>>,
): Promise<boolean> {
  const inbox = findInbox(ledger, inbox_id);
  if (!inbox) return false;
  if (inbox.read_failures > 0) lookAgainAtOnce(ledger, inbox_id);
  // Before anything is read: an answer may name the id that the provider gave.
  await learnWireIds(ledger, inbox, session);
  // Before the inbox counts as read: whom the user wrote to gets no follow-up.
  await watchSent(ledger, inbox, session);
  await readUpToDate(ledger, inbox, session);
  await settleDoubts(ledger, inbox, session);
  await fileCopies(ledger, inbox_id, session);
  return true;
}
