// Reads an inbox's two servers: hosts, ports and logins that were left out are found, every issue is told.
// Invariant: a password never travels in clear text beyond this machine (reliability.md M4).
import { domainOf, isControlFree, parseDomain } from "../../core/address.ts";
import type { FaultDetail } from "../../core/faults.ts";
import { issue } from "../../core/issues.ts";
import type { MailServer, Security } from "../../core/mail-port.ts";
import { type FoundServers } from "./find-servers.ts";
import type { KnownServer } from "./known-hosts.ts";
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

type Loose<T> = { [K in keyof T]: T[K] | undefined };
type LooseDraft = Loose<ServerDraft>;

/** Both servers with their logins, or what is missing. `email` as parseAddress gives it. */
export function readServers(
  draft: InboxDraft,
  found: FoundServers,
  email: string,
): { servers: Servers; issues: FaultDetail[] } {
  const issues: FaultDetail[] = [];
  const smtp_around = { known: found.smtp, tried: found.tried.smtp, email, other: null };
  const smtp = readServer("smtp", draft.smtp ?? {}, smtp_around, issues);
  const imap_around = { known: found.imap, tried: found.tried.imap, email, other: smtp };
  const imap = readServer("imap", draft.imap ?? {}, imap_around, issues);
  return { servers: { smtp, imap }, issues };
}

/** What a change names of the two servers. */
export type ServersChange = Pick<InboxDraft, "smtp" | "imap">;

/**
 * The servers after a change: what it leaves out stays. A stored password stays only for the host, the user name and
 * the authority that it was given for: else whoever may change an inbox could have its password sent to a host of
 * theirs. A password that is not there is "".
 */
export function changeServers(
  change: ServersChange,
  stored: Servers,
): { servers: Servers; issues: FaultDetail[] } {
  const issues: FaultDetail[] = [];
  const around = { known: null, tried: [], email: "", other: null };
  const smtp = change.smtp
    ? readServer("smtp", mergeServer("smtp", change.smtp, stored.smtp), around, issues)
    : stored.smtp;
  const has_new_password = change.smtp?.password !== undefined;
  if (!change.imap) {
    const shares =
      stored.imap.username === stored.smtp.username &&
      (stored.imap.password === stored.smtp.password || stored.imap.password === "");
    // One app password for both is the rule; a new one is for both as well.
    const password = has_new_password && shares ? smtp.password : stored.imap.password;
    return { servers: { smtp, imap: { ...stored.imap, password } }, issues };
  }
  const imap = readServer(
    "imap",
    mergeServer("imap", change.imap, stored.imap),
    { ...around, other: has_new_password ? smtp : null },
    issues,
  );
  return { servers: { smtp, imap }, issues };
}

function mergeServer(part: Part, change: ServerDraft, stored: MailServer): LooseDraft {
  const port_moves = change.port !== undefined && change.port !== stored.port;
  const security_moves = change.security !== undefined && change.security !== stored.security;
  const host = change.host ?? stored.host;
  const username = change.username ?? stored.username;
  const ca = change.ca === undefined ? stored.ca : change.ca;
  const stays = host === stored.host && username === stored.username && ca === stored.ca;
  return {
    host,
    port: change.port ?? (security_moves ? PORTS[part][change.security ?? "tls"] : stored.port),
    security: change.security ?? (port_moves ? undefined : stored.security),
    username,
    ca,
    password: change.password ?? (stays && stored.password !== "" ? stored.password : undefined),
  };
}

interface Around {
  known: KnownServer | null;
  /** What was looked for without success. */
  tried: readonly string[];
  email: string;
  /** The server whose login is shared when this one names none. */
  other: MailServer | null;
}

function readServer(
  part: Part,
  draft: LooseDraft,
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
      issue(
        `${part}.password`,
        "is required, also where host, user name or ca change; big providers give out app passwords for this",
      ),
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
  draft: LooseDraft,
  { known, tried, email }: Around,
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
    const owner = email === "" ? "this address" : domainOf(email);
    issues.push(
      issue(
        `${part}.host`,
        `is required: the ${part.toUpperCase()} server of ${owner} is not known here${tried.length > 0 ? ` (${tried.join("; ")})` : ""}`,
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
