// Keeps one IMAP connection per inbox: read, file copies, settle doubts, wait for news; renew it now and then, come back
// with growing pauses when it breaks. Reading a mailbox never depends on sending from it.

import type { Log } from "../../core/log.ts";
import {
  type LoginFault,
  type MailAccount,
  MailboxError,
  type MailboxSession,
  type MailPort,
} from "../../core/mail-port.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { accountOf } from "../../resources/inboxes/actions.ts";
import { findInbox, type InboxRow } from "../../resources/inboxes/store.ts";
import { listDueCopies, listUncertain, listWireIds } from "../../resources/messages/due.store.ts";
import { noteTrouble, noteWorks, pauseAfter } from "../inbox-health.ts";
import { learnWireIds, lookAgainAtOnce, settleDoubts } from "./doubts.ts";
import { readUpToDate } from "./fetch.ts";
import { fileCopies } from "./sent-folder.ts";
import { watchSent } from "./sent-watch.ts";
import { openTurns } from "./turns.ts";

/** A connection is made anew after this long: some servers fall silent for good (mail.md 4.7). */
const RENEW_MS = 25 * 60_000;
/**
 * IDLE is a hint, and tells of the INBOX only: all folders are read this often, whatever it tells. Below the five minutes
 * after which follow-ups wait. A dead line shows itself sooner: TCP asks for itself (imap-session.ts).
 */
const READ_MS = 4 * 60_000;
/** The same, as long as something of this inbox is to be found out in its folders, or it is lost. */
const BUSY_READ_MS = 60_000;
/** A connection that lived so long has ended as connections do (a token's hour, a server's restart): no trouble yet. */
const LIVED_MS = 5 * 60_000;
/** After so long nobody tries a refused login any more: providers lock accounts. */
const REFUSED_MOST_MS = 3 * 86_400_000;
const STOPPED_LOOK_MS = 10 * 60_000;
/** Logins of so many inboxes at once; before each one a moment that grows with the number of inboxes. */
const logins = openTurns(32);
const MOMENT_MS = 10;

export interface WatchDesk {
  ledger: Ledger;
  inbox_id: number;
  mail: MailPort;
  log: Log;
  signal: AbortSignal;
  /** Waits so long, or until the watch is nudged or stopped. */
  sleep(ms: number): Promise<void>;
  /** A new signal that fires when the watch is nudged or stopped. */
  nudged(): AbortSignal;
  /** A new signal for a new connection, which fires when it is to be made anew or stopped. */
  connection(): AbortSignal;
  /** How many inboxes are watched. */
  crowd(): number;
  /** Reading has been tried. */
  onTried(): void;
}

/** How a connection ended: on purpose, after it had lived for long, or in trouble with these words. */
type End = { end: "renewed" | "lived" | "faulted" } | { end: "trouble"; fault: LoginFault };

/** Runs until the signal fires or the inbox is gone. Never throws. */
export async function watchInbox(desk: WatchDesk): Promise<void> {
  const { ledger, signal } = desk;
  let failures = 0;
  let fault: LoginFault | null = null;
  while (!signal.aborted) {
    const inbox = findInbox(ledger, desk.inbox_id);
    if (!inbox) return;
    if (isGivenUp(inbox, fault, ledger.clock.now())) {
      desk.onTried();
      await desk.sleep(STOPPED_LOOK_MS);
      continue;
    }
    if (desk.crowd() > 1) await desk.sleep(ledger.random.next() * MOMENT_MS * desk.crowd());
    const ended = await watchOnce(desk, inbox);
    fault = ended.end === "trouble" ? ended.fault : null;
    failures = ended.end === "trouble" || ended.end === "faulted" ? failures + 1 : 0;
    if (failures > 0) await desk.sleep(pauseAfter(failures, ledger.random.next()));
  }
}

