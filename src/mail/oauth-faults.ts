// What a provider's refusal means. Only its own clear word ends a sign-in; whatever else goes wrong on the way passes,
// so that an outage of a provider never asks people to sign in again (mail.md 4.7).

import type { GrantFailure } from "../core/oauth-port.ts";
import { textTrait, trait } from "./login-faults.ts";
import { serverWords } from "./server-words.ts";

/** RFC 6749 5.2, OpenID Connect Core 3.1.2.6: the person has to do something. */
const REFUSED = new Set([
  "invalid_grant",
  "interaction_required",
  "login_required",
  "consent_required",
]);
/** The client is not what the provider knows, or asks for what it may not. */
const MISCONFIGURED = new Set([
  "invalid_client",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_request",
  "redirect_uri_mismatch",
  "invalid_target",
]);
const LONGEST_PAUSE_S = 600;

/** The failure that an error of openid-client or of the network stands for. `secrets` are taken out of its words. */
export function grantFailure(error: unknown, secrets: readonly (string | null)[]): GrantFailure {
  const word = oauthWord(error);
  const status = statusOf(error);
  const words = wordsOf(error, secrets);
  const passes = status === 429 || (status !== null && status >= 500);
  if (!passes && REFUSED.has(word)) return { outcome: "refused", words };
  if (!passes && MISCONFIGURED.has(word)) return { outcome: "misconfigured", words };
  return { outcome: "unavailable", words, retry_after_s: retryAfter(error) };
}

/** The `error` of an answer, or "" (RFC 6749 5.2). */
export function oauthWord(error: unknown): string {
  return textTrait(error, "error");
}

/** The provider's own words, or what happened to the request. One line, without secrets. */
export function wordsOf(error: unknown, secrets: readonly (string | null)[]): string {
  const word = oauthWord(error);
  const description = textTrait(error, "error_description");
  const said = word === "" ? told(error) : `${word}${description === "" ? "" : `: ${description}`}`;
  const clean = secrets.reduce<string>(
    (text, secret) => (secret === null || secret === "" ? text : text.replaceAll(secret, "***")),
    said,
  );
  return serverWords(clean).slice(0, 500);
}

function told(error: unknown): string {
  const status = statusOf(error);
  if (status !== null && status >= 400) return `the provider answered ${status}`;
  const name = textTrait(error, "name");
  const code = textTrait(error, "code");
  if (name === "TimeoutError" || code === "OAUTH_TIMEOUT")
    return "the provider did not answer in time";
  const why = textTrait(trait(error, "cause"), "message") || textTrait(error, "message");
  return `the provider could not be asked: ${why || String(error)}`;
}

function responseOf(error: unknown): Response | null {
  for (const place of [trait(error, "response"), trait(error, "cause"), error]) {
    if (place instanceof Response) return place;
    const inner = trait(place, "response");
    if (inner instanceof Response) return inner;
  }
  return null;
}

function statusOf(error: unknown): number | null {
  const status = responseOf(error)?.status ?? trait(error, "status");
  return typeof status === "number" ? status : null;
}

function retryAfter(error: unknown): number | null {
  const seconds = Number(responseOf(error)?.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, LONGEST_PAUSE_S) : null;
}
