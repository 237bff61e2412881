// What one transaction reads again and again, read once: a group of claims asks for the same campaign two hundred times.
// Only for a table whose one writer forgets what it changes; nothing outlives its transaction, nor what was undone in it.

import type { Reading } from "./database.ts";

type Key = number | string;

export interface TxMemo<T> {
  /** What was read before in this transaction, else what `read` gives. Outside of one it is read anew each time. */
  of(reading: Reading, key: Key, read: () => T): T;
  forget(reading: Reading, key: Key): void;
  /** Forgets all that it knows in this transaction. */
  clear(reading: Reading): void;
}

const clearing: ((reading: Reading) => void)[] = [];

/** A memo for one kind of row: one for each table, made once for all. */
export function openTxMemo<T>(): TxMemo<T> {
  const known = new WeakMap<Reading, Map<Key, T>>();
  const memo: TxMemo<T> = {
    of(reading, key, read) {
      // Only a transaction has a `now`; a ledger lives on, and its rows change.
      if (!("now" in reading)) return read();
      const rows = known.get(reading) ?? new Map<Key, T>();
      known.set(reading, rows);
      const there = rows.get(key);
      if (there !== undefined) return there;
      const made = read();
      rows.set(key, made);
      return made;
    },
    forget: (reading, key) => void known.get(reading)?.delete(key),
    clear: (reading) => void known.delete(reading),
  };
  clearing.push((tx) => memo.clear(tx));
  return memo;
}

/** A part of this transaction was undone: whatever was read in it may be otherwise. */
export function forgetAll(tx: Reading): void {
  for (const clear of clearing) clear(tx);
}
