// Reads an inbox up to date: UIDs above the cursor, UIDVALIDITY respected, each mail once. Only when every folder was
// read is the inbox "read", and only then may follow-ups go (domain.md "Never follow up blind").
import type { Log } from "../../core/log.ts";
import type { Folder, FolderRole, MailboxSession } from "../../core/mail-port.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findFolder, type FolderRow, setCursor } from "../../resources/inboxes/folders.store.ts";
import { type InboxRow, markRead } from "../../resources/inboxes/store.ts";
import { clearSuspects, lastSuspect } from "../../resources/inboxes/unread.store.ts";
import { firstSlotOf } from "../../resources/messages/due.store.ts";
import { noteWorks } from "../inbox-health.ts";
import { noteFailedFetch, type Place, takeBatch } from "./batch.ts";
import { type Incoming, takeMail } from "./ingest.ts";
import { openTurns } from "./turns.ts";

const BATCH = 50;
/** So many mails of one folder, and the next folder has its turn: a giant Junk does not keep the INBOX waiting. */
const PASS_MOST = 200;
/** After a UIDVALIDITY reset this much is read again; what was judged before is recognised and has no second effect. */
const REREAD_MS = 3 * 86_400_000;

/** What a mail of one folder does. It writes through `tx` only, and what it throws keeps this mail alone out. */
export type FolderJudge = (ledger: Ledger, tx: Tx, incoming: Incoming) => unknown;

/** The folders that are read, in this order, and what their mails do. Each folder has a cursor of its own. */
export type FolderJudges = readonly (readonly [role: FolderRole, judge: FolderJudge])[];

const JUDGES: FolderJudges = [
  ["inbox", takeMail],
  ["junk", takeMail],
];

/** Inboxes that have more to read than one pass, at the same time. Whoever has little to read never waits for them. */
const behind = openTurns(4);

export interface Reading {
  ledger: Ledger;
  inbox: InboxRow;
  session: MailboxSession;
  log?: Log | undefined;
}

/** Reads all folders that have a judge. Throws MailboxError when the session breaks; what was judged until then stays judged. */
export async function readUpToDate(reading: Reading, judges = JUDGES): Promise<void> {
  const { ledger, inbox, session } = reading;
  const folders = await session.folders();
  const order = judges.flatMap(([role, judge]) =>
    folders.filter((folder) => folder.role === role).map((folder) => ({ folder, judge })),
  );
  const pass = async () => {
    const began_at = ledger.clock.now();
    let is_done = true;
    for (const { folder, judge } of order)
      if (!(await readFolder(reading, folder, judge))) is_done = false;
    return is_done ? began_at : null;
  };
  let read_at = await pass();
  while (read_at === null) read_at = await behind.take(pass);
  const at = read_at;
  ledger.write((tx) => {
    noteWorks(ledger, tx, inbox.id, "imap");
    markRead(tx, inbox.id, at);
    tx.nudge("send");
  });
}

/** One pass over a folder. False when there is more. */
async function readFolder(reading: Reading, folder: Folder, judge: FolderJudge): Promise<boolean> {
  const { ledger, inbox, session } = reading;
  const status = await session.status(folder.path);
  const place: Place = { path: folder.path, role: folder.role, uidvalidity: status.uidvalidity };
  let next_uid = await beginFolder(reading, place, status.uidnext);
  for (let left = PASS_MOST; next_uid < status.uidnext && left > 0;) {
    const suspect = lastSuspect(ledger, { inbox_id: inbox.id, ...place });
    const limit = suspect !== null && next_uid <= suspect ? 1 : Math.min(BATCH, left);
    const mails = await session
      .fetchFrom(folder.path, next_uid, limit)
      .catch((error: unknown) => noteFailedFetch(reading, place, error));
    left -= Math.max(1, mails.length);
    if (mails.length > 0) {
      next_uid = await takeBatch(reading, place, { mails, judge });
      continue;
    }
    // Nothing there although UIDNEXT says so: those UIDs were expunged.
    next_uid = status.uidnext;
    ledger.write((tx) => setCursor(tx, inbox.id, { ...place, next_uid }));
  }
  return next_uid >= status.uidnext;
}

/** The first UID to read, with the cursor there. */
async function beginFolder(
  { ledger, inbox, session }: Reading,
  place: Place,
  uidnext: number,
): Promise<number> {
  const known = findFolder(ledger, inbox.id, place.path);
  if (known?.uidvalidity === place.uidvalidity) return known.next_uid;
  const next_uid = await firstUnread(session, known, {
    path: place.path,
    uidnext,
    inbox_read_at: inbox.read_at,
    first_sent_at: firstSlotOf(ledger, inbox.id),
  });
  ledger.write((tx) => {
    setCursor(tx, inbox.id, { ...place, next_uid });
    clearSuspects(tx, { inbox_id: inbox.id, ...place }, next_uid);
  });
  return next_uid;
}

/**
 * A new inbox is read from UIDNEXT on: what lies there is somebody's private mail. One that has sent before its first look
 * came to an end, because its server failed until now, is read from its first mail on: an answer may lie there.
 */
async function firstUnread(
  session: MailboxSession,
  known: FolderRow | null,
  folder: {
    path: string;
    uidnext: number;
    inbox_read_at: number | null;
    first_sent_at: number | null;
  },
): Promise<number> {
  // Until then every folder was read: also one that is new in an old inbox (a server's first Junk) is read from there.
  const read_at = Math.max(folder.inbox_read_at ?? 0, known?.read_at ?? 0);
  const since = read_at === 0 ? folder.first_sent_at : read_at - REREAD_MS;
  if (since === null) return folder.uidnext;
  return (await session.firstUidSince(folder.path, since)) ?? folder.uidnext;
}
