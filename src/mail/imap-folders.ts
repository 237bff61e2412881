// Which folders matter and where they are: by their special use (RFC 6154), else by the names that providers and
// languages give them (imapflow knows some hundred: Sent Items, Gesendet, Spam ...; here are those that it misses).

import type { ListResponse } from "imapflow";

import type { Folder, FolderRole } from "../core/mail-port.ts";

const ROLES: readonly [use: string, role: FolderRole][] = [
  ["\\Inbox", "inbox"],
  ["\\Junk", "junk"],
  ["\\Sent", "sent"],
  ["\\All", "all"],
];

/** Some providers sort strangers' mail into several folders, and an answer from a new address is a stranger's. */
const JUNK_MOST = 3;

/** Last parts of folders' names, folded as `folded` does. */
const NAMES: Partial<Record<FolderRole, ReadonlySet<string>>> = {
  junk: new Set([
    "bulk",
    "probably-spam",
    "quarantine",
    "spambox",
    "spamverdacht",
    "unbekannt",
    "wiadomości śmieci",
    "迷惑メールフォルダ",
    "البريد غير الهام",
  ]),
  sent: new Set([
    "correo enviado",
    "elements enviats",
    "enviades",
    "gönderilenler",
    "išsiųsta",
    "odeslaná",
    "sent objects",
    "skickade",
    "送信済",
    "已傳送郵件",
    "보낸편지함",
    "보낸 메일함",
    "דואר יוצא",
    "العناصر المرسلة",
  ]),
  all: new Set(["all mail"]),
};

/** INBOX, Sent and All Mail once each and at most three Junk folders: what the server has marked goes before what is only named so. */
export function rolesOf(listed: readonly ListResponse[]): Folder[] {
  const open = listed.filter(
    ({ flags }) => !flags.has("\\Noselect") && !flags.has("\\NonExistent"),
  );
  return ROLES.flatMap(([use, role]) => {
    const known = open.filter((folder) => folder.specialUse === use);
    const marked = known.filter((folder) => folder.specialUseSource === "extension");
    const named = open.filter(
      (folder) => !folder.specialUse && NAMES[role]?.has(folded(nameOf(folder))) === true,
    );
    const meant = [...new Set([...marked, ...known, ...named])];
    return meant.slice(0, role === "junk" ? JUNK_MOST : 1).map(({ path }) => ({ path, role }));
  });
}

/** The last part: `INBOX.Sent` and `INBOX/Sent` are Sent (RFC 2342 personal namespaces). */
function nameOf({ path, delimiter }: ListResponse): string {
  return delimiter === "" ? path : path.slice(path.lastIndexOf(delimiter) + delimiter.length);
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase().replace(/\s+/g, " ").trim();
}
