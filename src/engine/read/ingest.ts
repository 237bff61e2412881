// What an inbound mail does: one transaction in which the reply is stored, the enrollment stopped, the unfinished mail
// cancelled, the event told and the cursor moved (Invariants 2 and 7). Judging comes before it and touches nothing.
import { createHash } from "node:crypto";

import type { Judgement } from "../../core/classify.ts";
import type { ParsedMail } from "../../core/inbound.ts";
import type { FetchedMail } from "../../core/mail-port.ts";
import { newText } from "../../core/reply-text.ts";
import type { Verdict } from "../../core/verdict.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { readMailOrHeader } from "../../mail/parse-pool.ts";
import { type FolderRow, setCursor } from "../../resources/inboxes/folders.store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import {
  countAutomatic,
  insertDigest,
  insertReply,
  insertUntracked,
  type MailPlace,
  moveUntracked,
  type ReplyRow,
  setMeaning,
} from "../../resources/replies/store.ts";
import { applyEffect } from "./effects.ts";
import { type Arrival, type Match, matchMail, shownVerdict } from "./match.ts";
import { judgeAnswer } from "./meaning.ts";
import { judgeUntracked } from "./untracked.ts";

type Place = Pick<FolderRow, "path" | "role" | "uidvalidity">;

const TEXT_CAP = 64 * 1024;
const DAY_MS = 86_400_000;
/** Machines that answer machines: what one address sends beyond this a day is not heard (I9). */
const AUTOMATIC_MOST = 3;

export interface Ingested {
  mail: ParsedMail;
  /** Null: no lead's mail. Of it at most the envelope is listed. */
  match: Match | null;
  /** The stored reply; null when there is none or the mail had its effect before. */
  reply_id: number | null;
}

/** A mail that was fetched and parsed, and where it lies. */
export interface Incoming {
  inbox: InboxRow;
  place: Place;
  fetched: Pick<FetchedMail, "uid" | "received_at" | "size">;
  mail: ParsedMail;
}

/** Judges one fetched mail and lets it have its effect, once. */
export async function ingestMail(
  ledger: Ledger,
  inbox: InboxRow,
  place: Place,
  fetched: FetchedMail,
): Promise<Ingested> {
  const mail = await readMailOrHeader(fetched.bytes);
  return ledger.write((tx) => {
    const taken = takeMail(ledger, tx, { inbox, place, fetched, mail });
    setCursor(tx, inbox.id, { ...place, next_uid: fetched.uid + 1 });
    return taken;
  });
}

/** What a mail in the INBOX or in Junk does, once. The caller moves the cursor in the same transaction. */
export function takeMail(ledger: Ledger, tx: Tx, incoming: Incoming): Ingested {
  const { inbox, place, fetched, mail } = incoming;
  const arrival = { inbox, mail, received_at: fetched.received_at };
  const digest = digestOf(mail, fetched.size);
  const match = withMeaning(ledger, arrival, matchMail(ledger, arrival));
  if (match !== null)
    return { mail, match, reply_id: take(ledger, tx, arrival, { match, digest }) };
  const judgement = judgeUntracked(ledger, arrival);
  const at = { folder: place.path, uidvalidity: place.uidvalidity, uid: fetched.uid };
  const reply_id = judgement === null ? null : list(tx, arrival, { judgement, digest, at });
  return { mail, match, reply_id };
}

/** What may be no answer of the lead's is not given a meaning (I7). */
function withMeaning(ledger: Ledger, { mail }: Arrival, match: Match | null): Match | null {
  if (match === null || match.matched_by === "possible") return match;
  return { ...match, judgement: judgeAnswer(ledger, match.judgement, mail) };
}

/** Recognises a mail in another folder, after a UIDVALIDITY reset and after a crash. */
export function digestOf(mail: ParsedMail, size: number): Uint8Array {
  return createHash("sha256")
    .update(
      [
        mail.message_id ?? "",
        mail.date ?? "",
        mail.from?.address ?? "",
        mail.message_id === null ? size : "",
      ].join("\0"),
    )
    .digest();
}

function take(
  ledger: Ledger,
  tx: Tx,
  arrival: Arrival,
  { match, digest }: { match: Match; digest: Uint8Array },
): number | null {
  if (!insertDigest(tx, arrival.inbox.id, digest)) return null;
  if (isMuted(tx, match.judgement, arrival)) return null;
  const { message, judgement, matched_by } = match;
  const id = insertReply(tx, {
    ...envelopeOf(arrival, shownVerdict(match)),
    evidence: judgement.evidence,
    matched_by,
    lead_id: message.lead_id,
    campaign_id: message.campaign_id,
    message_id: message.id,
    text: newText(arrival.mail).slice(0, TEXT_CAP),
    enhanced_status: judgement.bounce?.enhanced_status ?? null,
    fault: judgement.bounce?.fault ?? null,
  });
  keepMeaning(tx, id, match);
  applyEffect(ledger, tx, match, { id, subject: arrival.mail.subject });
  return id;
}

function keepMeaning(tx: Tx, id: number, match: Match): void {
  const { kind, category, confidence, source, evidence, unsure, evidence_span } =
    shownVerdict(match);
  if (category === null || unsure === undefined) return;
  setMeaning(tx, id, {
    category,
    confidence,
    // An opt-out has had its effect: nobody is asked about it.
    unsure: unsure && kind === "reply",
    source,
    evidence,
    evidence_start: evidence_span?.start ?? null,
    evidence_end: evidence_span?.end ?? null,
  });
}

/** Lists a mail of which only the envelope is kept; one that is listed is found where it lies now. */
function list(
  tx: Tx,
  arrival: Arrival,
  { judgement, digest, at }: { judgement: Judgement; digest: Uint8Array; at: MailPlace },
): number | null {
  const { inbox, mail } = arrival;
  if (!insertDigest(tx, inbox.id, digest)) {
    if (mail.message_id !== null)
      moveUntracked(tx, { inbox_id: inbox.id, header_id: mail.message_id }, at);
    return null;
  }
  if (isMuted(tx, judgement, arrival)) return null;
  const kind = judgement.kind === "unsubscribe" ? "reply" : judgement.kind;
  const nobody = { lead_id: null, campaign_id: null, message_id: null };
  const envelope = envelopeOf(arrival, { ...judgement, kind });
  return insertUntracked(tx, { ...envelope, ...nobody, enhanced_status: null, fault: null }, at);
}

function isMuted(tx: Tx, { kind }: Verdict, { mail, received_at }: Arrival): boolean {
  if (kind !== "auto_reply") return false;
  const day = { from: received_at - DAY_MS, to: received_at };
  return countAutomatic(tx, mail.from?.address ?? "", day) >= AUTOMATIC_MOST;
}

type Envelope = Pick<
  ReplyRow,
  | "kind"
  | "category"
  | "confidence"
  | "source"
  | "return_date"
  | "inbox_id"
  | "sender"
  | "subject"
  | "header_id"
  | "received_at"
>;

function envelopeOf({ inbox, mail, received_at }: Arrival, judgement: Verdict): Envelope {
  return {
    kind: judgement.kind,
    category: judgement.category,
    confidence: judgement.confidence,
    source: judgement.source,
    return_date: judgement.return_date,
    inbox_id: inbox.id,
    sender: mail.from?.address ?? "",
    subject: mail.subject.slice(0, 998),
    header_id: mail.message_id,
    received_at,
  };
}
