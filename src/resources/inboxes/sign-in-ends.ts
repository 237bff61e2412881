// The end of a sign-in: is it this mailbox, may mail be sent and read with it, do both servers take its token? Only then
// is it kept, and the inbox is active.

import { domainOf } from "../../core/address.ts";
import type { LoginFault, MailPort, MailServer } from "../../core/mail-port.ts";
import type { Granted, OAuthPort, OAuthProvider } from "../../core/oauth-port.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { PROVIDER_NAMES } from "./clients.ts";
import { findKnownServers } from "./known-hosts.ts";
import { noteLoginWorks } from "./login-works.ts";
import { sealLogin, withoutPassword } from "./logins.ts";
import { saveSignIn } from "./sign-ins.store.ts";
import { findInbox, setOAuth, type StoredServer } from "./store.ts";
import { onlyToken, PLACES } from "./tokens.ts";

const CHECK_TIMEOUT_MS = 60_000;

interface Place {
  ledger: Ledger;
  inbox_id: number;
  provider: OAuthProvider;
}

export type SignInEnd =
  | { outcome: "signed_in"; email: string }
  | { outcome: "wrong_account" | "not_granted" | "refused" | "gone"; title: string; words: string }
  | { outcome: "unreachable"; title: string; words: string };

/** Where the tokens of a provider go: to its own servers and no others. */
export function serversFor(
  port: OAuthPort,
  provider: OAuthProvider,
  email: string,
): { smtp: StoredServer; imap: StoredServer } {
  const servers = port.serversOf(provider) ?? findKnownServers(provider, domainOf(email));
  if (!servers) throw new Error(`the servers of ${provider} are known`);
  const named = { username: email, ca: null };
  return { smtp: { ...named, ...servers.smtp }, imap: { ...named, ...servers.imap } };
}

/** Tries what was granted, and keeps it if it is right. Never throws a fault of the provider or of a mail server. */
export async function completeSignIn(
  house: { port: OAuthPort; mail(ledger: Ledger): MailPort },
  { ledger, inbox_id, provider }: Place,
  granted: Granted,
  signal: AbortSignal,
): Promise<SignInEnd> {
  const inbox = findInbox(ledger, inbox_id);
  if (!inbox) return GONE;
  const { email } = inbox;
  const lack = findLack(provider, email, granted);
  const { refresh_token } = granted;
  if (lack) return lack;
  if (refresh_token === null) return notLasting(provider);
  const { smtp, imap } = serversFor(house.port, provider, email);
  const logIn = (server: StoredServer): MailServer => ({
    ...server,
    password: "",
    tokens: onlyToken(granted.access_token),
  });
  const account = { inbox_id, email, provider, smtp: logIn(smtp), imap: logIn(imap) };
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
  const outcome = await house.mail(ledger).check({ ...account, auth: "oauth" as const }, deadline);
  if (outcome.outcome === "failed") return loginFailed(provider, email, outcome);
  return ledger.write((tx) => {
    if (!findInbox(tx, inbox_id)) return GONE;
    const seal = (column: keyof typeof PLACES, token: string) =>
      sealLogin(ledger, PLACES[column](inbox_id), token);
    setOAuth(tx, inbox_id, {
      smtp: withoutPassword(account.smtp),
      imap: withoutPassword(account.imap),
    });
    saveSignIn(tx, {
      inbox_id,
      refresh_token: seal("refresh_token", refresh_token),
      access_token: seal("access_token", granted.access_token),
      expires_at: tx.now + granted.expires_in_s * 1000,
      ends_at: granted.ends_in_s === null ? null : tx.now + granted.ends_in_s * 1000,
    });
    noteLoginWorks(ledger, tx, inbox_id);
    return { outcome: "signed_in", email } as const;
  });
}

const GONE: SignInEnd = {
  outcome: "gone",
  title: "The inbox is gone",
  words: "The inbox was deleted meanwhile.",
};

function findLack(provider: OAuthProvider, email: string, granted: Granted): SignInEnd | null {
  const name = PROVIDER_NAMES[provider];
  if (granted.email !== null && plain(granted.email) !== plain(email)) {
    const words = `You have signed in to ${name} as ${granted.email}, but this inbox is ${email}. Begin again and choose ${email}.`;
    return { outcome: "wrong_account", title: "That is another account", words };
  }
  if (granted.lacking.length > 0) {
    const words = `${name} has not granted what mail needs: ${granted.lacking.join(", ")}. Begin again and allow everything that is asked for: a box may have to be ticked.`;
    return { outcome: "not_granted", title: "A permission is missing", words };
  }
  return null;
}

function notLasting(provider: OAuthProvider): SignInEnd {
  const name = PROVIDER_NAMES[provider];
  const words = `${name} has given no lasting permission (no refresh token). Begin again; if it stays so, remove imail from the apps of your ${name} account first.`;
  return { outcome: "not_granted", title: "The permission does not last", words };
}

/** Gmail reads no dots, and knows itself by two names. */
function plain(email: string): string {
  const address = email.toLowerCase();
  const domain = domainOf(address);
  if (domain !== "gmail.com" && domain !== "googlemail.com") return address;
  return `${address.slice(0, address.lastIndexOf("@")).replaceAll(".", "")}@gmail.com`;
}

function loginFailed(
  provider: OAuthProvider,
  email: string,
  { server, fault, response }: { server: "smtp" | "imap"; fault: LoginFault; response: string },
): SignInEnd {
  const name = PROVIDER_NAMES[provider];
  const which = server.toUpperCase();
  if (fault !== "auth" && fault !== "token") {
    const words = `The ${which} server of ${name} could not be used: ${response}. Try again in a minute.`;
    return { outcome: "unreachable", title: "The mail server could not be reached", words };
  }
  const switched_off =
    provider === "microsoft" && server === "smtp"
      ? "authenticated SMTP is switched off for this mailbox (an administrator can switch it on)"
      : `${which} is switched off for this mailbox`;
  const words = `The ${which} server of ${name} does not open ${email} with this sign-in: ${response}. Either you have signed in with another account, or ${switched_off}.`;
  return { outcome: "refused", title: `This sign-in does not open ${email}`, words };
}
