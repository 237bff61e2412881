// The tokens of public addresses: `/o/` (opened), `/c/` (clicked), `/u/` (unsubscribe). A token names the ledger, the message
// and the link, and carries a mark that only the ledger can make; where a link leads is looked up, never carried.

import { formatId, parseId } from "./ids.ts";
import { MARK_LENGTH, readToken, signToken } from "./signing.ts";
import type { Mode } from "./states.ts";

export type PublicKind = "open" | "click" | "unsubscribe";

/** The part of the public address before the token, as recipients see it. */
const PATHS: Record<PublicKind, string> = { open: "o", click: "c", unsubscribe: "u" };

export interface TokenLedger {
  workspace_id: number;
  mode: Mode;
}

export interface PublicToken {
  kind: PublicKind;
  ledger: TokenLedger;
  message_id: number;
  /** The number of a link, from 0; 0 of other kinds. */
  link: number;
}

const ID = 11;
const SHAPE = /^[lt][0-9a-z]{22}\d{0,3}$/;

/** What stands behind `/c/` and the like: about 50 letters and digits. `secret` is the ledger's key for tokens. */
export function publicToken(secret: Uint8Array, token: PublicToken): string {
  const { kind, ledger, message_id, link } = token;
  const mode = ledger.mode === "live" ? "l" : "t";
  const ids = formatId("ws", ledger.workspace_id).slice(3) + formatId("msg", message_id).slice(4);
  const body = mode + ids + (kind === "click" ? String(link) : "");
  return signToken(secret, `public ${kind}`, body);
}

/** The whole address of a token, below the public URL (which has no slash at its end). */
export function publicAddress(public_url: string, secret: Uint8Array, token: PublicToken): string {
  return `${public_url}/${PATHS[token.kind]}/${publicToken(secret, token)}`;
}

/** The ledger that a token claims to be of, so that its key can be had; nothing is proved yet. */
export function claimedLedger(token: string): TokenLedger | null {
  return readBody(token.slice(MARK_LENGTH))?.ledger ?? null;
}

/** The token, if this ledger made it for this kind of use; compared in a time that tells nothing. Null: forged, cut, or another's. */
export function readPublicToken(
  secret: Uint8Array,
  kind: PublicKind,
  token: string,
): PublicToken | null {
  const body = readToken(secret, `public ${kind}`, token);
  const read = body === null ? null : readBody(body);
  return read && { kind, ...read };
}

function readBody(body: string): Omit<PublicToken, "kind"> | null {
  if (!SHAPE.test(body)) return null;
  const workspace_id = parseId("ws", `ws_${body.slice(1, 1 + ID)}`);
  const message_id = parseId("msg", `msg_${body.slice(1 + ID, 1 + 2 * ID)}`);
  if (workspace_id === null || message_id === null) return null;
  const mode: Mode = body.startsWith("l") ? "live" : "test";
  return { ledger: { workspace_id, mode }, message_id, link: Number(body.slice(1 + 2 * ID)) };
}
