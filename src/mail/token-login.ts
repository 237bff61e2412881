// Logs into a server with an access token in place of a password. A token that the server refuses is renewed once:
// servers forget tokens early, and only a second refusal says something about the account.

import type { SMTPConnectionCustomAuthHandler } from "nodemailer/lib/smtp-connection";

import type { MailServer } from "../core/mail-port.ts";
import { xoauth2 } from "./server-words.ts";

/**
 * Attempts a login with what the server takes: its password, or a token in its place. Throws TokenError where no token
 * can be had.
 */
export async function logInWith<T>(
  server: MailServer,
  attempt: (login: MailServer) => Promise<T>,
  isRefused: (end: T) => boolean,
): Promise<T> {
  const { tokens } = server;
  if (!tokens) return attempt(server);
  const token = await tokens.get();
  const end = await attempt({ ...server, password: token });
  if (!isRefused(end)) return end;
  const renewed = await tokens.get(token);
  return renewed === token ? end : attempt({ ...server, password: renewed });
}

/**
 * AUTH XOAUTH2 with the token that stands as the password. Ours, because nodemailer's own asks for new tokens by itself.
 * A 334 holds the server's complaint and wants an empty line before the refusal comes.
 */
export const sayXoauth2: SMTPConnectionCustomAuthHandler = async (login) => {
  const { user, pass } = login.auth.credentials;
  const first = await login.sendCommand(`AUTH XOAUTH2 ${xoauth2(user, pass)}`);
  const last = first.status === 334 ? await login.sendCommand("") : first;
  if (last.status !== 235) throw new Error("the token was refused");
};
