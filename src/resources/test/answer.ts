// Test mode as the API shows it: what went out, and how a mail that came in was judged.

import { formatId, type IdPrefix, parseId } from "../../core/ids.ts";
import type { Received } from "../../core/received-mail.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant } from "../../ledger/row.ts";
import { findWords } from "../messages/list.store.ts";
import type { ReceivedReply, SandboxMail } from "./schema.ts";
import type { SandboxMail as SandboxRow } from "./store.ts";

const idOrNull = (prefix: IdPrefix, id: number | null) =>
  id === null ? null : formatId(prefix, id);

export function showMail(ledger: Ledger, row: SandboxRow): SandboxMail {
  const raw = Buffer.from(row.bytes).toString("utf8");
  const named = /^X-Imail-Id: (msg_[0-9a-z]{11})\r?$/im.exec(raw)?.[1];
  const id = (named === undefined ? null : parseId("msg", named)) ?? row.id;
  const words = findWords(ledger, id);
  return {
    id: formatId("msg", id),
    object: "sandbox_mail",
    inbox_id: formatId("inb", row.inbox_id),
    from: row.sender,
    to: row.recipient,
    subject: words?.subject ?? null,
    text: words?.text ?? null,
    html: words?.html ?? null,
    raw,
    sent_at: formatInstant(row.arrives_at),
  };
}

export function showReceived({ judgement, ...received }: Received): ReceivedReply {
  const { kind, category, confidence, source, evidence, return_date, bounce } = judgement;
  return {
    id: idOrNull("rpl", received.reply_id),
    object: "reply",
    outcome: received.outcome,
    kind,
    category,
    confidence,
    unsure: judgement.unsure ?? null,
    source,
    evidence,
    from: received.sender,
    subject: received.subject,
    text: received.text,
    return_date,
    enhanced_status: bounce?.enhanced_status ?? null,
    fault: bounce?.fault ?? null,
    matched_by: received.matched_by,
    campaign_id: idOrNull("cmp", received.campaign_id),
    lead_id: idOrNull("lead", received.lead_id),
    message_id: idOrNull("msg", received.message_id),
    inbox_id: formatId("inb", received.inbox_id),
    received_at: formatInstant(received.received_at),
  };
}
