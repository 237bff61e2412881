// Mail servers that ask an OAuth provider about the token of a login. The real port is held against real servers in
// test/mail.
import type { Log } from "../../src/core/log.ts";
import type { MailAccount, MailPort } from "../../src/core/mail-port.ts";
import { openOAuthPort } from "../../src/mail/oauth.ts";
import { accountOf, withTokens } from "../../src/resources/inboxes/actions.ts";
import { findInboxByEmail } from "../../src/resources/inboxes/store.ts";
import type { TestHouse } from "./house.ts";
import { CLIENT, type OAuthWorld } from "./oauth-provider.ts";

/** A sign-in sends and reads nothing. */
const noMail = (): never => {
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

const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The house's tokens of the mailbox, as a mail port gets them. */
export function tokensOfHouse(
  house: TestHouse,
  { world, email, log = SILENT }: { world: OAuthWorld; email: string; log?: Log | undefined },
) {
  const client = { ...CLIENT, tenant: null };
  const clients = { gmail: client, microsoft: client };
  const port = openOAuthPort({ clients, providers: world.facts, answer_within_s: 1 });
  const { ledger } = house;
  const seen: MailAccount[] = [];
  const watched: MailPort = {
    send: noMail,
    openMailbox: noMail,
    check(account) {
      seen.push(account);
      return Promise.resolve({ outcome: "ok" });
    },
  };
  const mail = withTokens(watched, { ledger, port, log });
  const inbox = findInboxByEmail(ledger, email);
  const account = inbox && accountOf(ledger, inbox);
  if (!account) throw new Error("there is no inbox");
  return async (refused?: string): Promise<string> => {
    await mail.check(account, new AbortController().signal);
    const tokens = seen.at(-1)?.smtp.tokens;
    if (!tokens) throw new Error("no tokens came with the account");
    return tokens.get(refused);
  };
}
