// Codes that people type on another device (RFC 8628): the provider is asked at its own pace until somebody has, has
// refused, or the code is too old. They live in memory: after a restart the inbox is reconnected for a new one.

import type { DevicePoll } from "../../core/oauth-port.ts";
import { isOAuthProvider } from "../../core/oauth-port.ts";
import type { BegunCode, ShownCode } from "../../http/sign-ins.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { PROVIDER_NAMES } from "./clients.ts";
import { completeSignIn } from "./sign-in-ends.ts";
import type { SignInParts } from "./sign-ins.ts";
import { findInbox, noteSignInFailure } from "./store.ts";

const CODES_MOST = 100;
/** RFC 8628 3.5: `slow_down` adds five seconds, for good. */
const SLOWER_BY_MS = 5_000;
const SLOWEST_MS = 60_000;

interface Waiting extends BegunCode {
  ledger: Ledger;
  inbox_id: number;
  interval_ms: number;
  next_at: number;
}

export interface Codes {
  keep(ledger: Ledger, inbox_id: number, code: BegunCode): void;
  find(ledger: Ledger, inbox_id: number): ShownCode | null;
  look(): Promise<void>;
}

const keyOf = ({ workspace_id, mode }: Ledger, inbox_id: number) =>
  `${workspace_id}.${mode}.${inbox_id}`;

/** The codes of a house. */
export function openCodes(parts: SignInParts): Codes {
  const waiting = new Map<string, Waiting>();
  const asked = new Set<Waiting>();
  const ask = async (key: string, one: Waiting) => {
    asked.add(one);
    try {
      // A new code of the same inbox may have come in its place meanwhile.
      if (!(await pollOnce(parts, one)) && waiting.get(key) === one) waiting.delete(key);
    } finally {
      asked.delete(one);
    }
  };
  return {
    keep(ledger, inbox_id, code) {
      const key = keyOf(ledger, inbox_id);
      const interval_ms = code.interval_s * 1000;
      const next_at = ledger.clock.now() + interval_ms;
      waiting.delete(key);
      waiting.set(key, { ...code, ledger, inbox_id, interval_ms, next_at });
      const [oldest] = waiting.keys();
      if (waiting.size > CODES_MOST && oldest !== undefined) waiting.delete(oldest);
    },
    find(ledger, inbox_id) {
      const one = waiting.get(keyOf(ledger, inbox_id));
      if (!one || one.expires_at <= ledger.clock.now()) return null;
      const { user_code, verification_uri, expires_at } = one;
      return { user_code, verification_uri, expires_at };
    },
    async look() {
      const due = [...waiting].filter(
        ([, one]) => one.next_at <= one.ledger.clock.now() && !asked.has(one),
      );
      await Promise.all(due.map(([key, one]) => ask(key, one)));
    },
  };
}

/** False when there is nothing more to ask about. */
async function pollOnce(parts: SignInParts, one: Waiting): Promise<boolean> {
  const { ledger, inbox_id } = one;
  const inbox = findInbox(ledger, inbox_id);
  if (!inbox || !isOAuthProvider(inbox.provider)) return false;
  const { provider } = inbox;
  const name = PROVIDER_NAMES[provider];
  const fail = (words: string) => {
    ledger.write((tx) => noteSignInFailure(tx, inbox_id, `${words} ${AGAIN}`));
    return false;
  };
  if (ledger.clock.now() >= one.expires_at) return fail("Nobody typed the code in time.");
  const poll = await parts.port.pollDevice(provider, one.device_code);
  if (poll.outcome === "granted") {
    const signal = new AbortController().signal;
    const end = await completeSignIn(parts, { ledger, inbox_id, provider }, poll.granted, signal);
    return end.outcome === "signed_in" ? false : fail(end.words);
  }
  if (isOver(poll)) return fail(`${name} has not signed anybody in: ${poll.words}.`);
  one.interval_ms = nextInterval(one.interval_ms, poll);
  one.next_at = ledger.clock.now() + one.interval_ms;
  return true;
}

const AGAIN = 'Begin again: POST /v1/inboxes/{id}/reconnect with {"auth": "device"}.';

type Over = Extract<DevicePoll, { outcome: "denied" | "expired" | "refused" | "misconfigured" }>;

const isOver = (poll: DevicePoll): poll is Over =>
  ["denied", "expired", "refused", "misconfigured"].includes(poll.outcome);

/** RFC 8628 3.5: slower when told so, and exponentially slower when nobody answers. */
function nextInterval(interval_ms: number, poll: DevicePoll): number {
  if (poll.outcome === "slow_down") return interval_ms + SLOWER_BY_MS;
  if (poll.outcome !== "unavailable") return interval_ms;
  const asked_ms = (poll.retry_after_s ?? 0) * 1000;
  return Math.max(asked_ms, Math.min(interval_ms * 2, Math.max(SLOWEST_MS, interval_ms)));
}
