// Connects an inbox anew: with the stored login where there is a password, with its owner's sign-in where there is none.

import { AppError } from "../../core/faults.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import { isOAuthProvider } from "../../core/oauth-port.ts";
import type { SignIns } from "../../http/sign-ins.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { accountOf, type Connecting, getInbox } from "./actions.ts";
import { noteLoginWorks } from "./login-works.ts";
import { tryLogins } from "./logins.ts";
import type { ReconnectWish } from "./schema.ts";
import { isSignInRefused } from "./sign-ins.store.ts";
import type { InboxRow } from "./store.ts";

/**
 * Logs in anew with what is stored; throws the fault of the server that refuses. Where the owner must sign in, answers
 * `setup_url`, and the inbox goes on as it is until that is done.
 */
export async function reconnect(
  ledger: Ledger,
  house: Connecting,
  { id, wish }: { id: number; wish: ReconnectWish },
  signal: AbortSignal,
): Promise<{ setup_url: string | null }> {
  const inbox = getInbox(ledger, id);
  const is_signed_in = wish.auth !== undefined || inbox.auth === "oauth";
  if (is_signed_in) await prepareSignIn(ledger, house.sign_ins, inbox, wish);
  const is_lost = inbox.state === "disconnected" && !isSignInRefused(ledger, id);
  if (!is_signed_in || (is_lost && wish.auth === undefined)) {
    await logInAgain(ledger, house, inbox, signal);
  }
  return { setup_url: is_signed_in ? house.sign_ins.linkOf(ledger, id) : null };
}

async function prepareSignIn(
  ledger: Ledger,
  sign_ins: SignIns,
  { id, provider }: InboxRow,
  wish: ReconnectWish,
): Promise<void> {
  if (!isOAuthProvider(provider)) {
    const why = `must be left out for provider "${provider}": only gmail and microsoft mailboxes are signed in with their provider`;
    refuseIssues([issue("auth", why)]);
    return;
  }
  sign_ins.assertClient(provider);
  if (wish.auth !== "device") return;
  const code = await sign_ins.askCode(ledger, provider);
  getInbox(ledger, id);
  sign_ins.keepCode(ledger, id, code);
}

async function logInAgain(
  ledger: Ledger,
  house: Connecting,
  inbox: InboxRow,
  signal: AbortSignal,
): Promise<void> {
  const account = accountOf(ledger, inbox);
  if (!account) {
    const message =
      "The stored login cannot be opened with this master key. Send the passwords again with PATCH /v1/inboxes/{id}: smtp.password and imap.password.";
    throw new AppError("wrong_state", message, { field: "smtp.password" });
  }
  await tryLogins(house.mail(ledger), account, signal);
  ledger.write((tx) => {
    getInbox(tx, inbox.id);
    noteLoginWorks(ledger, tx, inbox.id);
  });
}
