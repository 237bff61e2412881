// What the Sent folder is for: evidence for mails whose answer was lost, and copies of those that were sent.

import { domainOf } from "../../core/address.ts";
import { formatId } from "../../core/ids.ts";
import type { MailboxSession } from "../../core/mail-port.ts";
import { messageIdOf } from "../../core/threading.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findInbox, type InboxRow, setFilesSent } from "../../resources/inboxes/store.ts";
import { listDueCopies, listUncertain } from "../../resources/messages/due.store.ts";
import {
  findMessage,
  markCopyFiled,
  markLookedUp,
  putOffCopy,
} from "../../resources/messages/store.ts";
import { settleSent } from "../send/settle.ts";

const LOOK_AGAIN_MS = 60_000;
/** How long a provider may take to file its own copy before it is said to file none. */
const FILES_WITHIN_MS = 60_000;

/** Looks for every uncertain mail of the inbox in Sent (and All Mail), by our own header and by Message-ID. */
export async function settleDoubts(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
): Promise<void> {
  const doubts = listUncertain(ledger, inbox.id, ledger.clock.now() - LOOK_AGAIN_MS);
  if (doubts.length === 0) return;
  const folders = await evidenceFolders(session);
  for (const { id } of doubts) {
    const found = await isFiled(ledger, inbox, session, { id, folders });
    ledger.write((tx) => {
      const message = findMessage(tx, id);
      markLookedUp(tx, id);
      if (!found || message?.state !== "uncertain") return;
      settleSent(ledger, tx, message, {
        response: "found in the Sent folder",
        sent_at: message.committed_at ?? tx.now,
      });
      // The copy that proves it is the copy.
      markCopyFiled(tx, id);
      tx.nudge("send");
    });
  }
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
    if (await isFiled(ledger, inbox, session, { id, folders })) {
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

/** Sent first, then All Mail. */
async function evidenceFolders(session: MailboxSession): Promise<string[]> {
  const folders = await session.folders();
  return [
    ...folders.filter(({ role }) => role === "sent"),
    ...folders.filter(({ role }) => role === "all"),
  ].map(({ path }) => path);
}

async function isFiled(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
  { id, folders }: { id: number; folders: readonly string[] },
): Promise<boolean> {
  const domain = domainOf(inbox.email);
  const message_id = `<${messageIdOf(id, ledger.keys.message_id, domain)}>`;
  for (const folder of folders) {
    if ((await session.findByHeader(folder, "X-Imail-Id", formatId("msg", id))).length > 0)
      return true;
    if ((await session.findByHeader(folder, "Message-ID", message_id)).length > 0) return true;
  }
  return false;
}
