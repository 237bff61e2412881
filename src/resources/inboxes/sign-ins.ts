// Signing in with Google or Microsoft: from the link over the provider back to a saved inbox. Nothing is saved before both
// mail servers have taken the token for this very mailbox. What is under way lives in memory: a restart means "begin again".

import { AppError } from "../../core/faults.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import type { Log } from "../../core/log.ts";
import type { MailPort } from "../../core/mail-port.ts";
import { isOAuthProvider, type OAuthPort, type OAuthProvider } from "../../core/oauth-port.ts";
import type { SignInPage, SignIns, SignInStep } from "../../http/sign-ins.ts";
import type { Control } from "../../ledger/control.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Ledgers } from "../../ledger/ledgers.ts";
import { clientMissing, missingClient, notBegun, PROVIDER_NAMES } from "./clients.ts";
import { openCodes } from "./codes.ts";
import { openLinks } from "./links.ts";
import { openPending, type Pending } from "./pending.ts";
import { completeSignIn, serversFor } from "./sign-in-ends.ts";
import { connectedPage, failedPage, problemPage } from "./sign-in-pages.ts";
import { findSignIn } from "./sign-ins.store.ts";
import { findInbox } from "./store.ts";

export interface SignInParts {
  control: Control;
  ledgers: Ledgers;
  port: OAuthPort;
  mail(ledger: Ledger): MailPort;
  log: Log;
  /** Where the house listens, or will listen. */
  tcpPort(): number;
}

/** All sign-ins of a house. */
export function openSignIns(parts: SignInParts): SignIns {
  const { control, ledgers, port } = parts;
  const links = openLinks(control);
  const pending = openPending(control);
  const codes = openCodes(parts);
  const base = () => `http://127.0.0.1:${parts.tcpPort()}`;
  const redirectUri = () => `${base()}/oauth/callback`;
  const linkOf = (ledger: Ledger, inbox_id: number) =>
    `${base()}/oauth/start?link=${links.sign(placeOf(ledger, inbox_id))}`;
  return {
    assertClient(provider) {
      if (!port.hasClient(provider)) throw clientMissing(provider, redirectUri());
    },
    serversOf(provider, email) {
      const { smtp, imap } = serversFor(port, provider, email);
      return { smtp: { ...smtp, password: "" }, imap: { ...imap, password: "" } };
    },
    linkOf,
    async begin(link) {
      const place = links.read(link);
      if (!place) return { page: problemPage("This link is incomplete.", LINK_AGAIN) };
      const ledger = ledgers.get(place.workspace_id, place.mode);
      const inbox = findInbox(ledger, place.inbox_id);
      if (!inbox || !isOAuthProvider(inbox.provider)) {
        return { page: problemPage("This inbox is not there any more.", []) };
      }
      if (placeOf(ledger, inbox.id).generation !== place.generation) {
        return { page: problemPage("Somebody has signed in with this link already.", LINK_AGAIN) };
      }
      const { provider, email } = inbox;
      if (!port.hasClient(provider)) return { page: problemPage(missingClient(provider), []) };
      const wish = { ledger, inbox_id: inbox.id, provider, redirect_uri: redirectUri() };
      const { state, verifier } = pending.begin({ ...wish, generation: place.generation });
      const asked = { redirect_uri: wish.redirect_uri, state, verifier, email };
      return { redirect: await port.authorizationUrl(provider, asked) } satisfies SignInStep;
    },
    async finish(callback, signal) {
      const state = callback.searchParams.get("state") ?? "";
      const begun = pending.take(state);
      if (!begun) return problemPage(UNKNOWN_STATE, LINK_AGAIN);
      const page = await finish(parts, begun, { callback, state, signal });
      const { ledger, inbox_id, generation } = begun;
      // After a sign-in that worked its link is over.
      const is_over = placeOf(ledger, inbox_id).generation !== generation;
      if (is_over || !findInbox(ledger, inbox_id)) return page;
      return { ...page, link: { url: linkOf(ledger, inbox_id), text: "Begin again" } };
    },
    askCode: (ledger, provider) => askCode(port, ledger, provider),
    keepCode: (ledger, inbox_id, code) => codes.keep(ledger, inbox_id, code),
    codeOf: (ledger, inbox_id) => codes.find(ledger, inbox_id),
    look: () => codes.look(),
  };
}

const UNKNOWN_STATE =
  "This sign-in was not begun here, was finished already, or is older than 10 minutes. A restart of imail ends it, too.";
const LINK_AGAIN = [
  "Open the `setup_url` of the inbox again: `GET /v1/inboxes/{id}` shows it. For an inbox that works, `POST /v1/inboxes/{id}/reconnect` answers a new one.",
];

const placeOf = (ledger: Ledger, inbox_id: number) => ({
  workspace_id: ledger.workspace_id,
  mode: ledger.mode,
  inbox_id,
  // A sign-in ends the link that led to it.
  generation: findSignIn(ledger, inbox_id)?.signed_in_at ?? 0,
});

async function finish(
  parts: SignInParts,
  begun: Pending,
  { callback, state, signal }: { callback: URL; state: string; signal: AbortSignal },
): Promise<SignInPage> {
  const { provider, verifier, redirect_uri, ledger, inbox_id } = begun;
  const name = PROVIDER_NAMES[provider];
  const refusal = callback.searchParams.get("error");
  if (refusal !== null) {
    const words = `${refusal} ${callback.searchParams.get("error_description") ?? ""}`;
    return problemPage(
      `${name} has not signed you in: ${words.trim().slice(0, 300)}`,
      NOTHING_DONE,
    );
  }
  const outcome = await parts.port.redeem(provider, { callback, state, verifier, redirect_uri });
  if (outcome.outcome !== "granted") {
    parts.log.warn({ inbox_id, words: outcome.words }, "a sign-in was not finished");
    return failedPage(name, outcome);
  }
  const end = await completeSignIn(parts, { ledger, inbox_id, provider }, outcome.granted, signal);
  if (end.outcome === "signed_in") return connectedPage(name, end.email);
  parts.log.warn({ inbox_id, outcome: end.outcome, words: end.words }, "a sign-in was not kept");
  const status = end.outcome === "unreachable" ? 502 : 400;
  return { ...problemPage(end.words, NOTHING_DONE), status, title: end.title };
}

const NOTHING_DONE = ["Nothing was saved."];

async function askCode(port: OAuthPort, ledger: Ledger, provider: OAuthProvider) {
  const begun = await port.beginDevice(provider);
  if (begun === null) {
    const why = `must be left out for ${provider}: ${PROVIDER_NAMES[provider]} grants no mail to devices. Open setup_url in a browser on this machine`;
    refuseIssues([issue("auth", why)]);
    throw new AppError("invalid_field");
  }
  if (begun.outcome !== "begun") throw notBegun(provider, begun);
  const { device_code, user_code, verification_uri, expires_in_s, interval_s } = begun.code;
  const expires_at = ledger.clock.now() + expires_in_s * 1000;
  return { device_code, user_code, verification_uri, expires_at, interval_s };
}
