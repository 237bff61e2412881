// Servers of the providers that have most mailboxes, by the address's domain, or by the hosts that take the mail of a
// company's own domain (MX): what everybody would look up.

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
const pair = (smtp: string, imap: string): KnownServers => ({
  smtp: tls(smtp, 465),
  imap: tls(imap, 993),
});
const FASTMAIL = pair("smtp.fastmail.com", "imap.fastmail.com");

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

/** By the end of the MX host's name. */
const BY_MAIL_HOST: readonly [string, KnownServers][] = [
  ["google.com", GMAIL],
  ["googlemail.com", GMAIL],
  ["outlook.com", MICROSOFT_365],
  // Microsoft's newer names, with DNSSEC.
  ["mx.microsoft", MICROSOFT_365],
  ["icloud.com", ICLOUD],
  ["messagingengine.com", FASTMAIL],
  ["zoho.com", pair("smtppro.zoho.com", "imappro.zoho.com")],
  ["zoho.eu", pair("smtppro.zoho.eu", "imappro.zoho.eu")],
  ["zoho.in", pair("smtppro.zoho.in", "imappro.zoho.in")],
  ["kundenserver.de", pair("smtp.ionos.de", "imap.ionos.de")],
  ["ionos.de", pair("smtp.ionos.de", "imap.ionos.de")],
  ["ionos.com", pair("smtp.ionos.com", "imap.ionos.com")],
  ["ionos.co.uk", pair("smtp.ionos.co.uk", "imap.ionos.co.uk")],
  ["rzone.de", pair("smtp.strato.de", "imap.strato.de")],
  ["secureserver.net", pair("smtpout.secureserver.net", "imap.secureserver.net")],
  ["ovh.net", pair("ssl0.ovh.net", "ssl0.ovh.net")],
  ["gandi.net", pair("mail.gandi.net", "mail.gandi.net")],
  ["infomaniak.ch", pair("mail.infomaniak.com", "mail.infomaniak.com")],
  ["hostinger.com", pair("smtp.hostinger.com", "imap.hostinger.com")],
  ["titan.email", pair("smtp.titan.email", "imap.titan.email")],
  ["privateemail.com", pair("mail.privateemail.com", "mail.privateemail.com")],
  ["migadu.com", pair("smtp.migadu.com", "imap.migadu.com")],
  ["purelymail.com", pair("smtp.purelymail.com", "imap.purelymail.com")],
  ["mailbox.org", pair("smtp.mailbox.org", "imap.mailbox.org")],
  ["posteo.de", pair("posteo.de", "posteo.de")],
  ["yandex.net", pair("smtp.yandex.com", "imap.yandex.com")],
];

/** The servers of a mailbox whose provider is known, by the provider's name or the address's domain; else null. */
export function findKnownServers(
  provider: "smtp" | "gmail" | "microsoft",
  domain: string,
): KnownServers | null {
  const known = BY_DOMAIN.get(domain) ?? null;
  if (provider === "gmail") return GMAIL;
  // A company's own domain at Microsoft has other submission servers than a personal mailbox.
  if (provider === "microsoft") return known ?? MICROSOFT_365;
  return known;
}

/** The servers of the provider that takes a domain's mail, by the name of an MX host; else null. */
export function findServersBehind(mail_host: string): KnownServers | null {
  const found = BY_MAIL_HOST.find(([name]) => mail_host === name || mail_host.endsWith(`.${name}`));
  return found?.[1] ?? null;
}
