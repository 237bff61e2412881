// Sending over SMTP: the last byte held back for the commit point, an outcome for every end. Invariant: before `release`
// no dot is written, whatever fails. A session is kept for the next mail only where one follows at once.

import type {
  CheckOutcome,
  MailAccount,
  MailServer,
  SendOrder,
  SendOutcome,
} from "../core/mail-port.ts";
import { HandOver } from "./hand-over.ts";
import { openKeptSessions } from "./kept-sessions.ts";
import { assertOrder } from "./order.ts";
import { openSession, SMTP_WAITS, type SmtpWaits } from "./smtp-session.ts";

export interface SmtpOptions {
  /** Deadlines in ms; what is left out keeps its default. */
  waits?: Partial<SmtpWaits>;
}

export interface Smtp {
  send(account: MailAccount, order: SendOrder): Promise<SendOutcome>;
  /** Logs in and says goodbye. */
  login(server: MailServer, signal: AbortSignal): Promise<CheckOutcome>;
}

/** The SMTP side of the mail port. `send` throws a TypeError for an order that no caller may make (M1). */
export function openSmtp(options: SmtpOptions = {}): Smtp {
  const waits = { ...SMTP_WAITS, ...options.waits };
  const kept = openKeptSessions(waits);
  return {
    async send(account, order) {
      assertOrder(order);
      for (;;) {
        const channel = kept.take(account);
        const session = channel
          ? { channel }
          : // oxlint-disable-next-line no-await-in-loop -- at most twice: a new session is never stale
            await openSession(account.smtp, { waits, signal: order.signal });
        if ("trouble" in session) return { outcome: "unreached", ...session.trouble };
        // oxlint-disable-next-line no-await-in-loop
        const over = await new HandOver(session.channel, account.smtp, order, waits).run();
        if (over.end === "stale") continue;
        const { outcome, is_free } = over;
        const is_good = outcome.outcome === "accepted" && order.has_next === true;
        if (is_free && is_good) kept.keep(account, session.channel, order.signal);
        else if (is_free) session.channel.quit(waits.quit);
        return outcome;
      }
    },
    async login(server, signal) {
      const session = await openSession(server, { waits, signal });
      if ("trouble" in session) return { outcome: "failed", server: "smtp", ...session.trouble };
      session.channel.quit(waits.quit);
      return { outcome: "ok" };
    },
  };
}
