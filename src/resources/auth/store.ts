// The only writer of users and setup_tokens.
import type { Reading, Tx } from "../../ledger/database.ts";

/** Is there an account with this address? */
export function hasUser({ db }: Reading, email: string): boolean {
  return (
    db.query<{ id: number }, [string]>("SELECT id FROM users WHERE email = ?").get(email) !== null
  );
}

/** Is there any account? */
export function hasAnyUser({ db }: Reading): boolean {
  return db.query<{ id: number }, []>("SELECT id FROM users LIMIT 1").get() !== null;
}

export function insertUser(
  tx: Tx,
  { email, password_hash }: { email: string; password_hash: string },
): number {
  const id = tx.id();
  tx.db
    .query("INSERT INTO users (id, email, password_hash, created_at) VALUES (?, ?, ?, ?)")
    .run(id, email, password_hash, tx.now);
  return id;
}

/** One token is good at a time: a new one ends those before it. */
export function replaceSetupToken(
  { db }: Tx,
  { hash, expires_at }: { hash: Uint8Array; expires_at: number },
): void {
  db.query("DELETE FROM setup_tokens").run();
  db.query("INSERT INTO setup_tokens (hash, expires_at) VALUES (?, ?)").run(hash, expires_at);
}
