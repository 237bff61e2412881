// Mail servers that ask an OAuth provider about the token of a login. The real port is held against real servers in
// test/mail.
import type { MailAccount, MailPort } from "../../src/core/mail-port.ts";
import type { OAuthWorld } from "./oauth-provider.ts";

/** A sign-in sends and reads nothing. */
export const noMail = (): never => {
  throw new Error("a sign-in sends and reads nothing");
};

/** Mail servers that take a token when the provider says that it is this mailbox's. */
export function mailThatTakesTokens(world: OAuthWorld): MailPort & { logins: string[] } {
  const logins: string[] = [];
  const check = async ({ smtp }: MailAccount) => {
    const token = (await smtp.tokens?.get()) ?? "";
    logins.push(token);
    if ((await world.lookUp(token))?.user === smtp.username) return { outcome: "ok" } as const;
    const response = "535 5.7.8 Username and Password not accepted";
    return { outcome: "failed", server: "smtp", fault: "auth", response } as const;
  };
  return { logins, send: noMail, openMailbox: noMail, check };
}
