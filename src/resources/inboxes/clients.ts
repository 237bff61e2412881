// The user's own OAuth clients in words: what is missing, and what to register where.

import { AppError } from "../../core/faults.ts";
import type { GrantFailure, OAuthProvider } from "../../core/oauth-port.ts";

export const PROVIDER_NAMES: Readonly<Record<OAuthProvider, string>> = {
  gmail: "Google",
  microsoft: "Microsoft",
};

/** Why nobody can sign in with this provider, and which settings help. */
export function missingClient(provider: OAuthProvider): string {
  return provider === "gmail"
    ? "Signing in with Google needs an OAuth client of your own, and there is none: set IMAIL_GOOGLE_CLIENT_ID and IMAIL_GOOGLE_CLIENT_SECRET and start imail again."
    : "Signing in with Microsoft needs an app registration of your own, and there is none: set IMAIL_MICROSOFT_CLIENT_ID (and IMAIL_MICROSOFT_TENANT, and IMAIL_MICROSOFT_CLIENT_SECRET for an app with a secret) and start imail again.";
}

const REGISTER: Readonly<Record<OAuthProvider, (redirect_uri: string) => string>> = {
  gmail: (redirect_uri) =>
    `In Google Cloud, switch on the Gmail API, make an OAuth client of the type Desktop app (or Web application with the redirect URI ${redirect_uri}), add the scope https://mail.google.com/ and set the publishing status to In production. Or do without: send smtp.password with an app password (myaccount.google.com/apppasswords).`,
  microsoft: (redirect_uri) =>
    `In Microsoft Entra, register an app with the redirect URI ${redirect_uri} for mobile and desktop applications (the form takes no http://127.0.0.1: write it into the manifest), and give it the delegated permissions IMAP.AccessAsUser.All and SMTP.Send. For auth "device" allow public client flows.`,
};

/** The 400 that says what to register. */
export function clientMissing(provider: OAuthProvider, redirect_uri: string): AppError {
  const message = `${missingClient(provider)} ${REGISTER[provider](redirect_uri)}`;
  return new AppError("oauth_client_missing", message, { field: "provider" });
}

/** The fault for a provider that does not begin. */
export function notBegun(provider: OAuthProvider, failure: GrantFailure): AppError {
  const name = PROVIDER_NAMES[provider];
  if (failure.outcome === "unavailable") {
    const message = `${name} cannot be asked at the moment: ${failure.words}`;
    return new AppError("unavailable", message, {
      retry_after_s: failure.retry_after_s ?? undefined,
    });
  }
  const message = `${name} does not take the OAuth client of the settings: ${failure.words}`;
  return new AppError("oauth_client_refused", message, { field: "provider" });
}
