// A bucket of tokens per key, and one per address for what comes without a key: a request takes one, and they come back
// evenly. In memory and bounded: a restart forgives, and the bucket that was used longest ago is the first to be forgotten.

import type { Tier } from "../ledger/ledger.ts";

export interface Rate {
  /** Tokens that come back in a minute. */
  per_minute: number;
  /** Tokens that the bucket holds. */
  burst: number;
}

/** By the workspace's tier. `spark` has no API: what it is refused with counts like Surge. */
export const RATES: Readonly<Record<Tier, Rate>> = {
  spark: { per_minute: 100, burst: 240 },
  surge: { per_minute: 100, burst: 240 },
  velocity: { per_minute: 500, burst: 1200 },
  apex: { per_minute: 6000, burst: 12_000 },
};

/** How a bucket stands after a request. */
export interface Standing {
  limit: number;
  remaining: number;
  /** When it is full again, epoch seconds. */
  reset_at: number;
  /** The seconds to wait when it was empty, else null. */
  wait_s: number | null;
}

export interface Buckets {
  /** Takes a token from the bucket of this name, at `now` in ms. An empty bucket is not made emptier. */
  spend(name: string | number, rate: Rate, now: number): Standing;
}

const MAX_BUCKETS = 10_000;
const MINUTE_MS = 60_000;

interface Bucket {
  tokens: number;
  at: number;
}

export function openBuckets(max = MAX_BUCKETS): Buckets {
  const buckets = new Map<string | number, Bucket>();
  return {
    spend(name, { per_minute, burst }, now) {
      const found = buckets.get(name) ?? { tokens: burst, at: now };
      // A clock that goes back gives nothing and takes nothing.
      const back = (Math.max(0, now - found.at) * per_minute) / MINUTE_MS;
      const before = Math.min(burst, found.tokens + back);
      const tokens = before >= 1 ? before - 1 : before;
      // A Map keeps the order of insertion: put in anew, the first is the one that was used longest ago.
      buckets.delete(name);
      const oldest = buckets.keys().next();
      if (buckets.size >= max && !oldest.done) buckets.delete(oldest.value);
      buckets.set(name, { tokens, at: now });
      const per_ms = per_minute / MINUTE_MS;
      return {
        limit: burst,
        remaining: Math.floor(tokens),
        reset_at: Math.ceil((now + (burst - tokens) / per_ms) / 1000),
        wait_s: before >= 1 ? null : Math.max(1, Math.ceil((1 - before) / per_ms / 1000)),
      };
    },
  };
}

/** The headers that tell a caller how it stands. */
export function rateHeaders({ limit, remaining, reset_at }: Standing): Record<string, string> {
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(reset_at),
  };
}
