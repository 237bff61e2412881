// A reply as the API shows it: plain text and words, never HTML of a stranger.

import { formatId, type IdPrefix } from "../../core/ids.ts";
import type { Reading } from "../../ledger/database.ts";
import { formatInstant } from "../../ledger/row.ts";
import { findInbox } from "../inboxes/store.ts";
import { listThread, type ThreadPart } from "./list.store.ts";
import type { OpenReply, Reply } from "./schema.ts";
import type { KeptReply } from "./store.ts";

const idOrNull = (prefix: IdPrefix, id: number | null) =>
  id === null ? null : formatId(prefix, id);

export function showReply(row: KeptReply): Reply {
  const by_person = row.person_category !== null;
  return {
    id: formatId("rpl", row.id),
    object: "reply",
    kind: row.kind,
    category: row.person_category ?? row.category,
    machine_category: row.category,
    confidence: by_person ? 1 : row.confidence,
    unsure: !by_person && row.unsure === 1,
    source: by_person ? "person" : row.source,
    evidence: by_person ? null : row.evidence,
    from: row.sender,
    subject: row.subject,
    text: row.lead_id === null ? null : row.text,
    return_date: row.return_date,
    enhanced_status: row.enhanced_status,
    fault: row.fault,
    matched_by: row.matched_by,
    lead_id: idOrNull("lead", row.lead_id),
    campaign_id: idOrNull("cmp", row.campaign_id),
    message_id: idOrNull("msg", row.message_id),
    inbox_id: formatId("inb", row.inbox_id),
    read: row.read_at !== null,
    received_at: formatInstant(row.received_at),
  };
}

/** With the thread that it stands in. */
export function showOpenReply(reading: Reading, row: KeptReply): OpenReply {
  const own = findInbox(reading, row.inbox_id)?.email ?? "";
  return {
    ...showReply(row),
    thread: listThread(reading, row).map((part) => showPart(part, own)),
  };
}

function showPart(part: ThreadPart, own: string): OpenReply["thread"][number] {
  const { object, kind, subject, text, state, by } = part;
  return {
    id: formatId(object === "message" ? "msg" : "rpl", part.id),
    object,
    kind,
    from: object === "message" ? own : part.sender,
    subject,
    text,
    state,
    by,
    at: formatInstant(part.at),
  };
}
