// What one transaction reads again and again, read once: a group of claims asks for the same campaign two hundred times.
// Only for a table whose one writer forgets what it changes; nothing outlives its transaction.

import type { Reading } from "./database.ts";

export interface TxMemo<T> {
  /** What was read before in this transaction, else what `read` gives. Outside of one it is read anew each time. */
  of(reading: Reading, key: number, read: () => T): T;
  forget(reading: Reading, key: number): void;
}

/** A memo for one kind of row. */
export function openTxMemo<T>(): TxMemo<T> {
  const known = new WeakMap<Reading, Map<number, T>>();
  return {
    of(reading, key, read) {
      // Only a transaction has a `now`; a ledger lives on, and its rows change.
      if (!("now" in reading)) return read();
      const rows = known.get(reading) ?? new Map<number, T>();
      known.set(reading, rows);
      const there = rows.get(key);
      if (there !== undefined) return there;
      const made = read();
      rows.set(key, made);
      return made;
    },
    forget: (reading, key) => void known.get(reading)?.delete(key),
  };
}
