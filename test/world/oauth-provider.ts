// A real OpenID provider on loopback, in the place of Google and Microsoft: PKCE is a must, refresh tokens rotate, and
// its token endpoint can be made slow, busy or broken. People sign in over its own pages, as a browser without a screen.
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type Configuration, type KoaContextWithOIDC, Provider } from "oidc-provider";

import type { OAuthProvider, ProviderServer } from "../../src/core/oauth-port.ts";
import type { ProviderFacts } from "../../src/mail/oauth-providers.ts";

export const CLIENT = { id: "imail-of-ada", secret: "canary-9a41-secret-of-the-client" };
const MAIL_SCOPE = "https://mail.test/all";

/** What happens to the next requests at the token endpoint. */
export type TokenTrouble =
  | { kind: "none" }
  | { kind: "status"; status: number; retry_after_s?: number }
  /** Never answers. */
  | { kind: "silent" };

export interface OAuthWorld {
  facts: Record<OAuthProvider, ProviderFacts>;
  /** Life of access tokens, in seconds; from now on. */
  setLife(seconds: number): void;
  setTrouble(trouble: TokenTrouble): void;
  /** Grants come without this scope from now on. */
  withhold(scope: string | null): void;
  /** How often each kind of grant was asked for. */
  asked: Map<string, number>;
  /** Every token that was handed out. */
  tokens: string[];
  /** Whose access token this is. */
  lookUp(token: string): Promise<{ user: string; expires_at: number } | null>;
  /** Ends the permission of a person. */
  revoke(email: string): Promise<void>;
  /** Ends one access token. */
  endToken(token: string): Promise<void>;
  close(): Promise<void>;
}

/** `redirect_uri` is where houses under test are called back. */
export async function openOAuthWorld(
  redirect_uri: string,
  servers?: { smtp: ProviderServer; imap: ProviderServer },
): Promise<OAuthWorld> {
  const { server, issuer } = await listen();
  let life_s = 3600;
  let trouble: TokenTrouble = { kind: "none" };
  let withheld: string | null = null;
  const asked = new Map<string, number>();
  const tokens: string[] = [];
  const held: (() => void)[] = [];
  const provider = new Provider(
    issuer,
    configuration(redirect_uri, () => life_s),
  );
  provider.use(async (ctx: KoaContextWithOIDC, next) => {
    if (ctx.path !== "/token") return next();
    if (trouble.kind === "silent") {
      await new Promise<void>((resolve) => {
        held.push(resolve);
      });
      // Whoever asked has gone: what it asked for is not done either.
      ctx.status = 503;
      return undefined;
    }
    if (trouble.kind === "status") {
      ctx.status = trouble.status;
      if (trouble.retry_after_s !== undefined)
        ctx.set("retry-after", String(trouble.retry_after_s));
      ctx.body = "busy";
      return undefined;
    }
    await next();
    noteAnswer(ctx, { asked, tokens, withheld });
    return undefined;
  });
  const answer = provider.callback();
  server.on("request", (request, response) => void answer(request, response));
  const facts = (name: OAuthProvider): ProviderFacts => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: name === "gmail" ? null : `${issuer}/device/auth`,
    // As the real ones: Google tells whose sign-in it is, Microsoft does not.
    scope: [...(name === "gmail" ? ["openid", "email"] : []), "offline_access", MAIL_SCOPE],
    needed: [MAIL_SCOPE],
    extra: { prompt: "consent" },
    is_local: true,
    ...(servers ? { servers } : {}),
  });
  return {
    facts: { gmail: facts("gmail"), microsoft: facts("microsoft") },
    setLife(seconds) {
      life_s = seconds;
    },
    setTrouble(next) {
      trouble = next;
      if (next.kind !== "silent") for (const go of held.splice(0)) go();
    },
    withhold(scope) {
      withheld = scope;
    },
    asked,
    tokens,
    async lookUp(token) {
      const found = await provider.AccessToken.find(token);
      if (!found) return null;
      return { user: found.accountId, expires_at: (found.exp ?? 0) * 1000 };
    },
    async revoke(email) {
      for (const token of tokens) {
        // oxlint-disable-next-line no-await-in-loop -- a handful
        const found = await provider.RefreshToken.find(token);
        // oxlint-disable-next-line no-await-in-loop
        if (found?.accountId === email) await found.destroy();
      }
    },
    async endToken(token) {
      await (await provider.AccessToken.find(token))?.destroy();
    },
    async close() {
      for (const go of held.splice(0)) go();
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function listen(): Promise<{ server: Server; issuer: string }> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has a port
  const { port } = server.address() as AddressInfo;
  return { server, issuer: `http://127.0.0.1:${port}` };
}

function configuration(redirect_uri: string, life: () => number): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        token_endpoint_auth_method: "client_secret_post",
        application_type: "native",
        redirect_uris: [redirect_uri],
        grant_types: [
          "authorization_code",
          "refresh_token",
          "urn:ietf:params:oauth:grant-type:device_code",
        ],
        response_types: ["code"],
      },
    ],
    scopes: ["openid", "email", "offline_access", MAIL_SCOPE],
    claims: { openid: ["sub"], email: ["email"] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
    ttl: {
      AccessToken: life,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 3600,
      Interaction: 600,
    },
    cookies: { keys: ["a key for the cookies of a test"] },
  };
}

