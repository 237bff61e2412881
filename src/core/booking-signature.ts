// Is this post really from the calendar that has the secret? Ours and Calendly's signatures are of one form; Cal.com signs
// the bare body, so there its own instant takes the place of `t`.

import { createHmac } from "node:crypto";

import { sameText } from "./signing.ts";

const WITHIN_MS = 5 * 60_000;
const MARKS_MOST = 5;

export type SignatureVerdict = "good" | "bad" | "stale";

interface Signed {
  secret: string;
  body: Uint8Array;
  /** ms UTC of the system's clock. */
  now: number;
}

/** `X-Imatic-Signature` and `Calendly-Webhook-Signature`: `t=<epoch>,v1=<hex HMAC-SHA256 of "t.body">`, `t` within 5 minutes. */
export function checkTimedSignature(
  header: string,
  { secret, body, now }: Signed,
): SignatureVerdict {
  const parts = header
    .slice(0, 1000)
    .split(",")
    .map((part) => part.trim());
  const epoch = parts.find((part) => /^t=\d{1,13}$/.test(part))?.slice(2) ?? null;
  if (epoch === null) return "bad";
  const wanted = createHmac("sha256", secret).update(`${epoch}.`).update(body).digest("hex");
  // While a secret is changed there may be two.
  const marks = parts.filter((part) => part.startsWith("v1=")).slice(0, MARKS_MOST);
  if (!marks.some((mark) => sameText(mark.slice(3).toLowerCase(), wanted))) return "bad";
  return Math.abs(now - Number(epoch) * 1000) <= WITHIN_MS ? "good" : "stale";
}

/** `X-Cal-Signature-256`: the hex HMAC-SHA256 of the body. `told_at` is the instant that stands in it. */
export function checkBareSignature(
  header: string,
  { secret, body, now }: Signed,
  told_at: number | null,
): SignatureVerdict {
  const wanted = createHmac("sha256", secret).update(body).digest("hex");
  if (!sameText(header.trim().toLowerCase(), wanted)) return "bad";
  return told_at !== null && Math.abs(now - told_at) <= WITHIN_MS ? "good" : "stale";
}
