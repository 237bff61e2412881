// A logged-in SMTP session that carries one mail after the other: our own lines on nodemailer's socket, so that MAIL, RCPT
// and DATA go in one write (RFC 2920) and a body costs no stream. Every reply and the end go to whoever listens now.

import type SMTPConnection from "nodemailer/lib/smtp-connection";

/** One whole reply (RFC 5321 4.2.1), its lines joined by `\n`. */
export interface Reply {
  code: number;
  text: string;
}

export interface ChannelListener {
  onReply(reply: Reply): void;
  /** Told once: nothing more comes. */
  onEnd(error: Error): void;
}

// A reply is a few hundred bytes: more is a flood, or not SMTP.
const LONGEST_REPLY = 64 * 1024;
const NOBODY: ChannelListener = { onReply: () => undefined, onEnd: () => undefined };

export class SmtpChannel {
  /** May MAIL, RCPT and DATA be sent at once? */
  readonly has_pipelining: boolean;
  /** Mails that it has carried. */
  mails = 0;
  readonly #connection: SMTPConnection;
  #listener = NOBODY;
  #text = "";
  #end: Error | null = null;

  /** Takes the socket of a connection that is logged in and silent. `hello` is the answer to EHLO. */
  constructor(connection: SMTPConnection, hello: string) {
    this.has_pipelining = /^250[ -]PIPELINING[ \t]*$/im.test(hello);
    this.#connection = connection;
    const socket = this.#socket();
    // From now on the replies are ours; errors and the end still come by way of the connection, which owns the socket.
    socket?.removeAllListeners("data");
    socket?.on("data", (piece: Buffer) => this.#read(piece));
    connection.on("error", (error) => this.#over(error));
    connection.once("end", () => this.#over(closed()));
    if (!socket || connection.destroyed) this.#over(closed());
  }

  get is_over(): boolean {
    return this.#end !== null;
  }

  /** Whoever listens from now on; if all is over, it is told at once. */
  listen(listener: ChannelListener | null): void {
    this.#listener = listener ?? NOBODY;
    if (this.#end && listener) listener.onEnd(this.#end);
  }

  /** False while the socket has to drain first: then `onDrain` runs once it has. */
  write(bytes: string | Uint8Array, onDrain: (() => void) | null = null): boolean {
    const socket = this.#socket();
    if (!socket || this.#end) return true;
    const taken = typeof bytes === "string" ? socket.write(bytes, "latin1") : socket.write(bytes);
    if (!taken && onDrain) socket.once("drain", () => setImmediate(onDrain));
    return taken;
  }

  /** Says goodbye and drops the socket when the server has answered, or after `ms`. */
  quit(ms: number): void {
    if (this.#end) return;
    const timer = setTimeout(() => this.close(), ms);
    this.listen({ onReply: () => this.close(), onEnd: () => clearTimeout(timer) });
    this.write("QUIT\r\n");
  }

  /** Drops the socket. */
  close(): void {
    this.#connection.close();
  }

  #socket() {
    // oxlint-disable-next-line no-underscore-dangle -- public in nodemailer's types, with this name
    return this.#connection._socket || null;
  }

  #over(error: Error): void {
    if (this.#end) return;
    this.#end = error;
    // A refusal whose line end got lost is still a refusal.
    const last = replyOf(this.#text);
    if (last !== null && last.code >= 400) this.#listener.onReply(last);
    this.#listener.onEnd(error);
  }

  #read(piece: Buffer): void {
    if (this.#end) return;
    this.#text += piece.toString("utf8");
    for (;;) {
      const length = replyLength(this.#text);
      if (length === 0) break;
      const reply = replyOf(this.#text.slice(0, length));
      this.#text = this.#text.slice(length);
      if (reply === null) {
        this.#drop("the server does not speak SMTP");
        return;
      }
      this.#listener.onReply(reply);
      if (this.#end) return;
    }
    if (this.#text.length > LONGEST_REPLY) this.#drop("the server's reply has no end");
  }

  #drop(why: string): void {
    this.#text = "";
    this.#over(Object.assign(new Error(why), { code: "EPROTOCOL" }));
    this.close();
  }
}

/** With nodemailer's code, from which its fault is read. */
const closed = () => Object.assign(new Error("the connection was closed"), { code: "ECONNECTION" });

/** How many characters the first whole reply takes, 0 while it is not whole. */
function replyLength(text: string): number {
  for (let from = 0; ;) {
    const end = text.indexOf("\n", from);
    if (end < 0) return 0;
    // `250-` goes on in the next line; a line that is none ends here, too, and is refused.
    if (text[from + 3] !== "-") return end + 1;
    from = end + 1;
  }
}

function replyOf(text: string): Reply | null {
  const found = /^([2-5]\d\d)(?:[ -]|$)/.exec(text);
  return found ? { code: Number(found[1]), text: text.trimEnd().replaceAll("\r\n", "\n") } : null;
}
