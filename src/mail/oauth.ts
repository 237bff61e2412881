// Signing in with Google and Microsoft: authorization code with PKCE, refresh and device grant over openid-client, which
// is loaded at its first use. Every answer has a deadline and a size, and no redirect is followed.

import type * as Library from "openid-client";

import type {
  DevicePoll,
  Granted,
  GrantOutcome,
  OAuthClient,
  OAuthPort,
  OAuthProvider,
} from "../core/oauth-port.ts";
import { grantFailure, oauthWord, wordsOf } from "./oauth-faults.ts";
import { factsOf, type ProviderFacts } from "./oauth-providers.ts";

const ANSWER_WITHIN_S = 20;
/** Tokens are a few KB. */
const LARGEST_ANSWER = 256 * 1024;
/** RFC 6749 5.1 only recommends `expires_in`; both providers send it. */
const USUAL_LIFE_S = 3600;
/** RFC 8628 3.2: where the provider names none. */
const USUAL_INTERVAL_S = 5;
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

export interface OAuthOptions {
  clients: Readonly<Record<OAuthProvider, OAuthClient | null>>;
  /** Other providers than the real ones, for tests. */
  providers?: Partial<Record<OAuthProvider, ProviderFacts>>;
  /** How long an answer may take, in seconds. */
  answer_within_s?: number;
}

interface Desk {
  facts: ProviderFacts;
  client: OAuthClient;
  config: Library.Configuration;
  library: typeof Library;
}

/** The port of the user's own clients. */
export function openOAuthPort(options: OAuthOptions): OAuthPort {
  const { clients } = options;
  const desks = new Map<OAuthProvider, Promise<Desk>>();
  const deskOf = (provider: OAuthProvider): Promise<Desk> => {
    const client = clients[provider];
    if (client === null) throw new Error(`there is no client for ${provider}`);
    const desk = desks.get(provider) ?? openDesk(client, factsFor(provider, client), options);
    desks.set(provider, desk);
    return desk;
  };
  const factsFor = (provider: OAuthProvider, client: OAuthClient) =>
    options.providers?.[provider] ?? factsOf(provider, client);
  return {
    hasClient: (provider) => clients[provider] !== null,
    serversOf: (provider) => options.providers?.[provider]?.servers ?? null,
    async authorizationUrl(provider, wish) {
      const { facts, config, library } = await deskOf(provider);
      const { redirect_uri, state, verifier, email } = wish;
      return library.buildAuthorizationUrl(config, {
        ...facts.extra,
        redirect_uri,
        state,
        scope: facts.scope.join(" "),
        code_challenge: await library.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        login_hint: email,
      }).href;
    },
    async redeem(provider, { callback, state, verifier, redirect_uri }) {
      const desk = await deskOf(provider);
      const checks = { expectedState: state, pkceCodeVerifier: verifier };
      // The address at which the browser came may be spelt in another way; what the provider compares is what was sent.
      const url = new URL(redirect_uri);
      url.search = callback.search;
      const code = url.searchParams.get("code");
      return grantOf(desk, [code, verifier], () =>
        desk.library.authorizationCodeGrant(desk.config, url, checks),
      );
    },
    async refresh(provider, refresh_token) {
      const desk = await deskOf(provider);
      return grantOf(desk, [refresh_token], () =>
        desk.library.refreshTokenGrant(desk.config, refresh_token),
      );
    },
    async beginDevice(provider) {
      const desk = await deskOf(provider);
      return desk.facts.device_authorization_endpoint === null ? null : beginDevice(desk);
    },
    async pollDevice(provider, device_code) {
      return pollDevice(await deskOf(provider), device_code);
    },
  };
}

async function openDesk(
  client: OAuthClient,
  facts: ProviderFacts,
  { answer_within_s }: OAuthOptions,
): Promise<Desk> {
  // Loaded at the first sign-in or refresh: start-up stays fast.
  const library = await import("openid-client");
  const { issuer, authorization_endpoint, token_endpoint, jwks_uri } = facts;
  const device = facts.device_authorization_endpoint;
  const server = {
    issuer,
    authorization_endpoint,
    token_endpoint,
    ...(jwks_uri === undefined ? {} : { jwks_uri }),
    ...(device === null ? {} : { device_authorization_endpoint: device }),
  };
  const auth = client.secret === null ? library.None() : library.ClientSecretPost(client.secret);
  const config = new library.Configuration(server, client.id, {}, auth);
  if (facts.is_local === true) library.allowInsecureRequests(config);
  config.timeout = answer_within_s ?? ANSWER_WITHIN_S;
  config[library.customFetch] = fetchCapped;
  return { facts, client, config, library };
}

