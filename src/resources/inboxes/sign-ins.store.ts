// SQL of sign-ins: what Google or Microsoft granted for a mailbox, sealed. The only writer of the table.
import type { Reading, Tx } from "../../ledger/database.ts";

export interface SignInRow {
  inbox_id: number;
  /** Sealed. */
  refresh_token: Uint8Array;
  access_token: Uint8Array;
  got_at: number;
  expires_at: number;
  signed_in_at: number;
  ends_at: number | null;
  /** The provider's words when it refused to refresh; null while it does. */
  refused: string | null;
}

export function findSignIn({ db }: Reading, inbox_id: number): SignInRow | null {
  return db
    .query<SignInRow, [number]>(
      `SELECT inbox_id, refresh_token, access_token, got_at, expires_at, signed_in_at, ends_at, refused
       FROM sign_ins WHERE inbox_id = ?`,
    )
    .get(inbox_id);
}

/** A sign-in of the mailbox's owner, in place of any before it. */
export function saveSignIn(
  tx: Tx,
  sign_in: Pick<
    SignInRow,
    "inbox_id" | "refresh_token" | "access_token" | "expires_at" | "ends_at"
  >,
): void {
  tx.db
    .query(
      `INSERT INTO sign_ins (inbox_id, refresh_token, access_token, got_at, expires_at, signed_in_at, ends_at)
       VALUES ($inbox_id, $refresh_token, $access_token, $now, $expires_at, $now, $ends_at)
       ON CONFLICT (inbox_id) DO UPDATE SET refresh_token = excluded.refresh_token, access_token = excluded.access_token,
         got_at = excluded.got_at, expires_at = excluded.expires_at,
         -- Each sign-in ends the link that led to it, also within one millisecond.
         signed_in_at = max(excluded.signed_in_at, signed_in_at + 1), ends_at = excluded.ends_at, refused = NULL`,
    )
    .run({ ...sign_in, now: tx.now });
}

/** The tokens after a refresh. */
export function saveRefreshed(
  tx: Tx,
  {
    inbox_id,
    refresh_token,
    access_token,
    expires_at,
  }: Pick<SignInRow, "inbox_id" | "refresh_token" | "access_token" | "expires_at">,
): void {
  tx.db
    .query(
      `UPDATE sign_ins SET refresh_token = ?, access_token = ?, got_at = ?, expires_at = ?, refused = NULL
       WHERE inbox_id = ?`,
    )
    .run(refresh_token, access_token, tx.now, expires_at, inbox_id);
}

/** The provider refreshes no more: only its owner's sign-in helps. */
export function refuseSignIn(tx: Tx, inbox_id: number, words: string): void {
  tx.db.query("UPDATE sign_ins SET refused = ? WHERE inbox_id = ?").run(words, inbox_id);
}

export function isSignInRefused({ db }: Reading, inbox_id: number): boolean {
  return (
    db
      .query<{ refused: string }, [number]>(
        "SELECT refused FROM sign_ins WHERE inbox_id = ? AND refused IS NOT NULL",
      )
      .get(inbox_id) !== null
  );
}

/** Its tokens are forgotten. */
export function deleteSignIn(tx: Tx, inbox_id: number): void {
  tx.db.query("DELETE FROM sign_ins WHERE inbox_id = ?").run(inbox_id);
}
