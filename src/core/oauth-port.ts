// What the house needs of an OAuth provider (RFC 6749, 7636, 8628), as outcomes and not as exceptions. Which provider,
// which endpoints and which scopes is the port's own business: a token is only ever asked for where these are fixed.

import type { Security } from "./mail-port.ts";

/** The inbox providers that people can sign in with. */
export const OAUTH_PROVIDERS = ["gmail", "microsoft"] as const;
export type OAuthProvider = (typeof OAUTH_PROVIDERS)[number];

export const isOAuthProvider = (provider: string): provider is OAuthProvider =>
  OAUTH_PROVIDERS.some((one) => one === provider);

/** The user's own client at a provider, from the settings. */
export interface OAuthClient {
  id: string;
  /** Null for a public client. */
  secret: string | null;
  /** Microsoft's directory: `common`, `organizations`, `consumers`, a domain or an id. Null elsewhere. */
  tenant: string | null;
}

export interface Granted {
  access_token: string;
  /** A new one where the provider rotates; null where the one before stays good. */
  refresh_token: string | null;
  /** Seconds until the access token ends. */
  expires_in_s: number;
  /** Seconds until the provider wants a new sign-in; null where it does not say. */
  ends_in_s: number | null;
  /** The scopes that mail needs and that were not granted. */
  lacking: string[];
  /** Whose sign-in it is, as the provider told, in lower case; null where it was not asked. */
  email: string | null;
}

/**
 * `refused` by the provider for good (`invalid_grant`): its owner must sign in again. `misconfigured` is the client's
 * fault: id, secret or redirect URI. `unavailable` passes by itself.
 */
export type GrantFailure =
  | { outcome: "refused" | "misconfigured"; words: string }
  | { outcome: "unavailable"; words: string; retry_after_s: number | null };
export type GrantOutcome = { outcome: "granted"; granted: Granted } | GrantFailure;

export interface DeviceCode {
  device_code: string;
  /** What the person types at `verification_uri`. */
  user_code: string;
  verification_uri: string;
  expires_in_s: number;
  /** Seconds between two polls, at least. */
  interval_s: number;
}

export type DevicePoll =
  | GrantOutcome
  | { outcome: "pending" | "slow_down" }
  /** The person said no, or the code is too old. */
  | { outcome: "denied" | "expired"; words: string };

/** A server of a provider: tokens go to these and to no other. */
export interface ProviderServer {
  host: string;
  port: number;
  security: Security;
  ca: string | null;
}

export interface AuthorizationWish {
  redirect_uri: string;
  state: string;
  /** The secret of PKCE; only its hash leaves the house before the code comes back (RFC 7636 4.2). */
  verifier: string;
  email: string;
}

export interface OAuthPort {
  /** The settings' client for this provider, or null where there is none. */
  hasClient(provider: OAuthProvider): boolean;
  /** Other servers than the provider's known ones; null mostly. */
  serversOf(provider: OAuthProvider): { smtp: ProviderServer; imap: ProviderServer } | null;
  /** Where the person signs in. */
  authorizationUrl(provider: OAuthProvider, wish: AuthorizationWish): Promise<string>;
  /** Trades the code that came to the redirect URI. `callback` is that URL, whole. */
  redeem(
    provider: OAuthProvider,
    code: { callback: URL; state: string; verifier: string; redirect_uri: string },
  ): Promise<GrantOutcome>;
  refresh(provider: OAuthProvider, refresh_token: string): Promise<GrantOutcome>;
  /** Null where the provider has no device grant for mail. */
  beginDevice: (
    provider: OAuthProvider,
  ) => Promise<{ outcome: "begun"; code: DeviceCode } | GrantFailure | null>;
  /** Asks once. */
  pollDevice(provider: OAuthProvider, device_code: string): Promise<DevicePoll>;
}
