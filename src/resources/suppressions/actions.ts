// Suppresses an address or a domain: in the whole workspace, for good.

import { domainOf } from "../../core/address.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import { type Ledger, suppressionHash } from "../../ledger/ledger.ts";
import {
  type Added,
  eraseSuppressionValue,
  findSuppressionByKeys,
  hasSuppressions,
  insertSuppression,
  listKnownKeys,
  type SuppressionReason,
  type SuppressionRow,
} from "./store.ts";

export interface SuppressionOrder {
  kind: "address" | "domain";
  value: string;
  reason: SuppressionReason;
  source: string;
  evidence: string | null;
}

/** The keyed hashes of an address and of its domain. */
export function suppressionKeys(
  ledger: Ledger,
  email: string,
): { address: Uint8Array; domain: Uint8Array } {
  return {
    address: suppressionHash(ledger, email),
    domain: suppressionHash(ledger, domainOf(email)),
  };
}

/** Adds to the list and to the journal: an opt-out must outlive a restore from an older backup. */
export function suppress(ledger: Ledger, tx: Tx, order: SuppressionOrder): Added {
  const key = suppressionHash(ledger, order.value);
  const added = insertSuppression(tx, { ...order, key });
  if (added === "kept") return added;
  const kind = order.reason === "erased" ? "erase" : "suppress";
  journal(ledger, tx, kind, { key, reason: `${order.kind}:${order.reason}` });
  return added;
}

/** Suppresses an address and forgets it: only the keyed hash stays (Invariant 8). */
export function suppressErased(ledger: Ledger, tx: Tx, email: string): void {
  const order = { kind: "address", value: email, source: "api", evidence: null } as const;
  const key = suppressionHash(ledger, email);
  // Who was on the list before is erased all the same, and a restored backup must hear of it.
  if (suppress(ledger, tx, { ...order, reason: "erased" }) !== "added") {
    journal(ledger, tx, "erase", { key, reason: "address:erased" });
  }
  eraseSuppressionValue(tx, key);
}

/** Tells the journal that one was taken back: what a restored backup hears last counts. */
export function journalLift(ledger: Ledger, tx: Tx, value: string): void {
  journal(ledger, tx, "lift", { key: suppressionHash(ledger, value), reason: "" });
}

/** An entry of which only the keyed hash is known: the journal has it, and nobody here has that address yet. */
export function suppressKey(
  tx: Tx,
  entry: { kind: "address" | "domain"; key: Uint8Array; reason: SuppressionReason },
): void {
  insertSuppression(tx, { ...entry, value: null, source: "journal", evidence: null });
  if (entry.reason === "erased") eraseSuppressionValue(tx, entry.key);
}

function journal(
  ledger: Ledger,
  tx: Tx,
  kind: "suppress" | "erase" | "lift",
  { key, reason }: { key: Uint8Array; reason: string },
): void {
  ledger.journal.append([
    {
      kind,
      at: tx.now,
      message_id: 0,
      enrollment_id: 0,
      campaign_id: 0,
      step_id: 0,
      inbox_id: 0,
      hash: Buffer.from(key).toString("hex"),
      reason,
    },
  ]);
}

/** Those of these addresses that must not be mailed, for themselves or for their domain: one query for all. */
export function listSuppressed(
  ledger: Ledger,
  reading: Reading,
  emails: readonly string[],
): Set<string> {
  if (!hasSuppressions(reading)) return new Set();
  const hashes = new Map<string, string>();
  const hashOf = (value: string) => {
    const hash = hashes.get(value) ?? Buffer.from(suppressionHash(ledger, value)).toString("hex");
    hashes.set(value, hash);
    return hash;
  };
  const asked = emails.map((email) => ({
    email,
    keys: [hashOf(email), hashOf(domainOf(email))],
  }));
  const known = listKnownKeys(reading, [...hashes.values()]);
  const hit = asked.filter(({ keys }) => keys.some((key) => known.has(key)));
  return new Set(hit.map(({ email }) => email));
}

/** What keeps this address from being mailed, or null. */
export function findSuppression(
  ledger: Ledger,
  reading: Reading,
  email: string,
): SuppressionRow | null {
  const { address, domain } = suppressionKeys(ledger, email);
  return findSuppressionByKeys(reading, address, domain);
}
