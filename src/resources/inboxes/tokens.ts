// The access tokens of an inbox: opened, renewed five minutes before they end, one renewal at a time. A refresh token
// that the provider has exchanged is on disk before the access token that came with it is used.

import type { Log } from "../../core/log.ts";
import {
  type AccessTokens,
  type LoginFault,
  type MailAccount,
  type MailPort,
  TokenError,
} from "../../core/mail-port.ts";
import {
  type GrantFailure,
  type GrantOutcome,
  isOAuthProvider,
  type OAuthPort,
  type OAuthProvider,
} from "../../core/oauth-port.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { missingClient, PROVIDER_NAMES } from "./clients.ts";
import { sealLogin } from "./logins.ts";
import { findSignIn, refuseSignIn, saveRefreshed, type SignInRow } from "./sign-ins.store.ts";
import { disconnectInbox, findInbox } from "./store.ts";

const RENEW_BEFORE_MS = 5 * 60_000;
/** A token that ends within this time is not begun with. */
const TOO_SHORT_MS = 10_000;
/** After a failed renewal the provider is left alone for so long, unless it says how long. */
const PAUSE_MS = 5_000;

export const PLACES = {
  refresh_token: (row: number) => ({ table: "sign_ins", row, column: "refresh_token" }),
  access_token: (row: number) => ({ table: "sign_ins", row, column: "access_token" }),
};

interface Renewing {
  ledger: Ledger;
  port: OAuthPort;
  log: Log;
}

/** The mail port of a ledger, where accounts without a password log in with tokens. */
export function withTokens(mail: MailPort, parts: Renewing): MailPort {
  const tokens = openTokens(parts);
  const ready = (account: MailAccount): MailAccount => {
    if (account.auth !== "oauth" || account.smtp.tokens) return account;
    const of_inbox = tokens(account.inbox_id);
    const { smtp, imap } = account;
    return {
      ...account,
      smtp: { ...smtp, tokens: of_inbox },
      imap: { ...imap, tokens: of_inbox },
    };
  };
  return {
    send: (account, order) => mail.send(ready(account), order),
    check: (account, signal) => mail.check(ready(account), signal),
    openMailbox: (account, signal) => mail.openMailbox(ready(account), signal),
  };
}

/** The one token that is known, and no other: for a login that decides whether it is kept. */
export const onlyToken = (token: string): AccessTokens => ({ get: () => Promise.resolve(token) });

function openTokens(parts: Renewing): (inbox_id: number) => AccessTokens {
  const renewals = new Map<number, Promise<string>>();
  const pauses = new Map<number, { until: number; error: TokenError }>();
  const renewOnce = (inbox_id: number): Promise<string> => {
    const running = renewals.get(inbox_id);
    if (running) return running;
    const renewal = renew(parts, inbox_id, pauses).finally(() => renewals.delete(inbox_id));
    renewals.set(inbox_id, renewal);
    return renewal;
  };
  return (inbox_id) => ({
    async get(refused) {
      const { ledger } = parts;
      const row = findSignIn(ledger, inbox_id);
      if (!row) throw new TokenError("token", "nobody has signed in with the provider yet");
      if (row.refused !== null) {
        loseInbox(ledger, inbox_id, row.refused);
        throw new TokenError("token", row.refused);
      }
      const token = open(ledger, row, "access_token");
      const now = ledger.clock.now();
      const is_refused = token === refused;
      if (!is_refused && now < renewAt(row)) return token;
      try {
        return await renewOnce(inbox_id);
      } catch (error) {
        // Renewed early, so that an outage of the provider has five minutes to pass.
        const is_passing = error instanceof TokenError && error.fault !== "token";
        if (is_passing && !is_refused && now < row.expires_at - TOO_SHORT_MS) return token;
        throw error;
      }
    },
  });
}

/** Five minutes before its end, or after half of a short life. */
const renewAt = ({ got_at, expires_at }: SignInRow) =>
  Math.max(expires_at - RENEW_BEFORE_MS, got_at + (expires_at - got_at) / 2);

function open(ledger: Ledger, row: SignInRow, column: keyof typeof PLACES): string {
  const token = ledger.vault.unseal(PLACES[column](row.inbox_id), row[column]);
  if (token !== null) return token;
  throw new TokenError("auth", "the stored login cannot be opened with this master key");
}