function noteAnswer(
  ctx: KoaContextWithOIDC,
  {
    asked,
    tokens,
    withheld,
  }: { asked: Map<string, number>; tokens: string[]; withheld: string | null },
): void {
  const type: unknown = ctx.oidc?.params?.["grant_type"];
  const kind = typeof type === "string" ? type : "unknown";
  asked.set(kind, (asked.get(kind) ?? 0) + 1);
  const answer: unknown = ctx.body;
  if (typeof answer !== "object" || answer === null) return;
  for (const name of ["access_token", "refresh_token"]) {
    const token: unknown = Reflect.get(answer, name);
    if (typeof token === "string") tokens.push(token);
  }
  const scope: unknown = Reflect.get(answer, "scope");
  if (withheld !== null && typeof scope === "string") {
    const left = scope.split(" ").filter((one) => one !== withheld);
    ctx.body = { ...answer, scope: left.join(" ") };
  }
}

/** A browser without a screen: cookies, redirects and forms of one provider. */
function openBrowser() {
  const cookies = new Map<string, string>();
  const go = async (url: string, form: Record<string, string> | null = null): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, {
      method: form === null ? "GET" : "POST",
      headers: { cookie },
      redirect: "manual",
      ...(form === null ? {} : { body: new URLSearchParams(form) }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  /** Follows redirects until a page, or until it is sent to `stop_at`. */
  const follow = async (start: string, stop_at: string, first: Response | null = null) => {
    let url = start;
    let answer = first ?? (await go(url));
    for (let hops = 0; hops < 12; hops++) {
      const location = answer.headers.get("location");
      if (location === null) return { url, page: await answer.text() };
      url = new URL(location, url).href;
      if (url.startsWith(stop_at)) return { url, page: null };
      // oxlint-disable-next-line no-await-in-loop -- one hop after the other
      answer = await go(url);
    }
    throw new Error(`no end of redirects at ${url}`);
  };
  return { go, follow };
}

/** The form of a page: where it goes and its hidden fields. */
function formOf(page: string, base: string) {
  const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
  if (action === undefined) throw new Error(`no form in ${page.slice(0, 400)}`);
  const hidden = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const fields = Object.fromEntries(hidden.map(([, name = "", value = ""]) => [name, value]));
  return { url: new URL(action.replaceAll("&amp;", "&"), base).href, fields };
}

/** Signs a person in from a provider's URL on; answers the URL of the callback that the browser is sent to. */
export async function signIn(start: string, email: string, redirect_uri: string): Promise<string> {
  const browser = openBrowser();
  let step = await browser.follow(start, redirect_uri);
  for (let pages = 0; step.page !== null && pages < 4; pages++) {
    const { url, fields } = formOf(step.page, step.url);
    const is_login = step.page.includes('name="login"');
    const filled = is_login ? { ...fields, login: email, password: "x" } : fields;
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const answer = await browser.go(url, filled);
    // oxlint-disable-next-line no-await-in-loop
    step = await browser.follow(url, redirect_uri, answer);
  }
  if (step.page !== null) throw new Error(`no callback: ${step.page.slice(0, 600)}`);
  return step.url;
}

/** No page leads there. */
const NOWHERE = "nowhere:";

/** What a person does with a code on another device. */
export async function typeCode(
  device: { user_code: string; verification_uri: string },
  email: string,
): Promise<void> {
  const browser = openBrowser();
  let step = await browser.follow(device.verification_uri, NOWHERE);
  for (let pages = 0; pages < 6 && step.page?.includes("<form") === true; pages++) {
    const { url, fields } = formOf(step.page, step.url);
    const filled = {
      ...fields,
      user_code: fields["user_code"] ?? device.user_code,
      login: email,
      password: "x",
      confirm: "yes",
    };
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const answer = await browser.go(url, filled);
    // oxlint-disable-next-line no-await-in-loop
    step = await browser.follow(url, NOWHERE, answer);
  }
}
