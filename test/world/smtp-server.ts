// SMTP servers of the test world. One is honest (the smtp-server package); the others are written by hand
// and named after their vice. Each says what it has seen: commands, logins, mails that were delivered.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

import { SMTPServer } from "smtp-server";

import type { MailAccount, Security } from "../../src/core/mail-port.ts";
import { AUTHORITY, LOCALHOST_CERT, LOCALHOST_KEY } from "./certificates.ts";

export interface Delivered {
  from: string;
  to: string;
  bytes: Buffer;
}

export interface TestSmtpServer {
  port: number;
  /** Mails that a final dot has ended and that the server took over. */
  delivered: Delivered[];
  /** Every line the server has read outside of a mail's body. */
  commands: string[];
  /** Bytes of the body that were read, final dot included. */
  body: () => Buffer;
  /** How many connections were opened. */
  connections: () => number;
  /** Ends when the server has read this many bytes of the body. */
  bodyOf: (bytes: number) => Promise<void>;
  account: (changes?: AccountChanges) => MailAccount;
  close: () => Promise<void>;
}

export interface AccountChanges {
  host?: string;
  port?: number;
  security?: Security;
  username?: string;
  password?: string;
  ca?: string | null;
}

/** An account whose two servers are both here. */
export function accountAt(port: number, changes: AccountChanges = {}): MailAccount {
  const server = {
    host: "127.0.0.1",
    port,
    security: "none" as const,
    username: "ada@sender.test",
    password: "correct horse battery",
    ca: null,
    ...changes,
  };
  return { inbox_id: 1, email: "ada@sender.test", provider: "smtp", smtp: server, imap: server };
}

type Answer = string | ((socket: Socket) => void);

/** What a server does at each point; what is left out is done well. */
export interface Vice {
  greeting?: Answer;
  ehlo?: Answer;
  starttls?: Answer;
  auth?: Answer;
  mail?: Answer;
  rcpt?: Answer;
  data?: Answer;
  /** Runs once, when the first bytes of the body have come. */
  body?: Answer;
  /** In answer to the final dot. The mail counts as delivered unless this is a 4xx or 5xx line. */
  dot?: Answer;
  /** Stops to read after the 354. */
  isDeaf?: boolean;
}

const DOT = Buffer.from("\r\n.\r\n");

class Session {
  readonly #socket: Socket;
  readonly #vice: Vice;
  readonly #seen: Seen;
  #line = "";
  #mail: { from: string; to: string } = { from: "", to: "" };
  #isInBody = false;
  /** Of the mail that is on its way. */
  #body: Buffer[] = [];

  constructor(socket: Socket, vice: Vice, seen: Seen) {
    this.#socket = socket;
    this.#vice = vice;
    this.#seen = seen;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => this.#read(Buffer.from(chunk)));
    this.#say(vice.greeting, "220 mx.test ESMTP");
  }

  #say(answer: Answer | undefined, otherwise: string): void {
    if (typeof answer === "function") answer(this.#socket);
    else this.#socket.write(`${answer ?? otherwise}\r\n`);
  }

  #read(chunk: Buffer): void {
    if (this.#isInBody) {
      this.#readBody(chunk);
      return;
    }
    this.#line += chunk.toString("latin1");
    for (let end = this.#line.indexOf("\r\n"); end !== -1; end = this.#line.indexOf("\r\n")) {
      const line = this.#line.slice(0, end);
      this.#line = this.#line.slice(end + 2);
      this.#seen.commands.push(line);
      this.#command(line);
    }
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const path = /<(.*)>/.exec(line)?.[1] ?? "";
    if (verb === "EHLO") this.#say(this.#vice.ehlo, "250-mx.test\r\n250 AUTH PLAIN");
    else if (verb === "STAR") this.#say(this.#vice.starttls, "502 5.5.1 not here");
    else if (verb === "AUTH") this.#say(this.#vice.auth, "235 2.7.0 welcome");
    else if (verb === "MAIL") {
      this.#mail.from = path;
      this.#say(this.#vice.mail, "250 2.1.0 sender ok");
    } else if (verb === "RCPT") {
      this.#mail.to = path;
      this.#say(this.#vice.rcpt, "250 2.1.5 recipient ok");
    } else if (verb === "DATA") {
      this.#isInBody = typeof this.#vice.data !== "string";
      this.#body = [];
      this.#say(this.#vice.data, "354 go on");
      if (this.#vice.isDeaf === true) this.#socket.pause();
    } else if (verb === "QUIT") this.#socket.end("221 bye\r\n");
    else this.#say(undefined, "502 5.5.1 not here");
  }

