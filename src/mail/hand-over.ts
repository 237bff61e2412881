// Hands one mail to a logged-in session and tells what became of it. Our own phase knows whether the dot was written:
// it is written in one place, by `release`. What fails before it delivers nothing, what fails after it is a doubt.

import type { MailServer, SendOrder, SendOutcome } from "../core/mail-port.ts";
import { Late } from "./deadline.ts";
import { dotStuffed } from "./dot-stuffed.ts";
import { smtpTrouble } from "./login-faults.ts";
import { placeOf, serverWords, withoutSecrets } from "./server-words.ts";
import type { Reply, SmtpChannel } from "./smtp-channel.ts";
import type { SmtpWaits } from "./smtp-session.ts";

/** `session` up to the 354, `body` while it is written, `held` for the commit point, `dot` once it is let go. */
type Phase = "session" | "body" | "held" | "dot" | "over";

/**
 * `stale`: a kept session that had ended, or wants no more mail; it has read nothing of this one. `is_free`: the session
 * waits for its next command; else it is closed.
 */
export type HandedOver = { end: "stale" } | { end: "told"; outcome: SendOutcome; is_free: boolean };

/** What the server is asked before the body, in order. */
const ASKED = ["MAIL", "RCPT", "DATA"] as const;
type Asked = (typeof ASKED)[number];
const PIECE_BYTES = 64 * 1024;

export class HandOver {
  readonly #channel: SmtpChannel;
  readonly #server: MailServer;
  readonly #order: SendOrder;
  readonly #waits: SmtpWaits;
  readonly #was_kept: boolean;
  readonly #ended = Promise.withResolvers<HandedOver>();
  readonly #stop = () => this.#fail(new Late("stopped by us", true));
  #phase: Phase = "session";
  #answered = 0;
  /** The first of MAIL, RCPT and DATA that was refused: its reply is the outcome. */
  #refusal: { reply: Reply; asked: Asked } | null = null;
  #body: Buffer = Buffer.alloc(0);
  #timer: Timer | null = null;

  constructor(channel: SmtpChannel, server: MailServer, order: SendOrder, waits: SmtpWaits) {
    this.#channel = channel;
    this.#server = server;
    this.#order = order;
    this.#waits = waits;
    this.#was_kept = channel.mails > 0;
  }

