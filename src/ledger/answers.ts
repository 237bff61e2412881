// SQL of the answers that are kept for retries with the same Idempotency-Key: the only writer of `answers`, in control.db
// and in every ledger. What is older than 24 hours is not there, whether it was pruned yet or not.

import type { Reading, Tx } from "./database.ts";

const KEPT_MS = 24 * 3_600_000;

/** Whose key it is, and which. */
export interface AnswerName {
  key_id: number;
  idempotency_key: string;
}

export interface StoredAnswer {
  /** SHA-256 of what was asked. */
  fingerprint: Uint8Array;
  /** JSON: what the request had decided before its first effect, or null. */
  started: string | null;
  /** Sealed; null until the effect is done. */
  answer: Uint8Array | null;
}

/** The stored answer of this name at `now` (ms UTC of the system's clock), or null. */
export function findAnswer({ db }: Reading, name: AnswerName, now: number): StoredAnswer | null {
  return db
    .query<StoredAnswer, [number, string, number]>(
      `SELECT fingerprint, started, answer
       FROM answers
       WHERE key_id = ? AND idempotency_key = ? AND created_at > ?`,
    )
    .get(name.key_id, name.idempotency_key, now - KEPT_MS);
}

/** Writes or completes an answer. `people` are the lead ids and addresses that it holds. */
export function putAnswer(
  tx: Tx,
  name: AnswerName,
  stored: StoredAnswer & { people: readonly string[] },
  now: number,
): void {
  pruneAnswers(tx, now);
  tx.db
    .query(
      `INSERT INTO answers (key_id, idempotency_key, fingerprint, created_at, started, answer, people)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
     ON CONFLICT DO UPDATE SET answer = excluded.answer, people = excluded.people
     WHERE answer IS NULL AND fingerprint = excluded.fingerprint`,
    )
    .run(
      name.key_id,
      name.idempotency_key,
      stored.fingerprint,
      now,
      stored.started,
      stored.answer,
      ` ${stored.people.join(" ")} `,
    );
}

/** Drops what was begun and refused. */
export function dropUnfinished({ db }: Tx, { key_id, idempotency_key }: AnswerName): void {
  db.query("DELETE FROM answers WHERE key_id = ? AND idempotency_key = ? AND answer IS NULL").run(
    key_id,
    idempotency_key,
  );
}

/** Drops every stored answer that holds one of these lead ids or addresses (Invariant 8). */
export function eraseAnswers({ db }: Tx, people: readonly string[]): void {
  const erase = db.query("DELETE FROM answers WHERE instr(people, ?) > 0");
  for (const word of people) erase.run(` ${word} `);
}

/** Drops what nobody can ask for any more. */
export function pruneAnswers({ db }: Tx, now: number): void {
  db.query("DELETE FROM answers WHERE created_at <= ?").run(now - KEPT_MS);
}