/** Refused for three days: only another login, or its owner's word that it works, begins anew. */
function isGivenUp(inbox: InboxRow, fault: LoginFault | null, now: number): boolean {
  const { state, read_failing_since } = inbox;
  const is_refused = state === "needs_login" || fault === "auth";
  return is_refused && read_failing_since !== null && now - read_failing_since >= REFUSED_MOST_MS;
}

/** One connection's life. */
async function watchOnce(desk: WatchDesk, inbox: InboxRow): Promise<End> {
  const { ledger, log } = desk;
  const connection = desk.connection();
  let began_at = ledger.clock.now();
  try {
    const account = accountOf(ledger, inbox);
    if (!account)
      throw new MailboxError("auth", "the stored login cannot be opened with this master key");
    const session = await logins.take(() => desk.mail.openMailbox(account, connection));
    began_at = ledger.clock.now();
    try {
      await keepReading(desk, inbox, { session, account, connection });
    } finally {
      await session.close();
    }
  } catch (error) {
    if (desk.signal.aborted || connection.aborted) return { end: "renewed" };
    if (!(error instanceof MailboxError)) {
      // Not the mailbox's doing: a full disk, or a fault of ours. The inbox is not blamed for it.
      log.error({ inbox_id: desk.inbox_id, error: String(error) }, "reading failed");
      desk.onTried();
      return { end: "faulted" };
    }
    const { fault, message: words, uids } = error;
    log.warn({ inbox_id: desk.inbox_id, fault, words }, "an inbox could not be read");
    // A mail that breaks every connection must not look like a connection that has lived.
    if (uids.length === 0 && ledger.clock.now() - began_at >= LIVED_MS) return { end: "lived" };
    noteFailure(desk, { half: "imap", fault, words });
    desk.onTried();
    return { end: "trouble", fault };
  }
  return { end: "renewed" };
}

interface Line {
  session: MailboxSession;
  account: MailAccount;
  connection: AbortSignal;
}

/** Reads and waits, until the connection is old, or belongs to a login that was changed. */
async function keepReading(
  desk: WatchDesk,
  inbox: InboxRow,
  { session, account, connection }: Line,
): Promise<void> {
  const { ledger, log } = desk;
  const renew_at = ledger.clock.now() + RENEW_MS;
  while (!connection.aborted && ledger.clock.now() < renew_at) {
    const current = findInbox(ledger, desk.inbox_id);
    // Another login or server: this session belongs to the one before.
    if (!current || isOtherLogin(current, inbox)) return;
    // Before reading: a nudge that comes meanwhile is not lost.
    const nudged = desk.nudged();
    if (!(await readOnce(ledger, desk.inbox_id, session, log))) return;
    desk.onTried();
    await tryLostSending(desk, account);
    await session.wait(isBusy(ledger, desk.inbox_id) ? BUSY_READ_MS : READ_MS, nudged);
  }
}

/** Is there a mail in doubt, a copy to file or an id to learn before the next reading would come, or is the inbox lost? */
function isBusy(ledger: Ledger, inbox_id: number): boolean {
  const until = ledger.clock.now() + READ_MS;
  return (
    findInbox(ledger, inbox_id)?.state !== "active" ||
    listUncertain(ledger, inbox_id, until).length > 0 ||
    listDueCopies(ledger, inbox_id, until).length > 0 ||
    listWireIds(ledger, inbox_id, until).length > 0
  );
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
  session: MailboxSession,
  log?: Log,
): Promise<boolean> {
  const inbox = findInbox(ledger, inbox_id);
  if (!inbox) return false;
  if (inbox.read_failures > 0) lookAgainAtOnce(ledger, inbox_id);
  // Before anything is read: an answer may name the id that the provider gave.
  await learnWireIds(ledger, inbox, session);
  // Before the inbox counts as read: whom the user wrote to gets no follow-up.
  await watchSent(ledger, inbox, session);
  await readUpToDate({ ledger, inbox, session, log });
  await settleDoubts(ledger, inbox, session);
  await fileCopies(ledger, inbox_id, session);
  return true;
}