  /** Sends the mail. Rejects only for a bug in `onHeld`. */
  run(): Promise<HandedOver> {
    const { signal } = this.#order;
    this.#channel.mails++;
    // MAIL, RCPT and DATA may be pipelined: one limit for the three.
    this.#allow(3 * this.#waits.command, "an answer to MAIL, RCPT and DATA");
    signal.addEventListener("abort", this.#stop);
    if (signal.aborted) this.#stop();
    else {
      this.#channel.listen({
        onReply: (reply) => this.#read(reply),
        onEnd: (error) => this.#fail(error),
      });
      this.#ask(this.#channel.has_pipelining ? ASKED : ["MAIL"]);
    }
    return this.#ended.promise;
  }

  #ask(verbs: readonly Asked[]): void {
    const { from, to } = this.#order.envelope;
    const lines = {
      MAIL: `MAIL FROM:<${from}>\r\n`,
      RCPT: `RCPT TO:<${to}>\r\n`,
      DATA: "DATA\r\n",
    };
    this.#channel.write(verbs.map((verb) => lines[verb]).join(""));
  }

  #read(reply: Reply): void {
    if (this.#phase === "over") return;
    if (this.#phase === "session") this.#readAnswer(reply);
    else if (reply.code >= 400) this.#tell(this.#refused(reply), this.#phase === "dot");
    else if (this.#phase === "dot" && reply.code < 300)
      this.#tell({ outcome: "accepted", response: this.#words(reply.text) }, true);
    // A 250 before our dot answers something else: this server's words mean nothing.
    else this.#nonsense(reply);
  }

  /** MAIL and RCPT want a 2xx, DATA a 354; some servers say 250 instead. */
  #readAnswer(reply: Reply): void {
    const asked = ASKED[this.#answered++] ?? "DATA";
    const next = ASKED[this.#answered];
    const is_yes = reply.code < (asked === "DATA" ? 400 : 300);
    if (!is_yes && reply.code < 400) {
      this.#nonsense(reply);
      return;
    }
    if (!is_yes) this.#refusal ??= { reply, asked };
    const is_leaving = reply.code === 421;
    if (this.#channel.has_pipelining && next && !is_leaving) return;
    if (this.#refusal) this.#giveUp(this.#refusal, !is_yes && !is_leaving);
    else if (next) this.#ask([next]);
    else this.#writeBody();
  }

  /** Refused before the body. Whoever says no and then wants the body gets none, not even a goodbye: it would be a line of it. */
  #giveUp({ reply, asked }: { reply: Reply; asked: Asked }, is_free: boolean): void {
    // What a kept session has no more mails for is said at MAIL, or with a 421: a new one knows better.
    if (this.#was_kept && (reply.code === 421 || asked === "MAIL")) this.#stale();
    else this.#tell(this.#refused(reply), is_free);
  }

  #writeBody(): void {
    this.#phase = "body";
    this.#body = dotStuffed(this.#order.bytes);
    this.#writeFrom(0);
  }

  /** Piece by piece, each once the one before has left: what our side still buffers may never leave it. */
  #writeFrom(start: number): void {
    if (this.#phase !== "body") return;
    this.#allow(this.#waits.progress, "progress of the body");
    const last = this.#body.length - 1;
    for (let at = start; at < last; at += PIECE_BYTES) {
      const next = Math.min(at + PIECE_BYTES, last);
      const piece = this.#body.subarray(at, next);
      if (!this.#channel.write(piece, () => this.#writeFrom(next))) return;
    }
    this.#hold();
  }

  #hold(): void {
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
    // The mail's last byte, then the dot.
    this.#channel.write("\n.\r\n");
  }

  #refuse(): void {
    if (this.#phase === "held") this.#tell({ outcome: "refused" }, false);
  }

  #bug(error: unknown): void {
    // Thrown after `release`: the dot is on its way, so the outcome must still be waited for.
    if (this.#phase !== "held") throw error;
    this.#over(false);
    this.#ended.reject(error);
  }

  #nonsense({ text }: Reply): void {
    const response = this.#words(text);
    // After our dot nothing proves that it was not taken.
    if (this.#phase === "dot") this.#tell({ outcome: "unclear", response }, false);
    else this.#tell({ outcome: "unreached", fault: "protocol", response }, false);
  }

  #fail(error: unknown): void {
    if (this.#phase === "over") return;
    const is_stopped = error instanceof Late && error.stopped;
    if (this.#refusal) this.#giveUp(this.#refusal, false);
    else if (this.#phase === "session" && this.#was_kept && !is_stopped) this.#stale();
    else {
      const trouble = smtpTrouble(error, "mail", this.#server);
      if (this.#phase === "dot")
        this.#tell({ outcome: "unclear", response: trouble.response }, false);
      else this.#tell({ outcome: "unreached", ...trouble }, false);
    }
  }

  #refused(reply: Reply): SendOutcome {
    const response = this.#words(reply.text);
    return {
      outcome: reply.code < 500 ? "deferred" : "rejected",
      response,
      code: reply.code,
      enhanced: enhancedStatus(response),
      after_dot: this.#phase === "dot",
    };
  }

  #stale(): void {
    this.#over(false);
    this.#ended.resolve({ end: "stale" });
  }

  #tell(outcome: SendOutcome, is_free: boolean): void {
    this.#over(is_free);
    this.#ended.resolve({ end: "told", outcome, is_free });
  }

  #over(is_free: boolean): void {
    this.#phase = "over";
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#order.signal.removeEventListener("abort", this.#stop);
    this.#channel.listen(null);
    if (!is_free) this.#channel.close();
  }

  #allow(ms: number, what: string): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#fail(new Late(`no end of ${what} within ${ms / 1000} s`, false));
    }, ms);
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
