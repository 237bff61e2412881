// An inbox as the API shows it: never a password, and null for what is not known.
import { formatId } from "../../core/ids.ts";
import { remaining } from "../../core/quota.ts";
import { localDay } from "../../core/zones.ts";
import type { SignIns } from "../../http/sign-ins.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { formatInstant } from "../../ledger/row.ts";
import { usedOn } from "../messages/quotas.store.ts";
import { countUnread } from "../replies/list.store.ts";
import type { Inbox } from "./schema.ts";
import { findSignIn } from "./sign-ins.store.ts";
import { type InboxRow } from "./store.ts";
import { sentOn } from "./used.store.ts";

/** Read within this time is up to date (domain.md "Never follow up blind"). */
const FRESH_MS = 5 * 60_000;

/** `setup_url` beside the one that an inbox shows by itself: where somebody has just asked for one. */
export function showInbox(
  ledger: Ledger,
  sign_ins: SignIns,
  row: InboxRow,
  setup_url: string | null = null,
): Inbox {
  const now = ledger.clock.now();
  const today = localDay(now, ledger.workspace().zone);
  return {
    id: formatId("inb", row.id),
    object: "inbox",
    email: row.email,
    name: row.name,
    provider: row.provider,
    status: row.state,
    status_reason: row.state_reason,
    status_since: formatInstant(row.state_since),
    ...showSignIn(ledger, sign_ins, row, setup_url),
    smtp: row.smtp,
    imap: row.imap,
    daily_limit: row.daily_limit,
    hourly_limit: row.hourly_limit,
    min_gap_seconds: row.min_gap_seconds,
    signature: row.signature,
    reply_to: row.reply_to,
    save_sent: row.save_sent,
    sent_today: sentOn(ledger, row.id, today),
    remaining_today: remaining(row.daily_limit, usedOn(ledger, today, "inbox", row.id)),
    unread_replies: countUnread(ledger, row.id),
    sync: showSync(row, now),
    health: { score: null, parts: null },
    warmup: { state: "off", mode: null, today: null, plan: null },
    created_at: formatInstant(row.created_at),
    updated_at: formatInstant(row.updated_at),
  };
}

function showSignIn(
  ledger: Ledger,
  sign_ins: SignIns,
  { id, provider, auth, state }: InboxRow,
  setup_url: string | null,
): Pick<Inbox, "auth" | "setup_url" | "device" | "sign_in_ends_at"> {
  const is_oauth = auth === "oauth";
  const waits = is_oauth && (state === "pending_auth" || state === "needs_login");
  const code = sign_ins.codeOf(ledger, id);
  const ends_at = is_oauth ? (findSignIn(ledger, id)?.ends_at ?? null) : null;
  return {
    auth: provider === "sandbox" ? null : auth,
    setup_url: setup_url ?? (waits ? sign_ins.linkOf(ledger, id) : null),
    device: code && { ...code, expires_at: formatInstant(code.expires_at) },
    sign_in_ends_at: ends_at === null ? null : formatInstant(ends_at),
  };
}

function showSync(row: InboxRow, now: number): Inbox["sync"] {
  const lag_ms = row.read_at === null ? null : Math.max(0, now - row.read_at);
  const is_fresh = lag_ms !== null && lag_ms <= FRESH_MS;
  return {
    state: row.read_fault !== null ? "down" : is_fresh ? "ok" : "behind",
    lag_s: lag_ms === null ? null : Math.floor(lag_ms / 1000),
  };
}
