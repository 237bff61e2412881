// What is filed in the Sent folder: finding our own mails there, and filing copies where the provider files none.

import { domainOf } from "../../core/address.ts";
import { formatId } from "../../core/ids.ts";
import type { MailboxSession } from "../../core/mail-port.ts";
import { messageIdOf } from "../../core/threading.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findInbox, type InboxRow, setFilesSent } from "../../resources/inboxes/store.ts";
import { listDueCopies } from "../../resources/messages/due.store.ts";
import { findMessage, markCopyFiled, putOffCopy } from "../../resources/messages/store.ts";

const LOOK_AGAIN_MS = 60_000;
/** How long a provider may take to file its own copy before it is said to file none. */
const FILES_WITHIN_MS = 60_000;

/** A mail of ours as it stands in a folder. */
export interface FiledMail {
  folder: string;
  uid: number;
}

/** Sent first, then All Mail. */
export async function evidenceFolders(session: MailboxSession): Promise<string[]> {
  const folders = await session.folders();
  return [
    ...folders.filter(({ role }) => role === "sent"),
    ...folders.filter(({ role }) => role === "all"),
  ].map(({ path }) => path);
}

/** The Message-ID that we gave a mail of this inbox, without brackets. */
export function ownMessageId(ledger: Ledger, inbox: InboxRow, id: number): string {
  return messageIdOf(id, ledger.keys.message_id, domainOf(inbox.email));
}

/**
 * Copies of a message: those of the first folder that has any. By our own header, which survives where a provider
 * rewrites the Message-ID; else by our Message-ID, also where outlook.com has moved it to.
 */
export async function findFiled(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
  { id, folders }: { id: number; folders: readonly string[] },
): Promise<FiledMail[]> {
  const message_id = `<${ownMessageId(ledger, inbox, id)}>`;
  const searches: [header: string, value: string][] = [
    ["X-Imail-Id", formatId("msg", id)],
    ["Message-ID", message_id],
    ["X-Microsoft-Original-Message-ID", message_id],
  ];
  for (const folder of folders) {
    for (const [header, value] of searches) {
      // oxlint-disable-next-line no-await-in-loop -- one command after the other on one session
      const uids = await session.findByHeader(folder, header, value);
      if (uids.length > 0) return uids.map((uid) => ({ folder, uid }));
    }
  }
  return [];
}

/** Files copies where the provider files none. Looks first: a copy that a crash left unnoted is not filed twice. */
export async function fileCopies(
  ledger: Ledger,
  inbox_id: number,
  session: MailboxSession,
): Promise<void> {
  const copies = listDueCopies(ledger, inbox_id, ledger.clock.now());
  const folders = copies.length > 0 ? await evidenceFolders(session) : [];
  const sent = folders[0];
  if (sent === undefined) return;
  for (const { id, bytes } of copies) {
    const inbox = findInbox(ledger, inbox_id);
    if (!inbox) return;
    const found = await findFiled(ledger, inbox, session, { id, folders });
    if (found.length > 0) {
      ledger.write((tx) => {
        if (inbox.save_sent === "auto" && inbox.files_sent === null)
          setFilesSent(tx, inbox_id, true);
        markCopyFiled(tx, id);
      });
      continue;
    }
    if (mayStillBeFiled(ledger, inbox, id)) {
      ledger.write((tx) => putOffCopy(tx, id, tx.now + LOOK_AGAIN_MS));
      continue;
    }
    await session.append(sent, bytes, ["\\Seen"]);
    ledger.write((tx) => {
      if (inbox.save_sent === "auto" && inbox.files_sent === null)
        setFilesSent(tx, inbox_id, false);
      markCopyFiled(tx, id);
    });
  }
}

/** With `auto`, the first mails wait until it is known whether the provider files its own copy. */
function mayStillBeFiled(ledger: Ledger, inbox: InboxRow, id: number): boolean {
  if (inbox.save_sent !== "auto" || inbox.files_sent !== null) return false;
  const sent_at = findMessage(ledger, id)?.sent_at ?? 0;
  return ledger.clock.now() - sent_at < FILES_WITHIN_MS;
}
