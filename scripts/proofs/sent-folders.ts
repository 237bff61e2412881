// The mailboxes of the sink, over IMAP4rev1 in clear text on loopback (RFC 3501): an empty INBOX and a Sent folder per
// login, where every mail that the sink took can be asked for. Spoken as far as imail asks.

import type { Socket } from "bun";

interface Filed {
  uid: number;
  head: string;
}

/** The Sent folder of one login. */
class SentFolder {
  readonly filed: Filed[] = [];
  readonly #by_header = new Map<string, number[]>();

  file(mail: string): void {
    const end = mail.indexOf("\r\n\r\n");
    const head = mail.slice(0, end < 0 ? mail.length : end + 2);
    const uid = this.filed.length + 1;
    this.filed.push({ uid, head });
    for (const name of ["x-imail-id", "message-id"]) {
      const key = `${name} ${fieldOf(head, name) ?? ""}`;
      this.#by_header.set(key, [...(this.#by_header.get(key) ?? []), uid]);
    }
  }

  find(name: string, value: string): number[] {
    return this.#by_header.get(`${name.toLowerCase()} ${value}`) ?? [];
  }
}

/** The value of a header field (RFC 5322 2.2), unfolded, or null. */
export function fieldOf(head: string, name: string): string | null {
  const found = new RegExp(`^${name}:((?:[^\\r\\n]|\\r\\n[ \\t])*)`, "im").exec(head)?.[1];
  return found === undefined ? null : found.replace(/\r\n(?=[ \t])/g, "").trim();
}

export interface SentFolders {
  port: number;
  /** Files a mail that the sink took. */
  file(login: string, mail: string): void;
  close(): void;
}

/** One connection's life. */
interface Session {
  text: string;
  login: string;
  folder: string;
  idle_tag: string | null;
  append: { tag: string; bytes: number } | null;
}

type Answer = (line: string) => string;

const CAPABILITIES = "CAPABILITY IMAP4rev1 IDLE SPECIAL-USE UIDPLUS";

/** Opens the IMAP server. Any password is right. */
export function openSentFolders(): SentFolders {
  const folders = new Map<string, SentFolder>();
  const folderOf = (login: string) => {
    const folder = folders.get(login) ?? new SentFolder();
    folders.set(login, folder);
    return folder;
  };
  const server = Bun.listen<Session>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { text: "", login: "", folder: "", idle_tag: null, append: null };
        socket.write(`* OK [${CAPABILITIES}] ready\r\n`);
      },
      data(socket, bytes) {
        socket.data.text += bytes.toString("latin1");
        readAll(socket, folderOf);
      },
    },
  });
  return {
    port: server.port,
    file: (login, mail) => folderOf(login).file(mail),
    close: () => server.stop(true),
  };
}

function readAll(socket: Socket<Session>, folderOf: (login: string) => SentFolder): void {
  const session = socket.data;
  for (;;) {
    if (session.append) {
      const { tag, bytes } = session.append;
      if (session.text.length < bytes + 2) return;
      folderOf(session.login).file(session.text.slice(0, bytes));
      session.text = session.text.slice(bytes + 2);
      session.append = null;
      socket.write(`${tag} OK appended\r\n`);
      continue;
    }
    const end = session.text.indexOf("\r\n");
    if (end < 0) return;
    const line = session.text.slice(0, end);
    session.text = session.text.slice(end + 2);
    socket.write(answer(session, line, folderOf));
    if (/^\S+ LOGOUT/i.test(line)) socket.end();
  }
}

