// The only writer of users and setup_tokens.
import type { Reading, Tx } from "../../ledger/database.ts";

export interface UserRow {
  id: number;
  email: string;
  password_hash: string;
}

/** Is there an account with this address? */
export function hasUser(reading: Reading, email: string): boolean {
  return findUser(reading, email) !== null;
}

/** The account with this address (in lower case), or null. */
export function findUser({ db }: Reading, email: string): UserRow | null {
  return db
    .query<UserRow, [string]>("SELECT id, email, password_hash FROM users WHERE email = ?")
    .get(email);
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

export function setPasswordHash({ db }: Tx, id: number, password_hash: string): void {
  db.query("UPDATE users SET password_hash = ? WHERE id = ?").run(password_hash, id);
}

/** One token is good at a time: a new one ends those before it. */
export function replaceSetupToken(
  { db }: Tx,
  { hash, expires_at }: { hash: Uint8Array; expires_at: number },
): void {
  db.query("DELETE FROM setup_tokens").run();
  db.query("INSERT INTO setup_tokens (hash, expires_at) VALUES (?, ?)").run(hash, expires_at);
}

/** Is this the hash of a setup token that is good at `now` (ms UTC)? */
export function hasSetupToken({ db }: Reading, hash: Uint8Array, now: number): boolean {
  return (
    db
      .query<{ expires_at: number }, [Uint8Array, number]>(
        "SELECT expires_at FROM setup_tokens WHERE hash = ? AND expires_at > ?",
      )
      .get(hash, now) !== null
  );
}

/** After the first account no link is good any more. */
export function deleteSetupTokens({ db }: Tx): void {
  db.query("DELETE FROM setup_tokens").run();
}