  #readBody(chunk: Buffer): void {
    if (this.#body.length === 0 && this.#vice.body !== undefined) this.#say(this.#vice.body, "");
    this.#seen.add(chunk);
    this.#body.push(chunk);
    const body = Buffer.concat(this.#body);
    if (!body.subarray(-5).equals(DOT)) return;
    this.#isInBody = false;
    const { dot } = this.#vice;
    if (typeof dot !== "string" || dot.startsWith("2")) {
      const plain = body
        .subarray(0, -3)
        .toString("latin1")
        .replace(/\r\n\.\./g, "\r\n.");
      this.#seen.delivered.push({ ...this.#mail, bytes: Buffer.from(plain, "latin1") });
    }
    this.#say(dot, "250 2.0.0 taken");
  }
}

function serve(socket: Socket, vice: Vice, seen: Seen): Session {
  return new Session(socket, vice, seen);
}

class Seen {
  readonly delivered: Delivered[] = [];
  readonly commands: string[] = [];
  readonly body: Buffer[] = [];
  readonly #waiting: { bytes: number; tell: () => void }[] = [];

  add(chunk: Buffer): void {
    this.body.push(chunk);
    for (const { bytes, tell } of this.#waiting) if (this.size >= bytes) tell();
  }

  get size(): number {
    return this.body.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  async atLeast(bytes: number): Promise<void> {
    if (this.size >= bytes) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ bytes, tell: resolve });
    await promise;
  }
}

/** A server in clear text on loopback, with the vices that are given. */
export async function smtpWith(vice: Vice): Promise<TestSmtpServer> {
  const seen = new Seen();
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket, vice, seen);
  });
  const port = await listen(server);
  return {
    port,
    delivered: seen.delivered,
    commands: seen.commands,
    body: () => Buffer.concat(seen.body),
    connections: () => connections,
    bodyOf: (bytes) => seen.atLeast(bytes),
    account: (changes) => accountAt(port, changes),
    close: () => shut(server, sockets),
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

async function shut(server: Server, sockets: Set<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
}

const die = (socket: Socket) => socket.destroy();
const keepSilent = () => undefined;

export const honestSmtp = () => smtpWith({});
/** Takes the mail over and dies before it says so (RFC 1047). */
export const smtpThatDiesAfterData = () => smtpWith({ dot: die });
export const smtpThatIsSilentAfterData = () => smtpWith({ dot: keepSilent });
/** The answer to the dot is cut off in its first digits. */
export const smtpThatAnswersHalfAfterData = () => smtpWith({ dot: (socket) => socket.end("25") });
export const smtpThatDiesInTheBody = () => smtpWith({ body: die });
/** Says that it has taken a mail whose dot nobody has written. */
export const smtpThatAcceptsBeforeTheDot = () => smtpWith({ body: "250 2.0.0 taken" });
/** Answers 354 and reads no more: writes stall. */
export const smtpThatStopsReading = () => smtpWith({ isDeaf: true });
export const smtpThatNeverGreets = () => smtpWith({ greeting: keepSilent });
/** Offers no STARTTLS, as behind a stripping middlebox, and would take a password in clear text. */
export const smtpThatStripsStarttls = () => smtpWith({});

/** Sends one more line of the EHLO answer whenever it is nudged, and never the last. */
export function smtpThatDripsItsEhlo(): Promise<TestSmtpServer> {
  return smtpWith({
    ehlo: (socket) => {
      const drip = setInterval(() => socket.write("250-one more\r\n"), 10);
      socket.once("close", () => clearInterval(drip));
    },
  });
}

/** An honest server with TLS from the first byte (`tls`) or by STARTTLS, signed by AUTHORITY. */
export async function smtpOverTls(
  security: "tls" | "starttls",
  certificate = { cert: LOCALHOST_CERT, key: LOCALHOST_KEY },
): Promise<Omit<TestSmtpServer, "body" | "bodyOf">> {
  const delivered: Delivered[] = [];
  const commands: string[] = [];
  let connections = 0;
  const server = new SMTPServer({
    ...certificate,
    secure: security === "tls",
    authMethods: ["PLAIN", "LOGIN"],
    onConnect: (_session, done) => {
      connections += 1;
      done();
    },
    onAuth: (auth, session, done) => {
      commands.push(`AUTH ${auth.username} ${session.secure ? "over TLS" : "in clear"}`);
      if (auth.password === "correct horse battery") done(null, { user: auth.username });
      else done(new Error(`no, ${auth.password} is wrong`));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        const from = session.envelope.mailFrom;
        const to = session.envelope.rcptTo[0]?.address ?? "";
        delivered.push({ from: from ? from.address : "", to, bytes: Buffer.concat(chunks) });
        done();
      });
    },
  });
  server.on("error", () => undefined);
  const port = await listen(server.server);
  return {
    port,
    delivered,
    commands,
    connections: () => connections,
    account: (changes) => accountAt(port, { security, ca: AUTHORITY, ...changes }),
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await promise;
    },
  };
}
