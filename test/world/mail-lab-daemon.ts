// The small servers of the lab that live in the test process: the policy that greylists, and the
// OAuth provider whose tokens Dovecot asks about.
import net from "node:net";

import { LAB_HOST, type LabPorts, listens } from "./mail-lab-ports.ts";

export interface OauthStub {
  /** Trades the refresh token `rt-<address>` (or `user`) for an access token; form encoded. */
  token_url: string;
  introspect_url: string;
  revoke_url: string;
  /** Dovecot asks about tokens of another provider, too: whose it is, or null. */
  trust(lookUp: LookUp): void;
}

/** Whose token this is and when it ends (ms UTC), or null. */
export type LookUp = (token: string) => Promise<{ user: string; expires_at: number } | null>;

export interface LabDaemon {
  oauth: OauthStub;
  close(): Promise<void>;
}

interface Token {
  user: string;
  expires_at: number;
}

const GREYLISTED = "450 4.7.1 Greylisted, see https://grey.example/help";

const nobodys: LookUp = () => Promise.resolve(null);

/** Starts the policy server and the OAuth provider. */
export async function startLabDaemon(ports: LabPorts): Promise<LabDaemon> {
  const policy = policyServer();
  if (!(await listens(policy.server, ports.policy, LAB_HOST))) {
    throw new Error(`port ${ports.policy} was taken meanwhile`);
  }
  const tokens = new Map<string, Token>();
  let lookUp: LookUp = nobodys;
  const oauth = Bun.serve({
    hostname: LAB_HOST,
    port: ports.oauth,
    fetch: (request) => answerOauth(request, tokens, lookUp),
  });
  const url = `http://${LAB_HOST}:${ports.oauth}`;
  return {
    oauth: {
      token_url: `${url}/token`,
      introspect_url: `${url}/introspect`,
      revoke_url: `${url}/revoke`,
      trust: (other) => {
        lookUp = other;
      },
    },
    close: async () => {
      policy.close();
      await oauth.stop(true);
    },
  };
}

/** Postfix SMTPD_POLICY_README: attributes line by line, a blank line ends the question. */
function policyServer(): { server: net.Server; close: () => void } {
  const greeted = new Set<string>();
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    let unread = "";
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      const questions = (unread + bytes.toString()).split("\n\n");
      unread = questions.pop() ?? "";
      for (const question of questions) {
        socket.write(`action=${judge(question, greeted)}\n\n`);
      }
    });
  });
  const close = () => {
    server.close();
    open.forEach((socket) => socket.destroy());
  };
  return { server, close };
}

function judge(question: string, greeted: Set<string>): string {
  const sender = /^sender=(.*)$/m.exec(question)?.[1] ?? "";
  const recipient = /^recipient=(.*)$/m.exec(question)?.[1] ?? "";
  const pair = `${sender} ${recipient}`;
  if (!recipient.startsWith("grey") || greeted.has(pair)) return "DUNNO";
  greeted.add(pair);
  return GREYLISTED;
}

async function answerOauth(
  request: Request,
  tokens: Map<string, Token>,
  lookUp: LookUp,
): Promise<Response> {
  const form = new URLSearchParams(await request.text());
  const token = form.get("token") ?? "";
  switch (new URL(request.url).pathname) {
    case "/token":
      return mint(form, tokens);
    case "/introspect":
      return introspect(tokens.get(token) ?? (await lookUp(token)) ?? undefined);
    case "/revoke":
      tokens.delete(token);
      return Response.json({});
    default:
      return Response.json({ error: "not_found" }, { status: 404 });
  }
}

function mint(form: URLSearchParams, tokens: Map<string, Token>): Response {
  const refresh_token = form.get("refresh_token") ?? "";
  const user = form.get("user") ?? /^rt-(.+)$/.exec(refresh_token)?.[1];
  if (user === undefined) {
    const error_description = "Token has been expired or revoked.";
    return Response.json({ error: "invalid_grant", error_description }, { status: 400 });
  }
  const expires_in = Number(form.get("expires_in") ?? 3600);
  const access_token = `at-${crypto.randomUUID()}`;
  tokens.set(access_token, { user, expires_at: Date.now() + expires_in * 1000 });
  return Response.json({ access_token, token_type: "Bearer", expires_in, scope: "mail" });
}

function introspect(token: Token | undefined): Response {
  if (token === undefined || token.expires_at < Date.now()) return Response.json({ active: false });
  const { user } = token;
  const exp = Math.floor(token.expires_at / 1000);
  return Response.json({ active: true, username: user, email: user, scope: "mail", exp });
}
