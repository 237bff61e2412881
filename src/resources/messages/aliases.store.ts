// SQL of the other Message-IDs that a mail is known by: providers that rewrite ours.

import type { Reading, Tx } from "../../ledger/database.ts";

export function findAlias({ db }: Reading, alias: string): number | null {
  return (
    db
      .query<{ message_id: number }, [string]>(
        "SELECT message_id FROM message_aliases WHERE alias = ?",
      )
      .get(alias)?.message_id ?? null
  );
}

/** The Message-ID under which the provider really sent a mail of ours, where it rewrote it. */
export function findAliasOf({ db }: Reading, message_id: number): string | null {
  return (
    db
      .query<{ alias: string }, [number]>(
        "SELECT alias FROM message_aliases WHERE message_id = ? LIMIT 1",
      )
      .get(message_id)?.alias ?? null
  );
}

/** Remembers the Message-ID that a mail went out under. The first mail that has it keeps it. */
export function insertAlias(tx: Tx, message_id: number, alias: string): void {
  tx.db
    .query(
      "INSERT INTO message_aliases (alias, message_id) VALUES (?, ?) ON CONFLICT (alias) DO NOTHING",
    )
    .run(alias, message_id);
}
