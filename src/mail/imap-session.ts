// One logged-in imapflow connection with what imapflow leaves to us: a deadline on every command, `false`
// taken for the failure it is (I1), and one error for everything, after which the connection is closed.

import type { ImapFlow } from "imapflow";

import { type LoginFault, MailboxError, type MailServer, TokenError } from "../core/mail-port.ts";
import { within } from "./deadline.ts";
import { imapTrouble } from "./login-faults.ts";
import { cleartextTrouble } from "./smtp-session.ts";
import { isCleartextForbidden, tlsOptions } from "./tls-rules.ts";
import { logInWith } from "./token-login.ts";

/** How long each answer may take, in ms. */
export interface ImapWaits {
  connect: number;
  greeting: number;
  /** For TLS, login and what imapflow asks before it is ready. */
  login: number;
  command: number;
  /** For a NOOP: how soon a dead connection shows itself. */
  probe: number;
  /** For one batch of mails, and for an APPEND. */
  transfer: number;
  /**
   * Without a byte from the server; then imapflow ends an IDLE with a NOOP. A line that is dead is found long before: TCP
   * asks after 5 s of silence and gives up after 10 questions, 1 s apart (imapflow's keepalive, and what Bun makes of it).
   */
  silence: number;
  logout: number;
}

export const IMAP_WAITS: ImapWaits = {
  connect: 15_000,
  greeting: 15_000,
  login: 45_000,
  command: 60_000,
  probe: 20_000,
  transfer: 120_000,
  silence: 5 * 60_000,
  logout: 2_000,
};

/** Limits on one answer of the server: a line with a million UIDs fits, a flood does not. */
const LONGEST_LINE = 16 * 1024 * 1024;

export interface ImapLimits {
  waits: ImapWaits;
  /** Largest literal that can be asked for, in bytes. */
  max_literal_bytes: number;
}

export class ImapSession {
  readonly client: ImapFlow;
  readonly #server: MailServer;
  readonly #waits: ImapWaits;
  #failure: MailboxError | null = null;

  private constructor(client: ImapFlow, server: MailServer, waits: ImapWaits) {
    this.client = client;
    this.#server = server;
    this.#waits = waits;
  }

  /** Connects and logs in, or throws a MailboxError. The signal ends the session at any time. */
  static async open(
    server: MailServer,
    limits: ImapLimits,
    signal: AbortSignal,
  ): Promise<ImapSession> {
    const isRefused = (end: ImapSession | MailboxError) =>
      end instanceof MailboxError && end.fault === "auth";
    try {
      const attempt = (login: MailServer) => ImapSession.#openOnce(login, limits, signal);
      const end = await logInWith(server, (login) => attempt(login).catch(asFailure), isRefused);
      if (end instanceof ImapSession) return end;
      throw end;
    } catch (error) {
      if (error instanceof TokenError) throw new MailboxError(error.fault, error.message);
      throw error;
    }
  }

  static async #openOnce(
    server: MailServer,
    limits: ImapLimits,
    signal: AbortSignal,
  ): Promise<ImapSession> {
    if (isCleartextForbidden(server)) {
      const { fault, response } = cleartextTrouble(server);
      throw new MailboxError(fault, response);
    }
    const session = new ImapSession(await newClient(server, limits), server, limits.waits);
    const { connect, greeting, login } = limits.waits;
    const ms = connect + greeting + login;
    const opening = () => session.client.connect().then(() => true);
    await session.ask("the login", opening, { ms, signal });
    const stop = () => session.close();
    signal.addEventListener("abort", stop);
    session.client.once("close", () => signal.removeEventListener("abort", stop));
    if (signal.aborted) session.close();
    return session;
  }

  /** Runs one command. Its error, lateness, `false` or `undefined` closes the session and is thrown as MailboxError. */
  async ask<T>(
    what: string,
    command: () => Promise<T>,
    limit: { ms?: number; signal?: AbortSignal } = {},
  ): Promise<Exclude<T, false | undefined>> {
    this.assertOpen();
    try {
      const ms = limit.ms ?? this.#waits.command;
      const answer = await within(command(), { ms, signal: limit.signal ?? null, what });
      if (isAnswer(answer)) return answer;
      const fault = this.client.usable ? "protocol" : "connect";
      throw this.fail(new Error(this.client.byeReason ?? `no answer to ${what}`), fault);
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** NOOP, so that the server tells what is new. It resolves on a dead connection too (I2): look again after it. */
  async sync(): Promise<void> {
    const probe = async () => {
      await this.client.noop();
      return this.client.usable;
    };
    await this.ask("NOOP", probe, { ms: this.#waits.probe });
  }

  assertOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (!this.client.usable && this.client.isClosed) {
      throw this.fail(new Error(this.client.byeReason ?? "the connection was lost"), "connect");
    }
  }

  /** Closes the session and gives the error that it ends with: always the first one. */
  fail(error: unknown, fault?: LoginFault): MailboxError {
    if (this.#failure === null) {
      const trouble = imapTrouble(error, this.#server);
      this.#failure = new MailboxError(fault ?? trouble.fault, trouble.response);
    }
    this.client.close();
    return this.#failure;
  }

  /** Ends at once, without a word to the server. */
  close(): void {
    this.#failure ??= new MailboxError("connect", "the session was closed by us");
    this.client.close();
  }

  async logout(): Promise<void> {
    if (this.#failure !== null) return;
    const what = "LOGOUT";
    // A server that does not say goodbye is left alone: there is nothing to lose any more.
    await within(this.client.logout(), { ms: this.#waits.logout, signal: null, what }).catch(
      () => undefined,
    );
    this.close();
  }
}

function asFailure(error: unknown): MailboxError {
  if (error instanceof MailboxError) return error;
  throw error;
}

/** imapflow resolves to one of these two where it could not ask (I1). */
function isAnswer<T>(answer: T): answer is Exclude<T, false | undefined> {
  return answer !== false && answer !== undefined;
}

async function newClient(server: MailServer, limits: ImapLimits): Promise<ImapFlow> {
  // Loaded at the first session: start-up stays fast.
  const { ImapFlow: Client } = await import("imapflow");
  const client = new Client({
    host: server.host,
    port: server.port,
    secure: server.security === "tls",
    // Without it imapflow logs in over clear text where STARTTLS is not offered (I11).
    ...(server.security === "tls" ? {} : { doSTARTTLS: server.security === "starttls" }),
    auth: {
      user: server.username,
      ...(server.tokens ? { accessToken: server.password } : { pass: server.password }),
    },
    tls: tlsOptions(server),
    logger: false,
    disableCompression: true,
    disableAutoIdle: true,
    qresync: true,
    connectionTimeout: limits.waits.connect,
    greetingTimeout: limits.waits.greeting,
    socketTimeout: limits.waits.silence,
    maxLineLength: LONGEST_LINE,
    maxLiteralSize: limits.max_literal_bytes,
    maxResponseSize: limits.max_literal_bytes + LONGEST_LINE,
  });
  // Before connect: an error without listener ends the process (I4). Commands report it by themselves.
  client.on("error", () => undefined);
  return client;
}