async function renew(
  { ledger, port, log }: Renewing,
  inbox_id: number,
  pauses: Map<number, { until: number; error: TokenError }>,
): Promise<string> {
  const [inbox, row] = [findInbox(ledger, inbox_id), findSignIn(ledger, inbox_id)];
  if (!inbox || !row || !isOAuthProvider(inbox.provider)) {
    throw new TokenError("token", "nobody has signed in with the provider");
  }
  const pause = pauses.get(inbox_id);
  if (pause && ledger.clock.now() < pause.until) throw pause.error;
  const { provider } = inbox;
  if (!port.hasClient(provider)) throw new TokenError("protocol", missingClient(provider));
  const outcome = await port.refresh(provider, open(ledger, row, "refresh_token"));
  if (outcome.outcome === "granted") {
    pauses.delete(inbox_id);
    return keep(ledger, row, outcome);
  }
  log.warn({ inbox_id, outcome: outcome.outcome, words: outcome.words }, "a token was not renewed");
  const error = failureOf(provider, outcome);
  if (outcome.outcome === "refused") refuse(ledger, row, error.message);
  else {
    const pause_s = outcome.outcome === "unavailable" ? outcome.retry_after_s : null;
    const until = ledger.clock.now() + (pause_s === null ? PAUSE_MS : pause_s * 1000);
    pauses.set(inbox_id, { until, error });
  }
  throw error;
}

/** Both tokens in one transaction. A sign-in that came meanwhile is newer than what was renewed: it wins. */
function keep(
  ledger: Ledger,
  used: SignInRow,
  { granted }: Extract<GrantOutcome, { outcome: "granted" }>,
): string {
  const { inbox_id } = used;
  return ledger.write((tx) => {
    const current = findSignIn(tx, inbox_id);
    if (!current) throw new TokenError("token", "the inbox was deleted");
    if (!isSame(current, used)) return open(ledger, current, "access_token");
    const seal = (column: keyof typeof PLACES, token: string) =>
      sealLogin(ledger, PLACES[column](inbox_id), token);
    saveRefreshed(tx, {
      inbox_id,
      refresh_token:
        granted.refresh_token === null
          ? current.refresh_token
          : seal("refresh_token", granted.refresh_token),
      access_token: seal("access_token", granted.access_token),
      expires_at: tx.now + granted.expires_in_s * 1000,
    });
    return granted.access_token;
  });
}

const isSame = (one: SignInRow, other: SignInRow) =>
  Buffer.compare(one.refresh_token, other.refresh_token) === 0;

/** The provider's own word is enough: no further failure is waited for. */
function refuse(ledger: Ledger, used: SignInRow, words: string): void {
  ledger.write((tx) => {
    const current = findSignIn(tx, used.inbox_id);
    if (current && isSame(current, used)) refuseSignIn(tx, used.inbox_id, words);
  });
  const current = findSignIn(ledger, used.inbox_id);
  if (current?.refused === words) loseInbox(ledger, used.inbox_id, words);
}

/** An inbox that is used and cannot be any more; a paused one learns it when it is resumed. */
function loseInbox(ledger: Ledger, inbox_id: number, reason: string): void {
  const state = findInbox(ledger, inbox_id)?.state;
  if (state !== "active" && state !== "disconnected") return;
  ledger.write((tx) => {
    disconnectInbox(tx, inbox_id, { state: "needs_login", reason });
    // One that is lost already has had its event.
    if (state !== "active") return;
    const event = { event: "inbox.disconnected" as const, detail: { fault: "token", reason } };
    record(ledger, tx, event, { ...NO_SUBJECT, inbox_id });
  });
}

function failureOf(provider: OAuthProvider, failure: GrantFailure): TokenError {
  const name = PROVIDER_NAMES[provider];
  const { words } = failure;
  if (failure.outcome === "refused") return new TokenError("token", refusal(provider, words));
  if (failure.outcome === "misconfigured") {
    const message = `${name} does not take the OAuth client of the settings any more: ${words}. Look at its id and secret, which may have expired, and start imail again.`;
    return new TokenError("protocol", message);
  }
  const is_limit = failure.outcome === "unavailable" && failure.retry_after_s !== null;
  const fault: LoginFault = is_limit ? "limit" : "connect";
  return new TokenError(fault, `${name} gives no token at the moment: ${words}`);
}

function refusal(provider: OAuthProvider, words: string): string {
  const why =
    provider === "gmail"
      ? " Google ends sign-ins after 7 days as long as the client's publishing status is Testing: set it to In production. A changed password or a withdrawn permission ends them, too."
      : " A changed password, a withdrawn permission, a rule of the organisation or 90 days without use end a sign-in.";
  const what = " Sign in again: POST /v1/inboxes/{id}/reconnect answers the setup_url.";
  return `${PROVIDER_NAMES[provider]} has ended the sign-in (${words}).${why}${what}`;
}
