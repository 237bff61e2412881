// Sending over SMTP: one connection per mail, the last byte held back for the commit point, an outcome for
// every end. Invariant: before `release` no dot is written, whatever fails.

import type {
  CheckOutcome,
  MailAccount,
  MailServer,
  SendOrder,
  SendOutcome,
} from "../core/mail-port.ts";
import { HandOver } from "./hand-over.ts";
import { assertOrder } from "./order.ts";
import { openSession, quit, SMTP_WAITS, type SmtpWaits } from "./smtp-session.ts";

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
  return {
    async send(account, order) {
      assertOrder(order);
      const session = await openSession(account.smtp, { waits, signal: order.signal });
      if ("trouble" in session) return { outcome: "unreached", ...session.trouble };
      return await new HandOver(session.connection, account.smtp, order, waits).run();
    },
    async login(server, signal) {
      const session = await openSession(server, { waits, signal });
      if ("trouble" in session) return { outcome: "failed", server: "smtp", ...session.trouble };
      quit(session.connection, waits.quit);
      return { outcome: "ok" };
    },
  };
}
