// A mailbox of the mail lab as an inbox of a ledger, with its logins sealed: for what runs in this process.
import type { Ledger } from "../../src/ledger/ledger.ts";
import { insertInbox } from "../../src/resources/inboxes/store.ts";
import type { MailLab } from "./mail-lab.ts";

/** Makes an active inbox over TLS; its id. */
export function makeLabInbox(ledger: Ledger, lab: MailLab, email: string): number {
  const serverOf = (endpoint: Parameters<MailLab["login"]>[1]) => {
    const { password, ...server } = lab.login(email, endpoint);
    return { server, password };
  };
  const [smtp, imap] = [serverOf(lab.smtp.tls), serverOf(lab.imap.tls)];
  return ledger.write((tx) => {
    const id = tx.id();
    const seal = (column: string, password: string) =>
      ledger.vault.seal({ table: "inboxes", row: id, column }, password);
    insertInbox(tx, {
      id,
      email,
      name: "Ada",
      provider: "smtp",
      smtp: smtp.server,
      imap: imap.server,
      smtp_password: seal("smtp_password", smtp.password),
      imap_password: seal("imap_password", imap.password),
      daily_limit: 5000,
      hourly_limit: 5000,
      min_gap_seconds: 1,
      signature: "",
      reply_to: null,
      save_sent: "never",
    });
    return id;
  });
}
