// Calendars that may tell of meetings, and what they tell: let in by a token and a signature, read leniently, and of nobody
// but a lead is anything kept.

import { createHash } from "node:crypto";

import { isControlFree } from "../../core/address.ts";
import {
  checkBareSignature,
  checkTimedSignature,
  type SignatureVerdict,
} from "../../core/booking-signature.ts";
import { readBooking } from "../../core/booking.ts";
import { AppError, notFound } from "../../core/faults.ts";
import { formatId, parseId } from "../../core/ids.ts";
import { invalidField } from "../../core/issues.ts";
import type { Mode } from "../../core/states.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Ledgers } from "../../ledger/ledgers.ts";
import { findLeadByEmail } from "../leads/store.ts";
import { type BookingOutcome, recordBooking } from "../meetings/actions.ts";
import {
  type BookingSourceRow,
  deleteBookingSource,
  findBookingSource,
  findBookingSourceByToken,
  insertBookingSource,
  noteUse,
} from "./store.ts";

const TOKEN_BYTES = 24; // 32 characters of base64url
const SECRET_BYTES = 32;
const BODY_MOST = 64 * 1024;
/** As many sources does a workspace have at most: each is one calendar. */
const SOURCES_MOST = 100;

/** A new source. `token` and `secret` are the only copies. */
export interface CreatedSource extends BookingSourceRow {
  token: string;
  shown_secret: string;
}

const hashOf = (token: string) => createHash("sha256").update(token).digest();

/** Which ledger it belongs to stands in the token: the door has nothing else to go by. */
const prefixOf = ({ workspace_id, mode }: Pick<Ledger, "workspace_id" | "mode">) =>
  `${mode === "live" ? "l" : "t"}${formatId("ws", workspace_id).slice(3)}`;

/** Makes a source. Throws `unavailable` without the master key, which seals the secret. */
export function createBookingSource(ledger: Ledger, given: string): CreatedSource {
  const name = given.trim();
  if (!isControlFree(name)) throw invalidField("name", "name must be one line");
  const token = `${prefixOf(ledger)}${Buffer.from(ledger.random.bytes(TOKEN_BYTES)).toString("base64url")}`;
  const shown_secret = `whsec_${Buffer.from(ledger.random.bytes(SECRET_BYTES)).toString("base64")}`;
  return ledger.write((tx) => {
    const id = tx.id();
    const secret = sealSecret(ledger, id, shown_secret);
    insertBookingSource(tx, { id, name, token_hash: hashOf(token), secret });
    const row = findBookingSource(tx, id);
    if (!row) throw notFound("booking source");
    return { ...row, token, shown_secret };
  });
}

/** Throws where there are as many as there may be. */
export function refuseTooMany(count: number): void {
  if (count < SOURCES_MOST) return;
  const words = `A workspace has at most ${SOURCES_MOST} booking sources: delete one that is not used any more.`;
  throw new AppError("wrong_state", words);
}

const placeOf = (row: number) => ({ table: "booking_sources", row, column: "secret" });

function sealSecret(ledger: Ledger, id: number, secret: string): Uint8Array {
  try {
    return ledger.vault.seal(placeOf(id), secret);
  } catch {
    throw new AppError("unavailable", "The master key is missing: a secret cannot be stored.");
  }
}

export function removeBookingSource(ledger: Ledger, id: number): void {
  if (!ledger.write((tx) => deleteBookingSource(tx, id))) throw notFound("booking source");
}

/** What became of a post. The first four were refused: 404, 413, 401 and 400; of the rest a calendar need not know more. */
export type BookingVerdict =
  | { outcome: "unknown_token" | "too_large" | "malformed" }
  | { outcome: "refused"; why: Exclude<SignatureVerdict, "good"> | "no_key" }
  | { outcome: "ignored" }
  | BookingOutcome;

export interface BookingPost {
  /** What stands behind `/b/`. */
  token: string;
  headers: Pick<Headers, "get">;
  /** The raw bytes: they are what is signed. */
  body: Uint8Array;
  /** ms UTC of the system's clock, in test mode too: the calendar knows no other. */
  now: number;
}

/** Takes a post of a calendar: looks for its source, checks its signature, and lets it have its effect once. */
export function takeBooking(ledgers: Ledgers, post: BookingPost): BookingVerdict {
  const ledger = findLedger(ledgers, post.token);
  const source = ledger && findBookingSourceByToken(ledger, hashOf(post.token));
  if (!ledger || !source) return { outcome: "unknown_token" };
  if (post.body.length > BODY_MOST) return { outcome: "too_large" };
  const secret = ledger.vault.unseal(placeOf(source.id), source.secret);
  if (secret === null) return { outcome: "refused", why: "no_key" };
  const read = readBody(post.body);
  const told_at = read === null || read === "ignored" ? null : read.told_at;
  const verdict = checkSignature(post, secret, told_at);
  if (verdict !== "good") return { outcome: "refused", why: verdict };
  if (read === null) return { outcome: "malformed" };
  return ledger.write((tx) => {
    noteUse(tx, source.id);
    if (read === "ignored") return { outcome: "ignored" };
    return recordBooking(ledger, tx, {
      event: read.event,
      email: chooseLead(tx, read.emails),
      booking_id: read.booking_id,
      replaces: read.replaces,
      starts_at: read.start_at,
    });
  });
}

/** The ledger that a token names; nothing is proved by it, and none is opened for it. */
function findLedger(ledgers: Ledgers, token: string): Ledger | null {
  if (!/^[lt][0-9a-z]{11}[A-Za-z0-9_-]{32}$/.test(token)) return null;
  const workspace_id = parseId("ws", `ws_${token.slice(1, 12)}`);
  const mode: Mode = token.startsWith("l") ? "live" : "test";
  return (
    ledgers.all().find((one) => one.workspace_id === workspace_id && one.mode === mode) ?? null
  );
}

function readBody(body: Uint8Array): ReturnType<typeof readBooking> {
  try {
    return readBooking(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)));
  } catch {
    return null;
  }
}

function checkSignature(
  { headers, body, now }: BookingPost,
  secret: string,
  told_at: number | null,
): SignatureVerdict {
  const timed = headers.get("x-imatic-signature") ?? headers.get("calendly-webhook-signature");
  if (timed !== null) return checkTimedSignature(timed, { secret, body, now });
  const bare = headers.get("x-cal-signature-256");
  return bare === null ? "bad" : checkBareSignature(bare, { secret, body, now }, told_at);
}

/** Several may come to a meeting: the lead is meant. */
function chooseLead(tx: Tx, emails: readonly string[]): string {
  return emails.find((email) => findLeadByEmail(tx, email) !== null) ?? emails[0] ?? "";
}
