// Google and Microsoft as OAuth providers: their endpoints, their scopes and their habits. Fixed here, so that no answer
// of anybody can send a token or a client's secret elsewhere.

import type { OAuthClient, OAuthProvider, ProviderServer } from "../core/oauth-port.ts";

export interface ProviderFacts {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  /** Where a device asks for its code; null where mail scopes are not granted to devices. */
  device_authorization_endpoint: string | null;
  jwks_uri?: string;
  scope: readonly string[];
  /** The scopes without which mail does not work; the others only ask for more comfort. */
  needed: readonly string[];
  /** What the sign-in page is asked for beside. */
  extra: Readonly<Record<string, string>>;
  /** Other servers than the known ones. */
  servers?: { smtp: ProviderServer; imap: ProviderServer };
  /** A provider on this machine, without TLS. */
  is_local?: boolean;
}

const GMAIL_SCOPE = "https://mail.google.com/";
const OUTLOOK_SCOPES = [
  "https://outlook.office.com/IMAP.AccessAsUser.All",
  "https://outlook.office.com/SMTP.Send",
];

/** What is known of a provider. */
export function factsOf(provider: OAuthProvider, client: OAuthClient): ProviderFacts {
  return provider === "gmail" ? GOOGLE : microsoft(client.tenant ?? "common");
}

const GOOGLE: ProviderFacts = {
  issuer: "https://accounts.google.com",
  authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
  token_endpoint: "https://oauth2.googleapis.com/token",
  // Google grants no mail scope to devices.
  device_authorization_endpoint: null,
  jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
  // `openid email`: whose mailbox it is that was signed in with.
  scope: ["openid", "email", GMAIL_SCOPE],
  needed: [GMAIL_SCOPE],
  // Without `offline` and `consent` there is no refresh token, or only at the very first sign-in.
  extra: { access_type: "offline", prompt: "consent" },
};

function microsoft(tenant: string): ProviderFacts {
  const at = `https://login.microsoftonline.com/${encodeURIComponent(tenant)}`;
  return {
    issuer: `${at}/v2.0`,
    authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
    token_endpoint: `${at}/oauth2/v2.0/token`,
    device_authorization_endpoint: `${at}/oauth2/v2.0/devicecode`,
    // No `openid`: the name that Microsoft tells is a login name, often another one than the mailbox's address, and
    // shared mailboxes are opened by other people's sign-ins. The login at the servers decides whose mailbox it is.
    scope: [...OUTLOOK_SCOPES, "offline_access"],
    needed: OUTLOOK_SCOPES,
    extra: { prompt: "select_account" },
  };
}
