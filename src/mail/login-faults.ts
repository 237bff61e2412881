// Which LoginFault an error of nodemailer, imapflow, TLS or the socket stands for. Reply codes come first,
// then error codes; texts only where nothing else tells (mail.md 9, S5-S8, I10, I18).

import type { LoginFault, MailServer } from "../core/mail-port.ts";
import { Late } from "./deadline.ts";
import { placeOf, serverWords, withoutSecrets } from "./server-words.ts";

export interface Trouble {
  fault: LoginFault;
  /** The server's own words, or ours with host and port where it said nothing. */
  response: string;
}

export type SmtpStep = "connect" | "login" | "mail";

const TIMEOUTS = new Set([
  "ETIMEDOUT",
  "ETIMEOUT",
  "CONNECT_TIMEOUT",
  "GREETING_TIMEOUT",
  "UPGRADE_TIMEOUT",
]);

// The names of OpenSSL's X509_V_ERR_*; ERR_TLS_CERT_ALTNAME_INVALID is a name that is not in the certificate.
const UNTRUSTED =
  /^(UNABLE_TO_|CERT_|CRL_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;

// Servers that send no response code with a temporary refusal (Gmail answers [ALERT] Too many ...).
const TEMPORARY = /too many|temporar|unavailable|try again|in use/i;

/** One property of a caught error, whatever was thrown. */
export function trait(error: unknown, name: string): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
}

/** The same, where it is text; else the empty text. */
export function textTrait(error: unknown, name: string): string {
  const value = trait(error, name);
  return typeof value === "string" ? value : "";
}

/** The SMTP reply code that an error carries, or null. */
export function replyCode(error: unknown): number | null {
  const code = trait(error, "responseCode");
  return typeof code === "number" && code >= 200 && code <= 599 ? code : null;
}

/** What a failed SMTP session means, before its dot. */
export function smtpTrouble(error: unknown, step: SmtpStep, server: MailServer): Trouble {
  const reply = trait(error, "response");
  const code = replyCode(error);
  const response = typeof reply === "string" ? words(reply, server) : ownWords(error, server);
  if (code !== null && step !== "mail") return { fault: replyFault(error, code, step), response };
  const isGreeting = step === "connect" && trait(error, "command") === "CONN";
  if (isGreeting && typeof reply === "string") return { fault: "greeting", response };
  return { fault: connectionFault(error) ?? (step === "login" ? "auth" : "protocol"), response };
}

function replyFault(error: unknown, code: number, step: SmtpStep): LoginFault {
  const command = trait(error, "command");
  if (command === "STARTTLS") return "no_starttls";
  if (code === 421) return "limit";
  if (step === "connect") return command === "CONN" ? "greeting" : "protocol";
  // RFC 4954 6, RFC 3207 4: 538 and 530 5.7.0 want TLS first; 500-503 do not know AUTH at all.
  if (code === 538 || /^530.*starttls/i.test(textTrait(error, "response"))) return "no_starttls";
  if (code >= 500 && code <= 503) return "protocol";
  // 432 is a password that must be changed (RFC 4954 6); other 4xx, as 454, pass by themselves.
  return code < 500 && code !== 432 ? "limit" : "auth";
}

/** What a failed IMAP connection, login or command means. */
export function imapTrouble(error: unknown, server: MailServer): Trouble {
  const said = [trait(error, "responseText"), trait(error, "response"), trait(error, "reason")];
  const reply = said.find((text): text is string => typeof text === "string" && text !== "");
  const response = reply === undefined ? ownWords(error, server) : words(reply, server);
  return { fault: imapFault(error, reply ?? ""), response };
}

function imapFault(error: unknown, reply: string): LoginFault {
  // imapflow sets authenticationFailed for every refused login, a full server included (I10).
  const code = textTrait(error, "serverResponseCode").toUpperCase();
  if (["LIMIT", "UNAVAILABLE", "INUSE"].includes(code)) return "limit";
  if (code === "PRIVACYREQUIRED") return "no_starttls";
  if (trait(error, "authenticationFailed") === true) {
    const known = ["AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "CONTACTADMIN"];
    return !known.includes(code) && TEMPORARY.test(reply) ? "limit" : "auth";
  }
  const fault = connectionFault(error);
  if (fault !== null) return fault;
  if (trait(error, "tlsFailed") === true) return "no_starttls";
  const closed = textTrait(error, "code");
  if (closed.startsWith("ClosedAfterConnect")) return TEMPORARY.test(reply) ? "limit" : "greeting";
  return ["NoConnection", "EConnectionClosed", "StateLogout"].includes(closed)
    ? "connect"
    : "protocol";
}

function connectionFault(error: unknown): LoginFault | null {
  if (error instanceof Late) return "timeout";
  // nodemailer hides the socket's own code behind ESOCKET and keeps it as originalCode (S6).
  const codes = [trait(error, "originalCode"), trait(error, "code")].filter(
    (code) => typeof code === "string",
  );
  for (const code of codes) {
    if (TIMEOUTS.has(code)) return "timeout";
    if (UNTRUSTED.test(code)) return "tls_untrusted";
    if (code.startsWith("ERR_SSL_") || code === "EPROTO" || code === "ETLS") return "tls_mismatch";

    if (/^(E(CONN|NET|HOST|ADDR|AI_|DNS|PIPE|NOTFOUND|SOCKET|ACCES|PERM|CANCELLED))/.test(code)) {
      return "connect";
    }
  }
  return null;
}

function words(reply: string, server: MailServer): string {
  return serverWords(withoutSecrets(reply, server));
}

function ownWords(error: unknown, server: MailServer): string {
  const message = error instanceof Error ? error.message : String(error);
  return words(`${message} (${placeOf(server)})`, server);
}
