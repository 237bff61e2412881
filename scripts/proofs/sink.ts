// The far end of the proofs: takes mails over SMTP (RFC 5321), badly where it is told to, outlives imail, and remembers
// what it took. What it took stands in a Sent folder from that moment on, so that doubts have an answer.

import type { Socket } from "bun";

import { type Chance, chanceOf } from "../../test/world/chance.ts";
import { fieldOf, openSentFolders } from "./sent-folders.ts";

/** How often each vice comes, 0 to 1; what is left over is honest. */
export interface Vices {
  /** Takes the mail and drops the connection without an answer (RFC 1047). */
  drops: number;
  /** Says nothing at all after the dot; takes the mail every second time. */
  silent: number;
  /** 451 after the dot: not taken. */
  defers: number;
  /** Cuts the connection after the 354: not taken. */
  cuts: number;
  /** Takes the mail up to so many ms after the dot, whether the client is still there or not. */
  slowest_ms: number;
}

export const HONEST: Vices = { drops: 0, silent: 0, defers: 0, cuts: 0, slowest_ms: 0 };
export const FAULTY: Vices = {
  drops: 0.05,
  silent: 0.03,
  defers: 0.03,
  cuts: 0.03,
  slowest_ms: 25,
};

/** What the sink has just done for a mail: a harness may strike at that very moment. */
export type Moment = "data" | "dot" | "taken" | "answered";

export interface Taken {
  /** X-Imail-Id. */
  id: string;
  to: string;
  /** What the body says between `[[` and `]]`: the campaign and the step. */
  mark: string;
}

export interface Sink {
  smtp_port: number;
  imap_port: number;
  /** Every mail that was taken, as often as it was. */
  readonly taken: Taken[];
  /** Ids of the mails that were answered with a 451. */
  readonly deferred: Set<string>;
  /** Dots that have come in. */
  dots(): number;
  behave(vices: Vices): void;
  onMoment(tell: ((moment: Moment) => void) | null): void;
  /** Does this first when the next mail comes so far, and answers afterwards: before its body, or after its dot. */
  before(answer: "354" | "250", work: () => Promise<void>): void;
  close(): void;
}

interface Session {
  text: string;
  login: string;
  to: string;
  in_data: boolean;
}

const END = "\r\n.\r\n";
const EHLO = "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n";

/** Opens the sink on free ports. */
export function openSink(seed: number, first: Vices = FAULTY): Sink {
  const floor = new Floor(chanceOf(seed), first);
  const server = Bun.listen<Session>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { text: "", login: "", to: "", in_data: false };
        socket.write("220 sink.test ESMTP\r\n");
      },
      data(socket, bytes) {
        socket.data.text += bytes.toString("latin1");
        floor.read(socket);
      },
    },
  });
  return {
    smtp_port: server.port,
    imap_port: floor.folders.port,
    taken: floor.taken,
    deferred: floor.deferred,
    dots: () => floor.dots,
    behave: (vices) => void (floor.vices = vices),
    onMoment: (tell) => void (floor.tell = tell),
    before: (answer, work) => void (floor.first = { answer, work }),
    close() {
      server.stop(true);
      floor.folders.close();
    },
  };
}

class Floor {
  readonly folders = openSentFolders();
  readonly taken: Taken[] = [];
  readonly deferred = new Set<string>();
  dots = 0;
  vices: Vices;
  tell: ((moment: Moment) => void) | null = null;
  first: { answer: string; work: () => Promise<void> } | null = null;
  readonly #chance: Chance;

  constructor(chance: Chance, vices: Vices) {
    this.#chance = chance;
    this.vices = vices;
  }

  /** Takes all whole commands and bodies off what has come in. */
  read(socket: Socket<Session>): void {
    const session = socket.data;
    for (;;) {
      const mark = session.in_data ? END : "\r\n";
      const end = session.text.indexOf(mark);
      if (end < 0) return;
      const piece = session.text.slice(0, end);
      session.text = session.text.slice(end + mark.length);
      if (session.in_data) this.#body(socket, piece);
      else this.#command(socket, piece);
    }
  }

  #command(socket: Socket<Session>, line: string): void {
    const session = socket.data;
    switch (line.slice(0, 4).toUpperCase()) {
      case "EHLO":
        socket.write(EHLO);
        return;
      case "AUTH":
        session.login =
          Buffer.from(line.split(" ")[2] ?? "", "base64")
            .toString()
            .split("\0")[1] ?? "";
        socket.write("235 2.7.0 welcome\r\n");
        return;
      case "RCPT":
        session.to = /<(.*)>/.exec(line)?.[1] ?? "";
        socket.write("250 2.1.5 ok\r\n");
        return;
      case "DATA":
        session.in_data = true;
        void this.#say(socket, "354 go on\r\n");
        this.tell?.("data");
        if (this.#chance() < this.vices.cuts) socket.terminate();
        return;
      case "QUIT":
        socket.write("221 bye\r\n");
        socket.end();
        return;
      default:
        socket.write("250 2.0.0 ok\r\n");
    }
  }

  async #say(socket: Socket<Session>, answer: string): Promise<void> {
    const { first } = this;
    if (first && answer.startsWith(first.answer)) {
      this.first = null;
      await first.work();
    }
    socket.write(answer);
  }

  #body(socket: Socket<Session>, mail: string): void {
    const { login, to } = socket.data;
    socket.data.in_data = false;
    this.dots++;
    this.tell?.("dot");
    const { drops, silent, defers, slowest_ms } = this.vices;
    const roll = this.#chance();
    const wait = Math.round(this.#chance() * slowest_ms);
    const id = fieldOf(mail, "X-Imail-Id") ?? "";
    if (roll < defers) {
      this.deferred.add(id);
      socket.write("451 4.3.0 not now\r\n");
      return;
    }
    const is_silent = roll < defers + silent;
    const is_dropped = !is_silent && roll < defers + silent + drops;
    if (is_silent && this.#chance() < 0.5) return;
    const take = () => {
      this.taken.push({ id, to, mark: /\[\[(.*?)\]\]/.exec(mail)?.[1] ?? "" });
      this.folders.file(login, mail);
      this.tell?.("taken");
      if (is_silent) return;
      if (is_dropped) socket.terminate();
      else void this.#say(socket, `250 2.0.0 taken as ${this.taken.length}\r\n`);
      this.tell?.("answered");
    };
    // Whether the client is still there or not: what the dot has ended is taken.
    if (wait === 0) take();
    else setTimeout(take, wait);
  }
}
