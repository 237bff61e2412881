// What a route may ask of the house. house.ts makes one; tests make one in memory.
import type { AdvanceReport } from "../core/advance-report.ts";
import type { Log } from "../core/log.ts";
import type { MailPort } from "../core/mail-port.ts";
import type { Control } from "../ledger/control.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Ledgers } from "../ledger/ledgers.ts";
import { type Auth, openAuth } from "./auth.ts";
import type { Caller, Visit, Visits } from "./caller.ts";

/** What the house hands over. */
export interface WiringParts {
  control: Control;
  ledgers: Ledgers;
  mail(ledger: Ledger): MailPort;
  advance(ledger: Ledger, until: number): Promise<AdvanceReport>;
  /** The holder of a key that is good now, or null (api-keys/actions.ts `authenticate`). */
  authenticate(key: string): Caller | null;
  /** Host names beside 127.0.0.1, localhost and [::1] that may be asked for. */
  allowed_hosts: readonly string[];
  log: Log;
  /** ms UTC */
  started_at: number;
  version: string;
}

export interface Wiring extends WiringParts {
  /** The plugin whose macro `ledger: true` hands a route `{ ledger, caller }`. */
  auth: Auth;
  /** What the gate knows of a request. */
  visits: Visits;
}

/** Adds what HTTP itself keeps to what the house hands over. */
export function openWiring(parts: WiringParts): Wiring {
  const visits: Visits = new WeakMap<Request, Visit>();
  return { ...parts, visits, auth: openAuth(visits, parts.ledgers) };
}
