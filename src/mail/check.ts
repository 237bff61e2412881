// Tries both logins of an account, SMTP before IMAP, and changes nothing on either server.

import { type CheckOutcome, type MailAccount, MailboxError } from "../core/mail-port.ts";
import { type ImapOptions, openMailbox } from "./imap.ts";
import type { Smtp } from "./smtp.ts";

/** `ok`, or the first of the two servers that could not be used and why. */
export async function checkAccount(
  account: MailAccount,
  signal: AbortSignal,
  servers: { smtp: Smtp; imap: ImapOptions },
): Promise<CheckOutcome> {
  const sending = await servers.smtp.login(account.smtp, signal);
  if (sending.outcome === "failed") return sending;
  try {
    const mailbox = await openMailbox(account, signal, servers.imap);
    await mailbox.close();
    return { outcome: "ok" };
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    return { outcome: "failed", server: "imap", fault: error.fault, response: error.message };
  }
}
