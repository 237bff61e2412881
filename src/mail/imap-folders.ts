// Which folders matter and where they are: by their special use (RFC 6154), else by the names that
// providers and languages give them (imapflow knows some hundred: Sent Items, Gesendet, Spam ...).

import type { ListResponse } from "imapflow";

import type { Folder, FolderRole } from "../core/mail-port.ts";

const ROLES: readonly [use: string, role: FolderRole][] = [
  ["\\Inbox", "inbox"],
  ["\\Junk", "junk"],
  ["\\Sent", "sent"],
  ["\\All", "all"],
];

/** One folder per role, at most: what the server has marked goes before what is only named so. */
export function rolesOf(listed: readonly ListResponse[]): Folder[] {
  const open = listed.filter(
    ({ flags }) => !flags.has("\\Noselect") && !flags.has("\\NonExistent"),
  );
  return ROLES.flatMap(([use, role]) => {
    const meant = open.filter((folder) => folder.specialUse === use);
    const folder = meant.find((one) => one.specialUseSource === "extension") ?? meant[0];
    return folder === undefined ? [] : [{ path: folder.path, role }];
  });
}
