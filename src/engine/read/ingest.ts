// What an inbound mail does: one transaction in which the reply is stored, the enrollment stopped, the unfinished mail
// cancelled, the event told and the cursor moved (Invariants 2 and 7). Judging comes before it and touches nothing.
import { createHash } from "node:crypto";

import type { ParsedMail } from "../../core/inbound.ts";
import type { FetchedMail } from "../../core/mail-port.ts";
import { newText } from "../../core/reply-text.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { readMailOrHeader } from "../../mail/parse-pool.ts";
import { type FolderRow, setCursor } from "../../resources/inboxes/folders.store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import { insertDigest, insertReply, setMeaning } from "../../resources/replies/store.ts";
import { applyEffect } from "./effects.ts";
import { type Match, matchMail } from "./match.ts";
import { judgeAnswer } from "./meaning.ts";

type Place = Pick<FolderRow, "path" | "role" | "uidvalidity">;

const TEXT_CAP = 64 * 1024;

export interface Ingested {
  mail: ParsedMail;
  /** Null: nobody's mail, of which nothing is kept. */
  match: Match | null;
  /** The stored reply; null when there is none or the mail had its effect before. */
  reply_id: number | null;
}

/** A mail that came in and was parsed. */
export interface Arrival {
  inbox: InboxRow;
  fetched: Pick<FetchedMail, "received_at" | "size">;
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
    const taken = takeMail(ledger, tx, { inbox, fetched, mail });
    setCursor(tx, inbox.id, { ...place, next_uid: fetched.uid + 1 });
    return taken;
  });
}

/** What a mail in the INBOX or in Junk does, once. The caller moves the cursor in the same transaction. */
export function takeMail(ledger: Ledger, tx: Tx, { inbox, fetched, mail }: Arrival): Ingested {
  const { received_at, size } = fetched;
  const found = matchMail(ledger, { inbox, mail, received_at });
  const match = found && { ...found, judgement: judgeAnswer(ledger, found.judgement, mail) };
  let reply_id: number | null = null;
  if (match && insertDigest(tx, inbox.id, digestOf(mail, size))) {
    reply_id = store(tx, inbox, match, { mail, received_at });
    applyEffect(ledger, tx, match, { id: reply_id, subject: mail.subject });
  }
  return { mail, match, reply_id };
}

/** Recognises a mail in another folder, after a UIDVALIDITY reset and after a crash. */
function digestOf(mail: ParsedMail, size: number): Uint8Array {
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

function store(
  tx: Tx,
  inbox: InboxRow,
  { message, judgement, matched_by }: Match,
  { mail, received_at }: { mail: ParsedMail; received_at: number },
): number {
  const id = insertReply(tx, {
    kind: judgement.kind,
    category: judgement.category,
    confidence: judgement.confidence,
    source: judgement.source,
    evidence: judgement.evidence,
    matched_by,
    inbox_id: inbox.id,
    lead_id: message.lead_id,
    campaign_id: message.campaign_id,
    message_id: message.id,
    sender: mail.from?.address ?? "",
    subject: mail.subject.slice(0, 998),
    text: newText(mail).slice(0, TEXT_CAP),
    header_id: mail.message_id,
    return_date: judgement.return_date,
    enhanced_status: judgement.bounce?.enhanced_status ?? null,
    fault: judgement.bounce?.fault ?? null,
    received_at,
  });
  const { kind, category, confidence, source, evidence, unsure, evidence_span } = judgement;
  if (category !== null && unsure !== undefined) {
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
  return id;
}
