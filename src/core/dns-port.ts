// What finding a mailbox's servers asks of DNS. Whatever goes wrong there is an empty answer: then the caller names
// the servers, so nothing depends on it.

/** One service of a domain (RFC 2782). The host is in lower case, without the dot at its end. */
export interface ServiceRecord {
  host: string;
  port: number;
  priority: number;
  weight: number;
}

export interface DnsPort {
  /** The hosts that take the domain's mail (MX), best first. */
  mailHosts(domain: string): Promise<string[]>;
  /** The hosts of `_imaps._tcp.example.com` and the like (SRV), best first; "not offered" (`.`) is left out. */
  services(name: string): Promise<ServiceRecord[]>;
}
