// When TLS is a must and whom it trusts: a password never travels in clear text beyond this machine (M4),
// and every certificate is verified (M5).

import { isIP } from "node:net";
import type { ConnectionOptions, SecureContext } from "node:tls";

import type { MailServer } from "../core/mail-port.ts";

/** May this server be used at all? `security: "none"` only towards loopback. */
export function isCleartextForbidden(server: MailServer): boolean {
  return server.security === "none" && !isLoopback(server.host);
}

/** 127.0.0.0/8 (RFC 1122 3.2.1.3), ::1 (RFC 4291 2.5.3) and `localhost` (RFC 6761 6.3). */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (isIP(name) === 4) return name.startsWith("127.");
  if (isIP(name) === 6) return new URL(`http://[${name}]/`).hostname === "[::1]";
  return name === "localhost";
}

/** TLS options for a server: the system's roots, its own authority beside them, the name to verify. */
export function tlsOptions(server: MailServer): ConnectionOptions {
  return {
    // An address has no SNI (RFC 6066 3). The empty name leaves it out and still verifies the address;
    // left undefined, imapflow fills in `false`, and Bun throws on that.
    servername: isIP(server.host) === 0 ? server.host : "",
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    ...(server.ca === null ? {} : { secureContext: contextOf(server.ca) }),
  };
}

const contexts = new Map<string, SecureContext>();
const CONTEXTS_MOST = 16;

/** One for all connections with this authority: a context of its own costs each of them 25 KB for as long as it lives. */
function contextOf(ca: string): SecureContext {
  const known = contexts.get(ca);
  if (known) return known;
  const { createSecureContext } = process.getBuiltinModule("node:tls");
  const made = createSecureContext({ ca: [...systemRoots(), ca], minVersion: "TLSv1.2" });
  if (contexts.size >= CONTEXTS_MOST) contexts.clear();
  contexts.set(ca, made);
  return made;
}

/** Read at the first use: they cost more of the start than all of the rest here. */
function systemRoots(): readonly string[] {
  return process.getBuiltinModule("node:tls").rootCertificates;
}
