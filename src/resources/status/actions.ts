// How the house is: for its owner at the command line, and for probes. What the owner sees holds names, so it takes a key
// that only who can read the data directory can make, and that lasts a minute.

import { createHmac, timingSafeEqual } from "node:crypto";

import { AppError } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import { deriveKey } from "../../core/sealing.ts";
import type { CampaignState } from "../../core/states.ts";
import { localDay } from "../../core/zones.ts";
import type { Control } from "../../ledger/control.ts";
import type { Reading } from "../../ledger/database.ts";
import { readFreeze } from "../../ledger/freeze.ts";
import { type Ledger, setNote, type Workspace } from "../../ledger/ledger.ts";
import { formatInstant, formatInstantOrNull } from "../../ledger/row.ts";
import { listCampaigns } from "../campaigns/store.ts";
import { type InboxRow, listInboxes } from "../inboxes/store.ts";
import { countQuarantined } from "../inboxes/unread.store.ts";
import { sentOn } from "../inboxes/used.store.ts";
import { countCampaignStates, countSentOn, readWaiting, type Waiting } from "./store.ts";

const LISTED_MOST = 100;

export type InboxStatus = {
  id: string;
  email: string;
  status: string;
  /** The server's words, or who paused it. */
  status_reason: string | null;
  sent_today: number;
  daily_limit: number;
  read_at: string | null;
  /** Why reading fails, in the server's words. */
  read_fault: string | null;
  /** Mails that could not be read, of which nothing or only the header was judged. */
  quarantined: number;
};

export type CampaignStatus = {
  id: string;
  name: string;
  status: CampaignState;
  paused_by: string | null;
  paused_reason: string | null;
};

export interface WorkspaceStatus {
  id: string;
  name: string;
  tier: string;
  zone: string;
  sent_today: number;
  /** Nothing is sent: the clock stands below a time that it has shown before. Null when it does not. */
  clock_frozen: { since: string; highest_seen: string; believed_at: string } | null;
  waiting: Omit<Waiting, "next_at"> & { next_at: string | null };
  /** Up to 100, newest first. */
  inboxes: InboxStatus[];
  campaigns: Record<CampaignState, number>;
  /** Up to 100 of each: those that are active and those that are paused, with who paused them. */
  active: CampaignStatus[];
  paused: CampaignStatus[];
}

/** The live side of one workspace at `now`. `reading` may be a read-only connection. */
export function readWorkspaceStatus(
  reading: Reading,
  { id, name, tier, zone }: Workspace,
  now: number,
): WorkspaceStatus {
  const today = localDay(now, zone);
  const { next_at, ...waiting } = readWaiting(reading, now);
  const counts = countCampaignStates(reading);
  return {
    id: formatId("ws", id),
    name,
    tier,
    zone,
    sent_today: countSentOn(reading, today),
    clock_frozen: showFreeze(reading),
    waiting: { ...waiting, next_at: formatInstantOrNull(next_at) },
    inboxes: listInboxes(reading, {
      before: Number.MAX_SAFE_INTEGER,
      limit: LISTED_MOST,
      offset: 0,
    }).map((inbox) => showInboxStatus(reading, inbox, today)),
    campaigns: {
      draft: counts["draft"] ?? 0,
      active: counts["active"] ?? 0,
      paused: counts["paused"] ?? 0,
      archived: counts["archived"] ?? 0,
    },
    active: listOf(reading, "active"),
    paused: listOf(reading, "paused"),
  };
}

function showFreeze(reading: Reading): WorkspaceStatus["clock_frozen"] {
  const freeze = readFreeze(reading);
  return (
    freeze && {
      since: formatInstant(freeze.since),
      highest_seen: formatInstant(freeze.highest_wall),
      believed_at: formatInstant(freeze.believed_at),
    }
  );
}

function showInboxStatus(reading: Reading, inbox: InboxRow, today: string): InboxStatus {
  const { id, email, state, state_reason, daily_limit, read_at, read_fault } = inbox;
  return {
    id: formatId("inb", id),
    email,
    status: state,
    status_reason: state_reason,
    sent_today: sentOn(reading, id, today),
    daily_limit,
    read_at: formatInstantOrNull(read_at),
    read_fault,
    quarantined: countQuarantined(reading, id),
  };
}

function listOf(reading: Reading, status: CampaignState): CampaignStatus[] {
  const place = { before: Number.MAX_SAFE_INTEGER, limit: LISTED_MOST, offset: 0 };
  return listCampaigns(reading, { status, inbox_id: null, q: null, ...place }).map((row) => ({
    id: formatId("cmp", row.id),
    name: row.name,
    status: row.state,
    paused_by: row.paused_by,
    paused_reason: row.paused_reason,
  }));
}

/** A tick older than this means that nothing is sent. */
const TICK_MOST_MS = 2 * 60_000;

/** What is up and running. */
export interface Readiness {
  database: "ok";
  scheduler: "ok";
  last_tick_at: string;
}

/** Writes to a live ledger and looks at the scheduler. Throws `unavailable` with what is wrong. */
export function readReadiness(ledgers: readonly Ledger[], last_tick_at: number | null): Readiness {
  const ledger = ledgers.find(({ mode }) => mode === "live");
  if (!ledger) throw new AppError("unavailable", "No ledger is open yet.");
  try {
    // A lock or a BEGIN says nothing of a full disk or one that is mounted read-only: a commit does.
    ledger.write((tx) => {
      setNote(tx, "ready", String(tx.now));
    });
  } catch {
    throw new AppError("unavailable", "The database cannot be written to.");
  }
  if (last_tick_at === null)
    throw new AppError("unavailable", "The scheduler has not started yet.");
  const age_ms = ledger.clock.now() - last_tick_at;
  if (age_ms > TICK_MOST_MS) {
    const message = `The scheduler looked for the last time ${Math.round(age_ms / 1000)} s ago.`;
    throw new AppError("unavailable", message);
  }
  return { database: "ok", scheduler: "ok", last_tick_at: formatInstant(last_tick_at) };
}

const KEY_LIFE_MS = 60_000;

/** The bearer token for `GET /local/status`: `<ms UTC until when it is good>.<HMAC>`. */
export function makeLocalKey(control: Control): string {
  const until = control.clock.now() + KEY_LIFE_MS;
  return `${until}.${macOf(control, until).toString("base64url")}`;
}

/** Was this token made from this installation's secret, within the last minute? */
export function isLocalKey(control: Control, token: string): boolean {
  const [, text = "", mac = ""] = /^(\d{1,15})\.([\w-]{43})$/.exec(token) ?? [];
  const left_ms = Number(text) - control.clock.now();
  const same = timingSafeEqual(
    macOf(control, Number(text)),
    Buffer.from(mac.padEnd(43, "A"), "base64url"),
  );
  return text !== "" && same && left_ms > 0 && left_ms <= KEY_LIFE_MS;
}

const macOf = (control: Control, until: number) =>
  createHmac("sha256", deriveKey(control.installation_secret, "local status"))
    .update(String(until))
    .digest();
