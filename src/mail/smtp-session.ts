// Opens a logged-in SMTP session: nodemailer connects, starts TLS and logs in, the mails go over our own channel.
// A deadline on every wait; what cannot be used is told as Trouble; no password leaves before TLS stands (M4).

import type SMTPConnection from "nodemailer/lib/smtp-connection";

import { type MailServer, TokenError } from "../core/mail-port.ts";
import { Late, within } from "./deadline.ts";
import { type SmtpStep, smtpTrouble, type Trouble } from "./login-faults.ts";
import { placeOf } from "./server-words.ts";
import { SmtpChannel } from "./smtp-channel.ts";
import { isCleartextForbidden, tlsOptions } from "./tls-rules.ts";
import { logInWith, sayXoauth2 } from "./token-login.ts";

/** How long each answer may take, in ms. */
export interface SmtpWaits {
  connect: number;
  greeting: number;
  tls: number;
  auth: number;
  command: number;
  /** Between two pieces of the body that the connection takes. */
  progress: number;
  /** For the commit point's word. */
  held: number;
  /** After the final dot: 10 minutes (RFC 5321 4.5.3.2.6). */
  answer: number;
  quit: number;
  /** For the next mail of the inbox, where one follows soon. */
  keep: number;
}

export const SMTP_WAITS: SmtpWaits = {
  connect: 15_000,
  greeting: 15_000,
  tls: 15_000,
  auth: 30_000,
  command: 60_000,
  progress: 120_000,
  held: 60_000,
  answer: 600_000,
  quit: 2_000,
  keep: 5_000,
};

export interface SmtpLimits {
  waits: SmtpWaits;
  signal: AbortSignal;
}

export type SmtpSession = { channel: SmtpChannel } | { trouble: Trouble };

// A greeting or an EHLO answer is a few hundred bytes; without a cap a flood is read up to 1 MB.
const LONGEST_REPLY = 64 * 1024;

/** Connects, starts TLS and logs in. The caller ends the channel with `quit` or `close`. */
export async function openSession(server: MailServer, limits: SmtpLimits): Promise<SmtpSession> {
  try {
    return await logInWith(
      server,
      (login) => openOnce(login, limits),
      (session) => "trouble" in session && session.trouble.fault === "auth",
    );
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return { trouble: { fault: error.fault, response: error.message } };
  }
}

async function openOnce(server: MailServer, limits: SmtpLimits): Promise<SmtpSession> {
  if (isCleartextForbidden(server)) return { trouble: cleartextTrouble(server) };
  if (limits.signal.aborted) {
    return { trouble: smtpTrouble(new Late("stopped before it began", true), "connect", server) };
  }
  const connection = await newConnection(server, limits.waits);
  let step: SmtpStep = "connect";
  try {
    await connected(connection, limits);
    const hello = String(connection.lastServerResponse);
    step = "login";
    await loggedIn(connection, server, limits);
    return { channel: new SmtpChannel(connection, hello) };
  } catch (error) {
    connection.close();
    return { trouble: smtpTrouble(error, step, server) };
  }
}

/** Why `security: "none"` is refused: the words for both SMTP and IMAP. */
export function cleartextTrouble(server: MailServer): Trouble {
  const response = `a password is not sent in clear text to ${placeOf(server)}: use tls or starttls`;
  return { fault: "no_starttls", response };
}

async function newConnection(server: MailServer, waits: SmtpWaits): Promise<SMTPConnection> {
  // Loaded at the first mail: start-up stays fast.
  const { default: Connection } = await import("nodemailer/lib/smtp-connection");
  const connection = new Connection({
    host: server.host,
    port: server.port,
    secure: server.security === "tls",
    requireTLS: server.security === "starttls",
    ignoreTLS: server.security === "none",
    tls: tlsOptions(server),
    // EHLO's name: the machine's own name is nobody's business (RFC 5321 4.1.3 allows a literal).
    name: "[127.0.0.1]",
    logger: false,
    connectionTimeout: waits.connect + waits.greeting + waits.tls,
    dnsTimeout: waits.connect,
    greetingTimeout: waits.greeting,
    // Our own timers rule; this one must not fire before the answer to the dot is due.
    socketTimeout: 2 * waits.answer,
    socketCloseTimeout: 0,
    maxResponseSize: LONGEST_REPLY,
    ...(server.tokens ? { customAuth: { TOKEN: sayXoauth2 } } : {}),
  });
  // Errors that come between two steps end the process if nobody listens (trap I4's sibling).
  connection.on("error", () => undefined);
  return connection;
}

async function connected(connection: SMTPConnection, limits: SmtpLimits): Promise<void> {
  const { waits, signal } = limits;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const unreachable = setTimeout(() => {
    if (connection.stage === "init") reject(new Late("no connection", false));
  }, waits.connect);
  connection.once("error", reject);
  connection.once("end", () => reject(new Error("the connection was closed")));
  connection.connect((error) => (error === undefined ? resolve() : reject(error)));
  // EHLO, STARTTLS, EHLO again: a server that drips its lines resets no timer of ours.
  const ms = waits.connect + waits.greeting + waits.tls + waits.command;
  try {
    await within(promise, { ms, signal, what: "the greeting and TLS" });
  } finally {
    clearTimeout(unreachable);
    connection.removeListener("error", reject);
  }
}

async function loggedIn(
  connection: SMTPConnection,
  server: MailServer,
  limits: SmtpLimits,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Belt and braces for M4: nodemailer would log in over what it has.
  if (!connection.secure && server.security !== "none") throw new Error("TLS was not started");
  connection.once("error", reject);
  connection.once("end", () => reject(new Error("the connection was closed")));
  const login = { user: server.username, pass: server.password };
  // A name of our own: nodemailer takes "XOAUTH2" for PLAIN where it does not hold the token's source itself.
  const how = server.tokens ? { ...login, method: "TOKEN" } : login;
  connection.login(how, (error) => (error === null ? resolve() : reject(error)));
  try {
    await within(promise, { ms: limits.waits.auth, signal: limits.signal, what: "the login" });
  } finally {
    connection.removeListener("error", reject);
  }
}
