// IMAP servers with one vice each, for what Dovecot never does. Spoken as far as imapflow asks: CAPABILITY,
// login, LIST, EXAMINE, UID SEARCH and UID FETCH, in clear text on loopback.

import { once } from "node:events";
import { createServer, type Socket } from "node:net";

import type { MailAccount } from "../../src/core/mail-port.ts";
import { accountAt, type AccountChanges } from "./smtp-server.ts";

type Answer = (tag: string, socket: Socket, line: string) => void;

export interface ImapVice {
  greeting?: string | null;
  /** By command, without `UID `: LOGIN, EXAMINE, SEARCH, FETCH, STATUS ... */
  answers?: Record<string, Answer>;
}

export interface ViceServer {
  port: number;
  commands: string[];
  account: (changes?: AccountChanges) => MailAccount;
  close: () => Promise<void>;
}

/** Untagged lines, then the tagged one: `OK done` unless told. */
export function says(lines: string[], tagged = "OK done"): Answer {
  return (tag, socket) => {
    socket.write([...lines.map((line) => `* ${line}`), `${tag} ${tagged}`, ""].join("\r\n"));
  };
}

/** LIST, apart from `LIST "" ""`, which only asks for the delimiter (RFC 9051 6.3.9). */
export function listing(lines: string[]): Answer {
  const root = says(['LIST (\\Noselect) "/" ""']);
  const all = says(lines);
  return (tag, socket, line) => (line.endsWith('"" ""') ? root : all)(tag, socket, line);
}

const HONEST: Record<string, Answer> = {
  CAPABILITY: says(["CAPABILITY IMAP4rev1"]),
  LOGIN: says([], "OK [CAPABILITY IMAP4rev1 IDLE] welcome"),
  LIST: listing(['LIST (\\HasNoChildren) "/" INBOX']),
  EXAMINE: says(
    ["3 EXISTS", "FLAGS ()", "OK [UIDVALIDITY 9] ok", "OK [UIDNEXT 31] ok"],
    "OK [READ-ONLY] done",
  ),
  SEARCH: says(["SEARCH 30"]),
  LOGOUT: says(["BYE see you"]),
};

export async function imapWith(vice: ImapVice): Promise<ViceServer> {
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const answers: Record<string, Answer> = { ...HONEST, ...vice.answers };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    if (vice.greeting !== null) socket.write(`${vice.greeting ?? "* OK ready"}\r\n`);
    let read = "";
    socket.on("data", (chunk) => {
      read += chunk.toString("latin1");
      for (let end = read.indexOf("\r\n"); end !== -1; end = read.indexOf("\r\n")) {
        const line = read.slice(0, end);
        read = read.slice(end + 2);
        commands.push(line);
        const [tag = "*", first = "", second = ""] = line.split(" ");
        const verb = first.toUpperCase() === "UID" ? second : first;
        (answers[verb.toUpperCase()] ?? says([]))(tag, socket, line);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  const { port } = address;
  return {
    port,
    commands,
    account: (changes) => accountAt(port, changes),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await promise;
    },
  };
}

const die: Answer = (_tag, socket) => socket.destroy();

export const imapThatRefusesLogin = (words: string) =>
  imapWith({ answers: { LOGIN: says([], words) } });
export const imapThatNeverGreets = () => imapWith({ greeting: null });
export const imapThatDiesIn = (command: string) => imapWith({ answers: { [command]: die } });
export const imapThatIsSilentIn = (command: string) =>
  imapWith({ answers: { [command]: () => undefined } });
export const imapWithoutUidValidity = () =>
  imapWith({
    answers: {
      EXAMINE: says(["3 EXISTS", "OK [UIDVALIDITY 0] ok", "OK [UIDNEXT 31] ok"]),
      STATUS: says(["STATUS INBOX (UIDNEXT 31 UIDVALIDITY 0)"]),
    },
  });

/** Says that a mail has ten bytes and sends as much of a long one as it is asked for. */
export function imapThatLiesAboutSizes(mail: string): Promise<ViceServer> {
  return imapWith({
    answers: {
      FETCH: (tag, socket, line) => {
        const asked = /<0\.(\d+)>/.exec(line)?.[1];
        const piece = mail.slice(0, Number(asked ?? 0));
        const body =
          asked === undefined ? "RFC822.SIZE 10" : `BODY[]<0> {${piece.length}}\r\n${piece}`;
        socket.write(`* 1 FETCH (UID 30 ${body})\r\n${tag} OK done\r\n`);
      },
    },
  });
}
