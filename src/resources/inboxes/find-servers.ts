// Finds the servers of a mailbox from its address: the providers that are known here, the provider behind the domain's
// MX, then what the domain itself publishes (RFC 6186, RFC 8314 5.1).
// Invariant: a password only goes to a host that its owner named, that is known here, or that is of the owner's own
// domain: DNS answers can be forged, and a forger's host has a good certificate for its own name (RFC 6186 6).

import { domainOf, isSameOwner } from "../../core/address.ts";
import type { DnsPort } from "../../core/dns-port.ts";
import type { Security } from "../../core/mail-port.ts";
import { findKnownServers, findServersBehind, type KnownServer } from "./known-hosts.ts";

export interface FoundServers {
  smtp: KnownServer | null;
  imap: KnownServer | null;
  /** What was looked for without success, for the message: "no MX host of a provider that is known here". */
  tried: { smtp: string[]; imap: string[] };
}

/** What is known without asking anybody. */
export function nothingFound(): FoundServers {
  return { smtp: null, imap: null, tried: { smtp: [], imap: [] } };
}

interface Asked {
  names: DnsPort;
  provider: "smtp" | "gmail" | "microsoft";
  /** As parseAddress gives it. */
  email: string;
}

/** The servers of a mailbox, as far as they can be found. Never rejects. */
export async function findServers({ names, provider, email }: Asked): Promise<FoundServers> {
  const domain = domainOf(email);
  const known = findKnownServers(provider, domain);
  if (known) return { ...known, tried: { smtp: [], imap: [] } };
  const [mail_hosts, smtp, imap] = await Promise.all([
    names.mailHosts(domain),
    findPublished(names, domain, SMTP_SERVICES),
    findPublished(names, domain, IMAP_SERVICES),
  ]);
  for (const host of mail_hosts) {
    const behind = findServersBehind(host);
    if (behind) return { ...behind, tried: { smtp: [], imap: [] } };
  }
  const [first] = mail_hosts;
  const behind =
    first === undefined
      ? `${domain} has no MX record`
      : `its MX ${first} is of no provider that is known here`;
  return {
    smtp: smtp.server,
    imap: imap.server,
    tried: { smtp: [behind, smtp.tried], imap: [behind, imap.tried] },
  };
}

type Service = [name: string, security: Security];

/** TLS from the first byte goes before STARTTLS (RFC 8314 3). */
const SMTP_SERVICES: readonly Service[] = [
  ["_submissions._tcp", "tls"],
  ["_submission._tcp", "starttls"],
];
const IMAP_SERVICES: readonly Service[] = [
  ["_imaps._tcp", "tls"],
  ["_imap._tcp", "starttls"],
];

interface Published {
  server: KnownServer | null;
  tried: string;
}

async function findPublished(
  names: DnsPort,
  domain: string,
  services: readonly Service[],
): Promise<Published> {
  const answers = await Promise.all(services.map(([name]) => names.services(`${name}.${domain}`)));
  const offers = services.flatMap(([, security], i) =>
    (answers[i] ?? []).map(({ host, port }): KnownServer => ({ host, port, security })),
  );
  const offer = offers.find(({ host }) => isTrusted(host, domain));
  if (offer) return { server: offer, tried: "" };
  const [foreign] = offers;
  const asked = services.map(([name]) => name).join(" and ");
  const tried = foreign
    ? `DNS names ${foreign.host}:${foreign.port}, which is not of ${domain}: name it yourself if it is yours`
    : `no SRV record ${asked}`;
  return { server: null, tried };
}

const isTrusted = (host: string, domain: string) =>
  host === domain || host.endsWith(`.${domain}`) || isSameOwner(host, domain);
