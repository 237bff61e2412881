// SMTP sessions that wait for the next mail of their inbox: for seconds, a bounded number, and never longer than their
// login holds. Real inboxes send one mail in ten minutes and keep none.

import type { MailAccount, MailServer } from "../core/mail-port.ts";
import type { SmtpChannel } from "./smtp-channel.ts";
import type { SmtpWaits } from "./smtp-session.ts";

/** How many wait at most; the one that has waited longest goes. */
const SESSIONS_MOST = 100;
/** Servers count the mails of a session (RFC 5321 4.5.3.1.10 leaves it to them; 100 is what the strict ones take). */
const MAILS_MOST = 100;

interface Kept {
  channel: SmtpChannel;
  server: MailServer;
  /** Takes its timer and its listeners away. */
  release(): void;
}

export interface KeptSessions {
  /** A session of this account that is alive as far as we know, or null. It is the caller's from now on. */
  take(account: MailAccount): SmtpChannel | null;
  /** Lets it wait until its time is over, the server ends it or `signal` does. */
  keep(account: MailAccount, channel: SmtpChannel, signal: AbortSignal): void;
}

/** The waiting sessions of one port. */
export function openKeptSessions({ keep: keep_ms, quit: quit_ms }: SmtpWaits): KeptSessions {
  // In the order in which they began to wait.
  const waiting = new Map<number, Kept>();
  const drop = (inbox_id: number) => {
    const kept = waiting.get(inbox_id);
    waiting.delete(inbox_id);
    kept?.release();
    return kept;
  };
  const quit = (inbox_id: number) => drop(inbox_id)?.channel.quit(quit_ms);
  return {
    take({ inbox_id, smtp }) {
      const kept = waiting.get(inbox_id);
      if (!kept) return null;
      // Another server, login or password since: what was logged in with the old one ends at once.
      if (!isSame(kept.server, smtp)) {
        quit(inbox_id);
        return null;
      }
      drop(inbox_id);
      return kept.channel.is_over ? null : kept.channel;
    },
    keep({ inbox_id, smtp }, channel, signal) {
      if (channel.is_over || channel.mails >= MAILS_MOST || signal.aborted) {
        channel.quit(quit_ms);
        return;
      }
      quit(inbox_id);
      const timer = setTimeout(() => quit(inbox_id), keep_ms);
      // A session that waits keeps no process alive.
      timer.unref();
      const end = () => quit(inbox_id);
      signal.addEventListener("abort", end);
      // Whatever a server says unasked, it says goodbye.
      channel.listen({
        onReply: () => drop(inbox_id)?.channel.close(),
        onEnd: () => drop(inbox_id),
      });
      const release = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        channel.listen(null);
      };
      waiting.set(inbox_id, { channel, server: smtp, release });
      const [oldest] = waiting.keys();
      if (waiting.size > SESSIONS_MOST && oldest !== undefined) quit(oldest);
    },
  };
}

function isSame(one: MailServer, other: MailServer): boolean {
  return (
    one.host === other.host &&
    one.port === other.port &&
    one.security === other.security &&
    one.username === other.username &&
    one.password === other.password &&
    one.ca === other.ca
  );
}