/** Reads the whole answer, if it is small: openid-client would read without an end. */
async function fetchCapped(url: string, options: object): Promise<Response> {
  const answer = await fetch(url, { ...options, redirect: "manual" });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength;
    if (size > LARGEST_ANSWER) throw new Error("its answer is too large");
    chunks.push(chunk);
  }
  const { status, statusText, headers } = answer;
  const is_empty = status === 204 || status === 304;
  return new Response(is_empty ? null : Buffer.concat(chunks), { status, statusText, headers });
}

async function grantOf(
  { client, facts }: Desk,
  secrets: readonly (string | null)[],
  ask: () => Promise<Library.TokenEndpointResponse>,
): Promise<GrantOutcome> {
  try {
    return { outcome: "granted", granted: readGranted(facts, await ask()) };
  } catch (error) {
    return grantFailure(error, [...secrets, client.secret]);
  }
}

function readGranted({ needed }: ProviderFacts, answer: Library.TokenEndpointResponse): Granted {
  const granted = answer.scope?.split(" ").map(plainScope);
  const ends_in_s = Number(answer["refresh_token_expires_in"] ?? Number.NaN);
  return {
    access_token: answer.access_token,
    refresh_token: answer.refresh_token ?? null,
    expires_in_s: answer.expires_in ?? USUAL_LIFE_S,
    ends_in_s: Number.isFinite(ends_in_s) && ends_in_s > 0 ? ends_in_s : null,
    // RFC 6749 5.1: left out, it is what was asked for.
    lacking: granted ? needed.filter((one) => !granted.includes(plainScope(one))) : [],
    email: readEmail(answer),
  };
}

/** Microsoft spells scopes back in its own case. */
const plainScope = (scope: string) => scope.toLowerCase();

function readEmail(answer: Library.TokenEndpointResponse): string | null {
  // openid-client has held the token against issuer, client and time; it came over TLS from its issuer (OIDC 3.1.3.7).
  if (answer.id_token === undefined) return null;
  const [, body = ""] = answer.id_token.split(".");
  const claims: unknown = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
  const email = typeof claims === "object" && claims !== null ? Reflect.get(claims, "email") : null;
  return typeof email === "string" && email !== "" ? email.toLowerCase() : null;
}

async function beginDevice({ config, library, facts, client }: Desk) {
  try {
    const begun = await library.initiateDeviceAuthorization(config, {
      scope: facts.scope.join(" "),
    });
    const { device_code, user_code, verification_uri, expires_in, interval } = begun;
    const interval_s = Math.max(1, interval ?? USUAL_INTERVAL_S);
    const code = { device_code, user_code, verification_uri, expires_in_s: expires_in, interval_s };
    return { outcome: "begun" as const, code };
  } catch (error) {
    return grantFailure(error, [client.secret]);
  }
}

async function pollDevice(desk: Desk, device_code: string): Promise<DevicePoll> {
  const { config, library, client, facts } = desk;
  try {
    const answer = await library.genericGrantRequest(config, DEVICE_GRANT, { device_code });
    return { outcome: "granted", granted: readGranted(facts, answer) };
  } catch (error) {
    const secrets = [device_code, client.secret];
    // RFC 8628 3.5; `authorization_declined` is Microsoft's own word for a no.
    switch (oauthWord(error)) {
      case "authorization_pending":
        return { outcome: "pending" };
      case "slow_down":
        return { outcome: "slow_down" };
      case "access_denied":
      case "authorization_declined":
        return { outcome: "denied", words: wordsOf(error, secrets) };
      case "expired_token":
        return { outcome: "expired", words: wordsOf(error, secrets) };
      default:
        return grantFailure(error, secrets);
    }
  }
}
