// Takes a raw mail into a sandbox inbox on its owner's word. It goes through the same reading as any other mail of the
// sandbox: parsed, matched, judged, and its effect in one transaction.

import { notFound } from "../core/faults.ts";
import type { MailPort } from "../core/mail-port.ts";
import type { Received } from "../core/received-mail.ts";
import { newText } from "../core/reply-text.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readMailOrHeader } from "../mail/parse-pool.ts";
import { accountOf } from "../resources/inboxes/actions.ts";
import { findInbox, type InboxRow } from "../resources/inboxes/store.ts";
import { insertSandboxMail } from "../resources/test/store.ts";
import { alone } from "./advance.ts";
import { type Ingested, ingestMail } from "./read/ingest.ts";
import { judgeArrival, shownVerdict } from "./read/match.ts";
import { judgeAnswer } from "./read/meaning.ts";
import { readOnce } from "./read/watch.ts";

const SUBJECT_CAP = 998;
const TEXT_CAP = 64 * 1024;
const PLACE = { path: "INBOX", role: "inbox", uidvalidity: 1 } as const;

/** Delivers the mail at the test clock's now and answers how it was judged. Throws `clock_running`. */
export function receiveMail(
  ledger: Ledger,
  port: MailPort,
  inbox_id: number,
  bytes: Uint8Array,
): Promise<Received> {
  return alone(ledger, () => deliver(ledger, port, inbox_id, bytes));
}

async function deliver(
  ledger: Ledger,
  port: MailPort,
  inbox_id: number,
  bytes: Uint8Array,
): Promise<Received> {
  const inbox = ledger.mode === "test" ? findInbox(ledger, inbox_id) : null;
  if (inbox?.provider !== "sandbox") throw notFound("sandbox inbox");
  // What lies there is read before: a new inbox is read from here on, and the order of mails stays.
  await readUpToNow(ledger, port, inbox);
  const { from } = await readMailOrHeader(bytes.slice());
  const { uid, received_at } = ledger.write((tx) => ({
    uid: insertSandboxMail(tx, {
      inbox_id,
      folder: "INBOX",
      sender: from?.address.toLowerCase() ?? "",
      recipient: inbox.email,
      bytes,
      arrives_at: tx.now,
    }),
    received_at: tx.now,
  }));
  const fetched = { uid, received_at, size: bytes.length, bytes, truncated: false };
  return show(ledger, inbox, await ingestMail(ledger, inbox, PLACE, fetched), received_at);
}

async function readUpToNow(ledger: Ledger, port: MailPort, inbox: InboxRow): Promise<void> {
  const account = accountOf(ledger, inbox);
  if (!account) throw notFound("sandbox inbox");
  const session = await port.openMailbox(account, new AbortController().signal);
  try {
    await readOnce(ledger, inbox.id, session);
  } finally {
    await session.close();
  }
}

function show(
  ledger: Ledger,
  inbox: InboxRow,
  { mail, match, reply_id }: Ingested,
  received_at: number,
): Received {
  return {
    outcome: match === null ? "untracked" : reply_id === null ? "repeated" : "taken",
    judgement: match
      ? shownVerdict(match)
      : judgeAnswer(ledger, judgeArrival(ledger, { inbox, mail, received_at }), mail),
    reply_id,
    matched_by: match?.matched_by ?? (reply_id === null ? null : "untracked"),
    inbox_id: inbox.id,
    lead_id: match?.message.lead_id ?? null,
    campaign_id: match?.message.campaign_id ?? null,
    message_id: match?.message.id ?? null,
    sender: mail.from?.address ?? "",
    subject: mail.subject.slice(0, SUBJECT_CAP),
    text: newText(mail).slice(0, TEXT_CAP),
    received_at,
  };
}
