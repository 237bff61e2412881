// Servers of the few providers that have most mailboxes, by the address's domain: what everybody would look up.
import type { Security } from "../../core/mail-port.ts";

export interface KnownServer {
  host: string;
  port: number;
  security: Security;
}

export interface KnownServers {
  smtp: KnownServer;
  imap: KnownServer;
}

const tls = (host: string, port: number): KnownServer => ({ host, port, security: "tls" });
const starttls = (host: string, port = 587): KnownServer => ({ host, port, security: "starttls" });

const GMAIL: KnownServers = {
  smtp: tls("smtp.gmail.com", 465),
  imap: tls("imap.gmail.com", 993),
};
const MICROSOFT_365: KnownServers = {
  smtp: starttls("smtp.office365.com"),
  imap: tls("outlook.office365.com", 993),
};
const OUTLOOK: KnownServers = {
  smtp: starttls("smtp-mail.outlook.com"),
  imap: tls("outlook.office365.com", 993),
};
const ICLOUD: KnownServers = {
  smtp: starttls("smtp.mail.me.com"),
  imap: tls("imap.mail.me.com", 993),
};
const YAHOO: KnownServers = {
  smtp: tls("smtp.mail.yahoo.com", 465),
  imap: tls("imap.mail.yahoo.com", 993),
};
const GMX: KnownServers = { smtp: tls("mail.gmx.net", 465), imap: tls("imap.gmx.net", 993) };
const FASTMAIL: KnownServers = {
  smtp: tls("smtp.fastmail.com", 465),
  imap: tls("imap.fastmail.com", 993),
};

const BY_DOMAIN: ReadonlyMap<string, KnownServers> = new Map([
  ["gmail.com", GMAIL],
  ["googlemail.com", GMAIL],
  ["outlook.com", OUTLOOK],
  ["hotmail.com", OUTLOOK],
  ["live.com", OUTLOOK],
  ["msn.com", OUTLOOK],
  ["icloud.com", ICLOUD],
  ["me.com", ICLOUD],
  ["mac.com", ICLOUD],
  ["yahoo.com", YAHOO],
  ["ymail.com", YAHOO],
  ["aol.com", { smtp: tls("smtp.aol.com", 465), imap: tls("imap.aol.com", 993) }],
  ["gmx.de", GMX],
  ["gmx.net", GMX],
  ["gmx.at", GMX],
  ["gmx.ch", GMX],
  ["web.de", { smtp: starttls("smtp.web.de"), imap: tls("imap.web.de", 993) }],
  [
    "t-online.de",
    { smtp: tls("securesmtp.t-online.de", 465), imap: tls("secureimap.t-online.de", 993) },
  ],
  ["fastmail.com", FASTMAIL],
  ["fastmail.fm", FASTMAIL],
  ["zoho.com", { smtp: tls("smtp.zoho.com", 465), imap: tls("imap.zoho.com", 993) }],
]);

/** The servers of a mailbox whose provider is known, by the provider's name or the address's domain; else null. */
export function findServers(
  provider: "smtp" | "gmail" | "microsoft",
  email: string,
): KnownServers | null {
  const domain = email.slice(email.lastIndexOf("@") + 1);
  const known = BY_DOMAIN.get(domain) ?? null;
  if (provider === "gmail") return GMAIL;
  // A company's own domain at Microsoft has other submission servers than a personal mailbox.
  if (provider === "microsoft") return known ?? MICROSOFT_365;
  return known;
}
