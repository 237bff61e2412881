// When TLS is a must and whom it trusts: a password never travels in clear text beyond this machine (M4),
// and every certificate is verified (M5).

import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";

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
    ...(server.ca === null ? {} : { ca: [...systemRoots(), server.ca] }),
  };
}

/** Read at the first use: they cost more of the start than all of the rest here. */
function systemRoots(): readonly string[] {
  return process.getBuiltinModule("node:tls").rootCertificates;
}
