// Reads an inbox's two servers: hosts, ports and logins that were left out are found, every issue is told.
// Invariant: a password never travels in clear text beyond this machine (reliability.md M4).
import { isControlFree, parseDomain } from "../../core/address.ts";
import type { FaultDetail } from "../../core/faults.ts";
import { issue } from "../../core/issues.ts";
import type { MailServer, Security } from "../../core/mail-port.ts";
import { findServers, type KnownServer } from "./known-hosts.ts";
import type { InboxDraft, ServerDraft } from "./schema.ts";

type Part = "smtp" | "imap";

interface Servers {
  smtp: MailServer;
  imap: MailServer;
}

/** The usual ports (RFC 8314 7.3): which security each of them speaks. */
const PORTS: Record<Part, Record<Security, number>> = {
  smtp: { tls: 465, starttls: 587, none: 25 },
  imap: { tls: 993, starttls: 143, none: 143 },
};
const USUAL: Record<Part, Security> = { smtp: "starttls", imap: "tls" };

/** Both servers with their logins, or what is missing. `email` as parseAddress gives it. */
export function readServers(
  draft: InboxDraft,
  provider: "smtp" | "gmail" | "microsoft",
  email: string,
): { servers: Servers; issues: FaultDetail[] } {
  const known = findServers(provider, email);
  const issues: FaultDetail[] = [];
  const smtp = readServer(
    "smtp",
    draft.smtp ?? {},
    { known: known?.smtp ?? null, email, other: null },
    issues,
  );
  const imap = readServer(
    "imap",
    draft.imap ?? {},
    { known: known?.imap ?? null, email, other: smtp },
    issues,
  );
  return { servers: { smtp, imap }, issues };
}

interface Around {
  known: KnownServer | null;
  email: string;
  /** The server whose login is shared when this one names none. */
  other: MailServer | null;
}

function readServer(
  part: Part,
  draft: ServerDraft,
  around: Around,
  issues: FaultDetail[],
): MailServer {
  const place = readPlace(part, draft, around, issues);
  const username = draft.username ?? around.other?.username ?? around.email;
  const shared = around.other?.username === username ? around.other.password : null;
  const password = draft.password ?? shared ?? "";
  for (const [name, text] of [
    ["username", username],
    ["password", password],
  ] as const) {
    if (!isControlFree(text))
      issues.push(
        issue(`${part}.${name}`, "must not hold line breaks or other control characters"),
      );
  }
  // Where the other server's login is shared and missing, that has been told once.
  if (password === "" && shared === null) {
    issues.push(
      issue(`${part}.password`, "is required: big providers give out app passwords for this"),
    );
  }
  const ca = draft.ca ?? null;
  if (ca !== null && !/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(ca)) {
    issues.push(issue(`${part}.ca`, "must be one or more certificates in PEM"));
  }
  return { ...place, username, password, ca };
}

function readPlace(
  part: Part,
  draft: ServerDraft,
  { known, email }: Around,
  issues: FaultDetail[],
): KnownServer {
  // A host of one's own has nothing to do with the known server's port.
  const found = draft.host === undefined ? known : null;
  const host = readHost(draft.host ?? found?.host ?? "");
  const security =
    draft.security ??
    (draft.port === undefined ? (found?.security ?? USUAL[part]) : securityOf(part, draft.port));
  const port =
    draft.port ??
    (found && found.security === security ? found.port : PORTS[part][security ?? "tls"]);
  if (draft.host === undefined && found === null) {
    const owner = email === "" ? "this address" : email.slice(email.lastIndexOf("@") + 1);
    issues.push(
      issue(
        `${part}.host`,
        `is required: the ${part.toUpperCase()} server of ${owner} is not known here`,
      ),
    );
  } else if (host === null) {
    issues.push(
      issue(`${part}.host`, "must be a host name or an IP address, without port and scheme"),
    );
  }
  if (security === null) {
    issues.push(issue(`${part}.security`, `is required for port ${port}: tls, starttls or none`));
  } else if (security === "none" && host !== null && !isLoopback(host)) {
    const message = `${part}.security must be tls or starttls for ${host}: none is for servers on this machine only`;
    issues.push({ field: `${part}.security`, message });
  }
  return { host: host ?? "", port, security: security ?? "tls" };
}

function securityOf(part: Part, port: number): Security | null {
  const usual: Record<number, Security> =
    part === "smtp"
      ? { 25: "starttls", 465: "tls", 587: "starttls" }
      : { 143: "starttls", 993: "tls" };
  return usual[port] ?? null;
}

/** A name in lower-case ASCII, an IPv4 or an IPv6 address; null for anything else. */
function readHost(text: string): string | null {
  if (/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text))
    return URL.canParse(`http://[${text}]/`) ? text.toLowerCase() : null;
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text))
    return text.split(".").every((part) => Number(part) < 256) ? text : null;
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(text)) return text.toLowerCase();
  return parseDomain(text);
}

/** 127.0.0.0/8 (RFC 1122 3.2.1.3), ::1 (RFC 4291 2.5.3) and `localhost` (RFC 6761 6.3), as readHost gives them. */
function isLoopback(host: string): boolean {
  if (host.includes(":")) return URL.parse(`http://[${host}]/`)?.hostname === "[::1]";
  return host === "localhost" || /^127(\.\d{1,3}){3}$/.test(host);
}
