// Reads an inbox up to date: UIDs above the cursor, UIDVALIDITY respected, each mail once. Only when every folder was
// read is the inbox "read", and only then may follow-ups go (domain.md "Never follow up blind").
import type { Folder, MailboxSession } from "../../core/mail-port.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findFolder, type FolderRow, setCursor } from "../../resources/inboxes/folders.store.ts";
import { type InboxRow, markRead } from "../../resources/inboxes/store.ts";
import { noteWorks } from "../inbox-health.ts";
import { ingestMail } from "./ingest.ts";

const BATCH = 50;
/** After a UIDVALIDITY reset this much is read again; what was judged before is recognised and has no second effect. */
const REREAD_MS = 3 * 86_400_000;

/** Reads INBOX and Junk. Throws MailboxError when the session breaks; what was judged until then stays judged. */
export async function readUpToDate(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
): Promise<void> {
  const began_at = ledger.clock.now();
  for (const folder of await session.folders()) {
    if (folder.role === "inbox" || folder.role === "junk")
      await readFolder(ledger, inbox, session, folder);
  }
  ledger.write((tx) => {
    noteWorks(ledger, tx, inbox.id, "imap");
    markRead(tx, inbox.id, began_at);
    tx.nudge("send");
  });
}

async function readFolder(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
  folder: Folder,
): Promise<void> {
  const status = await session.status(folder.path);
  const known = findFolder(ledger, inbox.id, folder.path);
  const place = { path: folder.path, role: folder.role, uidvalidity: status.uidvalidity };
  let next_uid = await firstUnread(session, known, {
    ...status,
    path: folder.path,
    inbox_read_at: inbox.read_at,
  });
  if (known?.uidvalidity !== status.uidvalidity || known.next_uid !== next_uid) {
    ledger.write((tx) => setCursor(tx, inbox.id, { ...place, next_uid }));
  }
  while (next_uid < status.uidnext) {
    const mails = await session.fetchFrom(folder.path, next_uid, BATCH);
    for (const mail of mails) await ingestMail(ledger, inbox, place, mail);
    const last = mails[mails.length - 1];
    // Nothing there although UIDNEXT says so: those UIDs were expunged.
    next_uid = last ? last.uid + 1 : status.uidnext;
    if (!last) ledger.write((tx) => setCursor(tx, inbox.id, { ...place, next_uid }));
  }
}

/** A new inbox is read from UIDNEXT on: what lies there is somebody's private mail. */
async function firstUnread(
  session: MailboxSession,
  known: FolderRow | null,
  folder: { path: string; uidvalidity: number; uidnext: number; inbox_read_at: number | null },
): Promise<number> {
  if (known?.uidvalidity === folder.uidvalidity) return known.next_uid;
  // Until then every folder was read: also one that is new in an old inbox (a server's first Junk) is read from there.
  const read_at = Math.max(folder.inbox_read_at ?? 0, known?.read_at ?? 0);
  if (read_at === 0) return folder.uidnext;
  return (await session.firstUidSince(folder.path, read_at - REREAD_MS)) ?? folder.uidnext;
}