function answer(session: Session, line: string, folderOf: (login: string) => SentFolder): string {
  if (/^DONE$/i.test(line)) {
    const tag = session.idle_tag ?? "*";
    session.idle_tag = null;
    return `${tag} OK idled\r\n`;
  }
  const [tag = "*", ...words] = line.split(" ");
  const verb = (/^uid$/i.test(words[0] ?? "") ? words[1] : words[0])?.toUpperCase() ?? "";
  if (verb === "IDLE") {
    session.idle_tag = tag;
    return "+ idling\r\n";
  }
  if (verb === "APPEND") {
    session.append = { tag, bytes: Number(/\{(\d+)\+?\}$/.exec(line)?.[1] ?? 0) };
    return "+ go on\r\n";
  }
  const known: Record<string, Answer> = {
    CAPABILITY: () => `* ${CAPABILITIES}\r\n`,
    LOGIN: () => logIn(session, words),
    LIST: list,
    EXAMINE: () => open(session, words, folderOf),
    SELECT: () => open(session, words, folderOf),
    STATUS: () => status(session, words, folderOf),
    SEARCH: (text) => `* SEARCH ${search(session, text, folderOf).join(" ")}\r\n`,
    FETCH: (text) => fetch(session, text, folderOf),
    LOGOUT: () => "* BYE see you\r\n",
  };
  return `${known[verb]?.(line) ?? ""}${tag} OK done\r\n`;
}

function logIn(session: Session, words: readonly string[]): string {
  session.login = unquoted(words[1] ?? "");
  return "";
}

const unquoted = (word: string) => word.replace(/^"(.*)"$/, "$1");

function list(line: string): string {
  if (line.endsWith('"" ""')) return '* LIST (\\Noselect) "/" ""\r\n';
  return '* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\HasNoChildren \\Sent) "/" Sent\r\n';
}

function open(
  session: Session,
  words: readonly string[],
  folderOf: (login: string) => SentFolder,
): string {
  session.folder = unquoted(words[1] ?? "");
  const count = session.folder === "Sent" ? folderOf(session.login).filed.length : 0;
  return `* FLAGS (\\Seen)\r\n* ${count} EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT ${count + 1}] ok\r\n`;
}

function status(
  session: Session,
  words: readonly string[],
  folderOf: (login: string) => SentFolder,
): string {
  const name = unquoted(words[1] ?? "");
  const count = name === "Sent" ? folderOf(session.login).filed.length : 0;
  return `* STATUS ${name} (UIDNEXT ${count + 1} UIDVALIDITY 1)\r\n`;
}

function search(session: Session, line: string, folderOf: (login: string) => SentFolder): number[] {
  if (session.folder !== "Sent") return [];
  const header = / HEADER (\S+) (.+)$/i.exec(line);
  if (header)
    return folderOf(session.login).find(unquoted(header[1] ?? ""), unquoted(header[2] ?? ""));
  return folderOf(session.login).filed.map(({ uid }) => uid);
}

function fetch(session: Session, line: string, folderOf: (login: string) => SentFolder): string {
  const uids = / FETCH ([\d,]+) /i.exec(line)?.[1]?.split(",").map(Number) ?? [];
  if (/BODY\.PEEK\[HEADER\]/i.test(line)) return headers(uids, folderOf(session.login));
  const field = /HEADER\.FIELDS \("?([\w-]+)"?\)/i.exec(line)?.[1] ?? "X-Imail-Id";
  return uids
    .map((uid) => {
      const head = folderOf(session.login).filed[uid - 1]?.head ?? "";
      const found = `${field}: ${fieldOf(head, field) ?? ""}\r\n\r\n`;
      return `* ${uid} FETCH (UID ${uid} BODY[HEADER.FIELDS (${field})] {${found.length}}\r\n${found})\r\n`;
    })
    .join("");
}

function headers(uids: readonly number[], { filed }: SentFolder): string {
  return uids
    .map((uid) => {
      const head = `${filed[uid - 1]?.head.trimEnd() ?? ""}\r\n\r\n`;
      const facts = `UID ${uid} FLAGS (\\Seen) INTERNALDATE "21-Nov-2026 12:00:00 +0000" RFC822.SIZE ${head.length}`;
      return `* ${uid} FETCH (${facts} BODY[HEADER]<0> {${head.length}}\r\n${head})\r\n`;
    })
    .join("");
}
