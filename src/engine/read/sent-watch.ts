// "You took over": a mail that the user writes to a lead from a mail client pauses that lead's enrollments. Seen in Sent, or
// in All Mail where there is no Sent, by its header alone; what imail sent or filed itself is no such mail.
import { parseAddress } from "../../core/address.ts";
import { headerValues, type ParsedMail } from "../../core/inbound.ts";
import type { Folder, MailboxSession } from "../../core/mail-port.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { parseMail } from "../../mail/parse.ts";
import { pauseEnrollment } from "../../resources/enrollments/actions.ts";
import { listEnrollmentsOfLead } from "../../resources/enrollments/store.ts";
import { findFolder, setCursor } from "../../resources/inboxes/folders.store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import { isOwnAddress } from "../../resources/inboxes/used.store.ts";
import { findLeadByEmail } from "../../resources/leads/store.ts";
import { insertDigest } from "../../resources/replies/store.ts";
import { digestOf } from "./ingest.ts";
import { bearsOurMark } from "./match.ts";

const BATCH = 200;
/** So many are looked at in one pass: the folder may have been filled by a move of a mailbox. */
const BATCHES_MOST = 5;
const RECIPIENTS_MOST = 100;
/** After a UIDVALIDITY reset this much is looked at again; what had its effect is recognised. */
const REREAD_MS = 3 * 86_400_000;

/** A mail in a folder of what the user sent. */
export interface SentMail {
  /** Its header, parsed. */
  mail: ParsedMail;
  /** Size on the server in bytes. */
  size: number;
  role: Folder["role"];
}

/** Looks at what was filed since the last look. Throws MailboxError when the session breaks. */
export async function watchSent(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
): Promise<void> {
  const folders = await session.folders();
  const folder =
    folders.find(({ role }) => role === "sent") ?? folders.find(({ role }) => role === "all");
  if (!folder) return;
  const { uidvalidity, uidnext } = await session.status(folder.path);
  const place = { ...folder, uidvalidity };
  let next_uid = await firstUnseen(ledger, inbox, session, { ...place, uidnext });
  for (let batch = 0; batch < BATCHES_MOST && next_uid < uidnext; batch++) {
    // oxlint-disable-next-line no-await-in-loop -- one command after the other on one session
    const fetched = await session.fetchHeaders(folder.path, next_uid, BATCH);
    // oxlint-disable-next-line no-await-in-loop -- the cursor moves with the effects of this batch
    const mails = await Promise.all(
      fetched.mails.map(async ({ bytes, size }) => ({
        mail: await parseMail(bytes),
        size,
        role: folder.role,
      })),
    );
    // Nothing there although UIDNEXT says so: those UIDs were expunged.
    next_uid = fetched.next_uid > next_uid ? fetched.next_uid : uidnext;
    ledger.write((tx) => {
      for (const sent of mails) takeOver(ledger, tx, inbox, sent);
      setCursor(tx, inbox.id, { ...place, next_uid });
    });
  }
}

/** From UIDNEXT on: what the user wrote before is their own. */
async function firstUnseen(
  ledger: Ledger,
  inbox: InboxRow,
  session: MailboxSession,
  folder: Folder & { uidvalidity: number; uidnext: number },
): Promise<number> {
  const known = findFolder(ledger, inbox.id, folder.path);
  if (known?.uidvalidity === folder.uidvalidity) return known.next_uid;
  const since = known && (await session.firstUidSince(folder.path, known.read_at - REREAD_MS));
  const next_uid = since ?? folder.uidnext;
  const { path, role, uidvalidity } = folder;
  ledger.write((tx) => setCursor(tx, inbox.id, { path, role, uidvalidity, next_uid }));
  return next_uid;
}

/** Pauses the leads that the user wrote to; how many. Once for each mail, and nothing of it is kept but its digest. */
export function takeOver(ledger: Ledger, tx: Tx, inbox: InboxRow, sent: SentMail): number {
  if (!isUsersOwn(ledger, inbox, sent)) return 0;
  const active = recipientsOf(sent.mail).flatMap((email) => {
    const lead = findLeadByEmail(tx, email);
    const enrollments = lead === null ? [] : listEnrollmentsOfLead(tx, lead.id);
    const waiting = enrollments.filter(({ state }) => state === "waiting" || state === "held");
    return waiting.length > 0 ? [waiting] : [];
  });
  if (active.length === 0 || !insertDigest(tx, inbox.id, digestOf(sent.mail, sent.size))) return 0;
  for (const enrollment of active.flat())
    pauseEnrollment(ledger, tx, enrollment, { paused_by: "you_took_over" });
  tx.nudge("send");
  return active.length;
}

/** Written by a person in a mail client: not by imail, and not by a machine that answers for them. */
function isUsersOwn(ledger: Ledger, inbox: InboxRow, { mail, role }: SentMail): boolean {
  if (bearsOurMark(ledger, mail)) return false;
  const auto = headerValues(mail, "auto-submitted")[0]?.trim().toLowerCase() ?? "no";
  if (!auto.startsWith("no")) return false;
  // What lies in Sent was sent by them, under whatever alias; All Mail has what came in as well.
  const from = mail.from?.address.toLowerCase() ?? "";
  return role === "sent" || from === inbox.email || isOwnAddress(ledger, from);
}

function recipientsOf(mail: ParsedMail): string[] {
  const hidden = headerValues(mail, "bcc")
    .join(",")
    .slice(0, 10_000)
    .split(/[\s,;<>"]+/);
  const all = [...mail.to, ...hidden].flatMap((one) => parseAddress(one) ?? []);
  return [...new Set(all)].slice(0, RECIPIENTS_MOST);
}
