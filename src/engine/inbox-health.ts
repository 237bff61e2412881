// When a mailbox cannot be used: back off, and say so once it is more than a hiccup (3 failures over 5 minutes).
// A login fault belongs to the inbox, never to a message (domain.md "A message").

import type { LoginFault } from "../core/mail-port.ts";
import { spread } from "../core/pace.ts";
import type { Tx } from "../ledger/database.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { NO_SUBJECT, record } from "../resources/events/actions.ts";
import { isSignInRefused } from "../resources/inboxes/sign-ins.store.ts";
import {
  addReadFailure,
  addSendFailure,
  clearReadFailures,
  clearSendFailures,
  disconnectInbox,
  findHealth,
  findInbox,
  reconnectInbox,
} from "../resources/inboxes/store.ts";

const FAILURES_MOST = 3;
const FAILING_FOR_MS = 5 * 60_000;
/** A server's limit on connections passes by itself, mostly: somebody's mail program has them all. */
const LIMITED_FOR_MS = 60 * 60_000;
const BACKOFF_FROM_MS = 10_000;
const BACKOFF_TO_MS = 10 * 60_000;

/** Which half of the mailbox: each has failures of its own, and reading never waits for sending. */
type Half = "smtp" | "imap";

interface Trouble {
  half: Half;
  fault: LoginFault;
  words: string;
}

/** How long to wait (ms) after so many failures in a row. */
export function pauseAfter(failures: number, chance: number): number {
  return spread(
    Math.min(BACKOFF_TO_MS, BACKOFF_FROM_MS * 2 ** Math.min(Math.max(0, failures - 1), 10)),
    0.2,
    chance,
  );
}

/** One failure to reach or log into the mailbox; the third over five minutes disconnects it. */
export function noteTrouble(
  ledger: Ledger,
  tx: Tx,
  inbox_id: number,
  { half, fault, words }: Trouble,
): void {
  const inbox = findInbox(tx, inbox_id);
  if (!inbox) return;
  if (half === "smtp") {
    const retry_at = tx.now + pauseAfter(inbox.failures + 1, ledger.random.next());
    addSendFailure(tx, inbox_id, { reason: words, retry_at });
  } else addReadFailure(tx, inbox_id, words);
  const failures = (half === "smtp" ? inbox.failures : inbox.read_failures) + 1;
  const since = (half === "smtp" ? inbox.failing_since : inbox.read_failing_since) ?? tx.now;
  const hiccup_ms = fault === "limit" ? LIMITED_FOR_MS : FAILING_FOR_MS;
  if (inbox.state !== "active" || failures < FAILURES_MOST || tx.now - since < hiccup_ms) return;
  disconnectInbox(tx, inbox_id, {
    state: fault === "auth" || fault === "token" ? "needs_login" : "disconnected",
    reason: words,
  });
  const event = { event: "inbox.disconnected" as const, detail: { fault, reason: words } };
  record(ledger, tx, event, { ...NO_SUBJECT, inbox_id });
}

/** This half of the mailbox answered as it should; with both halves well, what was disconnected is connected again. */
export function noteWorks(ledger: Ledger, tx: Tx, inbox_id: number, half: Half): void {
  const inbox = findHealth(tx, inbox_id);
  if (!inbox) return;
  // A server's limit is a retry_at without a failure: it is not over because a login works.
  if (half === "smtp" && inbox.failures > 0) clearSendFailures(tx, inbox_id);
  if (half === "imap" && inbox.read_failures > 0) clearReadFailures(tx, inbox_id);
  const other_failures = half === "smtp" ? inbox.read_failures : inbox.failures;
  // A session outlives its token: that it still works is no news of the sign-in that has ended.
  if (isSignInRefused(tx, inbox_id)) return;
  if (other_failures > 0 || (inbox.state !== "disconnected" && inbox.state !== "needs_login"))
    return;
  reconnectInbox(tx, inbox_id);
  record(ledger, tx, { event: "inbox.reconnected", detail: {} }, { ...NO_SUBJECT, inbox_id });
}
