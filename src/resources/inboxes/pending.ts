// Sign-ins that are under way at a provider, each under its `state` (RFC 6749 10.12): good once, for ten minutes, and
// forgotten with the process.
import type { OAuthProvider } from "../../core/oauth-port.ts";
import type { Control } from "../../ledger/control.ts";
import type { Ledger } from "../../ledger/ledger.ts";

const LIFE_MS = 10 * 60_000;
/** Whoever opens a link again and again pushes out the oldest. */
const PENDING_MOST = 500;
const SECRET_BYTES = 32;

export interface Pending {
  ledger: Ledger;
  inbox_id: number;
  provider: OAuthProvider;
  redirect_uri: string;
  /** Of the sign-in that was there when this one began. */
  generation: number;
  /** PKCE's secret (RFC 7636 4.1). */
  verifier: string;
}

export interface PendingSignIns {
  begin(wish: Omit<Pending, "verifier">): { state: string; verifier: string };
  /** Null for a state that is unknown, used or too old. */
  take(state: string): Pending | null;
}

export function openPending({ random }: Control): PendingSignIns {
  // In the order in which they began.
  const pending = new Map<string, Pending & { until: number }>();
  const secret = () => Buffer.from(random.bytes(SECRET_BYTES)).toString("base64url");
  return {
    begin(wish) {
      const now = wish.ledger.clock.now();
      for (const [state, { until }] of pending) {
        if (until > now && pending.size < PENDING_MOST) break;
        pending.delete(state);
      }
      const [state, verifier] = [secret(), secret()];
      pending.set(state, { ...wish, verifier, until: now + LIFE_MS });
      return { state, verifier };
    },
    take(state) {
      const found = pending.get(state);
      pending.delete(state);
      return found && found.ledger.clock.now() < found.until ? found : null;
    },
  };
}
