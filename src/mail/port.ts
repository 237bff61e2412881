// The real mail port: SMTP and IMAP over the network. The libraries are loaded at their first use.

import type { MailPort } from "../core/mail-port.ts";
import { checkAccount } from "./check.ts";
import { type ImapOptions, openMailbox } from "./imap.ts";
import { openSmtp, type SmtpOptions } from "./smtp.ts";

export interface MailPortOptions {
  smtp?: SmtpOptions;
  imap?: ImapOptions;
}

/** The port for accounts with a provider. It keeps no connection and needs no closing. */
export function openMailPort(options: MailPortOptions = {}): MailPort {
  const smtp = openSmtp(options.smtp);
  const imap = options.imap ?? {};
  return {
    send: (account, order) => smtp.send(account, order),
    check: (account, signal) => checkAccount(account, signal, { smtp, imap }),
    openMailbox: (account, signal) => openMailbox(account, signal, imap),
  };
}
