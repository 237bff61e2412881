// The logins of an inbox: tried at both servers before they are kept, kept sealed, and never shown.

import { AppError, type FaultCode } from "../../core/faults.ts";
import type {
  CheckOutcome,
  LoginFault,
  MailAccount,
  MailPort,
  MailServer,
} from "../../core/mail-port.ts";
import type { SealedPlace } from "../../core/sealing.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { StoredServer } from "./store.ts";

/** The longest that two logins may take before the request is answered. */
const CHECK_TIMEOUT_MS = 60_000;

/** Logs into both servers of the account, or throws the fault that says which one failed and why. */
export async function tryLogins(
  mail: MailPort,
  account: MailAccount,
  signal: AbortSignal,
): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
  refuseFailed(await mail.check(account, deadline), account);
}

/** Which field is to be looked at, and which code says what is wrong. */
const FAILURES: Record<
  LoginFault,
  { code: FaultCode | "auth_failed" | "unreachable"; field: string }
> = {
  auth: { code: "auth_failed", field: "password" },
  token: { code: "auth_failed", field: "password" },
  connect: { code: "unreachable", field: "host" },
  timeout: { code: "unreachable", field: "host" },
  greeting: { code: "unreachable", field: "host" },
  limit: { code: "unreachable", field: "host" },
  protocol: { code: "unreachable", field: "host" },
  tls_untrusted: { code: "tls_untrusted", field: "host" },
  tls_mismatch: { code: "tls_mismatch", field: "security" },
  no_starttls: { code: "tls_mismatch", field: "security" },
};

const SENTENCES: Record<LoginFault, string> = {
  auth: "refused the login",
  token: "takes no token that is out of date",
  connect: "cannot be reached",
  timeout: "did not answer in time",
  greeting: "does not greet like a mail server",
  limit: "takes no login at the moment",
  protocol: "does not speak as expected",
  tls_untrusted: "has a certificate that is not trusted",
  tls_mismatch: "does not speak TLS in the way that was asked for",
  no_starttls: "does not offer STARTTLS",
};

function refuseFailed(
  outcome: CheckOutcome,
  servers: { smtp: MailServer; imap: MailServer },
): void {
  if (outcome.outcome === "ok") return;
  const { server, fault, response } = outcome;
  const failure = FAILURES[fault];
  const code: FaultCode =
    failure.code === "auth_failed" || failure.code === "unreachable"
      ? `${server}_${failure.code}`
      : failure.code;
  const { host, port } = servers[server];
  const field = `${server}.${failure.field}`;
  const message = `The ${server.toUpperCase()} server ${host}:${port} ${SENTENCES[fault]}: ${response}`;
  throw new AppError(code, message, { field, details: [{ field, message, code }] });
}

/** A password as it is kept. Throws `unavailable` without the master key. */
export function sealLogin(ledger: Ledger, place: SealedPlace, password: string): Uint8Array {
  try {
    return ledger.vault.seal(place, password);
  } catch {
    const message =
      "The master key is missing, so no login can be kept. Put secret.key back into the data directory and start again.";
    throw new AppError("unavailable", message);
  }
}

/** What may be shown and stored in clear. */
export function withoutPassword({
  host,
  port,
  security,
  username,
  ca,
}: StoredServer): StoredServer {
  return { host, port, security, username, ca };
}
