// Hands one mail to a logged-in session and tells what became of it. Only our own phase knows whether the
// dot was written: nodemailer's errors are the same before and after it (reliability.md 0.4, S1).

import type SMTPConnection from "nodemailer/lib/smtp-connection";

import type { MailServer, SendOrder, SendOutcome } from "../core/mail-port.ts";
import { Late } from "./deadline.ts";
import { HeldBack } from "./held-back.ts";
import { replyCode, smtpTrouble, textTrait } from "./login-faults.ts";
import { placeOf, serverWords, withoutSecrets } from "./server-words.ts";
import { quit, type SmtpWaits } from "./smtp-session.ts";

/** `session` up to the 354, `body` while it streams, `held` for the commit point, `dot` once it is let go. */
type Phase = "session" | "body" | "held" | "dot" | "over";

export class HandOver {
  readonly #connection: SMTPConnection;
  readonly #server: MailServer;
  readonly #order: SendOrder;
  readonly #waits: SmtpWaits;
  readonly #outcome = Promise.withResolvers<SendOutcome>();
  readonly #stream: HeldBack;
  readonly #stop = () => this.#fail(new Late("stopped by us", true));
  #phase: Phase = "session";
  #isMidBody = false;
  #timer: Timer | null = null;

  constructor(connection: SMTPConnection, server: MailServer, order: SendOrder, waits: SmtpWaits) {
    this.#connection = connection;
    this.#server = server;
    this.#order = order;
    this.#waits = waits;
    this.#stream = new HeldBack(
      order.bytes,
      () => this.#progress(),
      () => this.#hold(),
    );
  }

  /** Sends the mail. Rejects only for a bug in `onHeld`. */
  run(): Promise<SendOutcome> {
    const { from, to } = this.#order.envelope;
    // MAIL, RCPT and DATA are pipelined: one limit for the three.
    this.#allow(3 * this.#waits.command, "an answer to MAIL, RCPT and DATA");
    this.#order.signal.addEventListener("abort", this.#stop);
    this.#connection.on("error", (error) => this.#fail(error));
    this.#connection.once("end", () => this.#fail(new Error("the connection was closed")));
    if (this.#order.signal.aborted) this.#stop();
    else {
      this.#connection.send({ from, to: [to] }, this.#stream, (error, info) => {
        if (error) this.#fail(error);
        else this.#accept(info?.response ?? "");
      });
    }
    return this.#outcome.promise;
  }

  #progress(): void {
    if (this.#phase === "session") this.#phase = "body";
    if (this.#phase === "body") this.#allow(this.#waits.progress, "progress of the body");
  }

  #hold(): void {
    this.#progress();
    if (this.#phase !== "body") return;
    // oxlint-disable-next-line no-underscore-dangle -- public in nodemailer's types, with this name
    const socket = this.#connection._socket;
    // What our side still buffers may never leave, and a dot behind it would be a doubt for nothing.
    if (socket && socket.writableNeedDrain) {
      socket.once("drain", () => setImmediate(() => this.#hold()));
      return;
    }
    this.#phase = "held";
    this.#allow(this.#waits.held, "the commit point's word");
    try {
      this.#order.onHeld({ release: () => this.#release(), refuse: () => this.#refuse() });
    } catch (error) {
      this.#bug(error);
    }
  }

  #release(): void {
    // The session died while the commit point decided: its outcome says so, no dot can go.
    if (this.#phase !== "held") return;
    this.#phase = "dot";
    this.#allow(this.#waits.answer, "an answer to the final dot");
    this.#stream.letGo();
  }

  #refuse(): void {
    if (this.#phase !== "held") return;
    this.#end({ outcome: "refused" });
  }

  #bug(error: unknown): void {
    // Thrown after `release`: the dot is on its way, so the outcome must still be waited for.
    if (this.#phase !== "held") throw error;
    this.#over();
    this.#connection.close();
    this.#outcome.reject(error);
  }

  #accept(response: string): void {
    if (this.#phase === "over") return;
    const said = this.#words(response);
    // A 250 that comes before our dot answers something else: this server's words mean nothing.
    if (this.#phase !== "dot") {
      this.#end({ outcome: "unreached", fault: "protocol", response: said });
      return;
    }
    this.#end({ outcome: "accepted", response: said });
  }

  #fail(error: unknown): void {
    if (this.#phase === "over") return;
    const code = replyCode(error);
    const isDotWritten = this.#phase === "dot";
    if (code !== null && code >= 400) {
      const response = this.#words(textTrait(error, "response"));
      const outcome = code < 500 ? "deferred" : "rejected";
      const enhanced = enhancedStatus(response);
      this.#end({ outcome, response, code, enhanced, after_dot: isDotWritten });
      return;
    }
    const trouble = smtpTrouble(error, "mail", this.#server);
    if (isDotWritten) this.#end({ outcome: "unclear", response: trouble.response });
    else this.#end({ outcome: "unreached", ...trouble });
  }

  #end(outcome: SendOutcome): void {
    this.#over();
    const hasAnswered = ["accepted", "deferred", "rejected"].includes(outcome.outcome);
    // In the midst of a body QUIT would be a line of the mail.
    if (hasAnswered && !this.#isMidBody) quit(this.#connection, this.#waits.quit);
    else this.#connection.close();
    this.#outcome.resolve(outcome);
  }

  #over(): void {
    this.#isMidBody = this.#phase === "body" || this.#phase === "held";
    this.#phase = "over";
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#order.signal.removeEventListener("abort", this.#stop);
    if (this.#isMidBody) this.#stream.destroy();
  }

  #allow(ms: number, what: string): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const late = new Late(`no end of ${what} within ${ms / 1000} s`, false);
    this.#timer = setTimeout(() => this.#fail(late), ms);
  }

  #words(reply: string): string {
    const said = serverWords(withoutSecrets(reply, this.#server));
    return said === "" ? `no words from ${placeOf(this.#server)}` : said;
  }
}

/** The enhanced status of a reply (RFC 2034 4, RFC 3463 2), or null: `550 5.1.1 ...` gives `5.1.1`. */
export function enhancedStatus(reply: string): string | null {
  return /^[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})(?:\s|$)/.exec(reply)?.[1] ?? null;
}
