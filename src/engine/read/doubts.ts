// Settles doubts by what the Sent folder holds, and learns the Message-ID that a mail really went out under: outlook.com
// puts its own in place of ours, and replies and reports then name that one (mail.md 4.6).

import { lookAgainAt } from "../../core/backoff.ts";
import type { MailboxSession } from "../../core/mail-port.ts";
import { isMessageId } from "../../core/threading.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { readMailOrHeader } from "../../mail/parse-pool.ts";
import { findInbox, type InboxRow, setRewritesIds } from "../../resources/inboxes/store.ts";
import { insertAlias } from "../../resources/messages/aliases.store.ts";
import { listUncertain, listWireIds, type Sought } from "../../resources/messages/due.store.ts";
import {
  dropWireIds,
  findMessage,
  lookAtOnce,
  markCopyFiled,
  putOffLook,
  settleWireId,
} from "../../resources/messages/store.ts";
import { settleSent } from "../send/settle.ts";
import { evidenceFolders, type FiledMail, findFiled, ownMessageId } from "./sent-folder.ts";

/** So many looks for the Message-ID of one mail; then its inbox is taken to keep ours, until it is asked again. */
const WIRE_LOOKS_MOST = 5;
/** Copies of one mail that are read: the provider's own, and one that we or a client have filed beside it. */
const COPIES_MOST = 3;

/** The mailbox was lost and is back: what is doubtful is looked up now and not when its pause is over. */
export function lookAgainAtOnce(ledger: Ledger, inbox_id: number): void {
  ledger.write((tx) => lookAtOnce(tx, inbox_id));
}

/** Looks for the uncertain mails of the inbox in Sent (and All Mail), with growing pauses, for as long as they are in doubt. */
export async function settleDoubts(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
): Promise<void> {
  const doubts = listUncertain(ledger, inbox.id, ledger.clock.now());
  const folders = doubts.length > 0 ? await evidenceFolders(session) : [];
  for (const sought of doubts) {
    const found = await findFiled(ledger, inbox, session, { id: sought.id, folders });
    const ids = await readIds(session, found);
    ledger.write((tx) => {
      const message = findMessage(tx, sought.id);
      if (message?.state !== "uncertain") return;
      if (found.length === 0) {
        putOffLook(tx, sought.id, lookAgainAt(sought.looks + 1, tx.now));
        return;
      }
      settleSent(ledger, tx, message, {
        response: "found in the Sent folder",
        sent_at: message.committed_at ?? tx.now,
      });
      // The copy that proves it is the copy.
      markCopyFiled(tx, sought.id);
      learn(ledger, tx, inbox, { id: sought.id, ids });
      tx.nudge("send");
    });
  }
}

/** Learns the Message-IDs of sent mails, as long as it is not known that the provider keeps ours. */
export async function learnWireIds(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
): Promise<void> {
  const due = listWireIds(ledger, inbox.id, ledger.clock.now());
  const folders = due.length > 0 ? await evidenceFolders(session) : [];
  for (const sought of due) {
    // The mail before may have shown that there is nothing to learn here.
    if (findInbox(ledger, inbox.id)?.files_sent === false) {
      ledger.write((tx) => dropWireIds(tx, inbox.id));
      return;
    }
    const found = await findFiled(ledger, inbox, session, { id: sought.id, folders });
    const ids = await readIds(session, found);
    const outcome = ledger.write((tx) =>
      found.length > 0
        ? learn(ledger, tx, inbox, { id: sought.id, ids })
        : missed(tx, inbox, sought),
    );
    if (outcome === "keeps") return;
  }
}

type Learnt = "rewrites" | "keeps" | "unknown";

/** One copy with another id than ours is the provider's; only ours says that ours went out. */
function learn(
  ledger: Ledger,
  tx: Tx,
  inbox: InboxRow,
  { id, ids }: { id: number; ids: readonly string[] },
): Learnt {
  const own = ownMessageId(ledger, inbox, id).toLowerCase();
  const other = ids.find((one) => one.toLowerCase() !== own);
  if (other !== undefined) {
    insertAlias(tx, id, other);
    settleWireId(tx, id);
    setRewritesIds(tx, inbox.id, true);
    return "rewrites";
  }
  settleWireId(tx, id);
  if (ids.length === 0) return "unknown";
  setRewritesIds(tx, inbox.id, false);
  dropWireIds(tx, inbox.id);
  return "keeps";
}

function missed(tx: Tx, inbox: InboxRow, { id, looks }: Sought): Learnt {
  if (looks + 1 < WIRE_LOOKS_MOST) {
    putOffLook(tx, id, lookAgainAt(looks + 1, tx.now));
    return "unknown";
  }
  settleWireId(tx, id);
  // Of a provider that is known to rewrite only this one mail is given up.
  if (inbox.rewrites_ids === true) return "unknown";
  setRewritesIds(tx, inbox.id, false);
  dropWireIds(tx, inbox.id);
  return "keeps";
}

/** The Message-IDs of these copies, as far as they may stand in a header of ours. */
async function readIds(session: MailboxSession, found: readonly FiledMail[]): Promise<string[]> {
  const ids: string[] = [];
  for (const { folder, uid } of found.slice(0, COPIES_MOST)) {
    // oxlint-disable-next-line no-await-in-loop -- one command after the other on one session
    const [mail] = await session.fetchFrom(folder, uid, 1);
    if (mail?.uid !== uid) continue;
    // oxlint-disable-next-line no-await-in-loop -- the same
    const { message_id } = await readMailOrHeader(mail.bytes);
    if (message_id !== null && isMessageId(message_id)) ids.push(message_id);
  }
  return ids;
}
