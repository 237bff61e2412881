// SQL of a campaign's steps. A step's id outlives every edit: rows are changed and marked as removed, never deleted.
import type { Step } from "../../core/sequence.ts";
import { bindOnce } from "../../ledger/bind-once.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import { readJson } from "../../ledger/row.ts";
import { openTxMemo } from "../../ledger/tx-memo.ts";

export interface StepRow extends Step {
  campaign_id: number;
}

type Stored = Omit<StepRow, "html" | "variants" | "branches"> & {
  html: number;
  variants: string;
  branches: string;
};

function fromRow(row: Stored): StepRow {
  return {
    ...row,
    html: row.html === 1,
    variants: readJson<StepRow["variants"]>(row.variants),
    branches: readJson<StepRow["branches"]>(row.branches),
  };
}

const STEPS = bindOnce(
  `SELECT id, campaign_id, position, delay, subject, body, html, variants, branches
   FROM steps
   WHERE campaign_id = ? AND removed_at IS NULL
   ORDER BY position`,
);

const memo = openTxMemo<StepRow[]>();

/** The steps of a campaign in their order, without the removed ones. */
export function listSteps(reading: Reading, campaign_id: number): StepRow[] {
  return memo.of(reading, campaign_id, () =>
    reading.db.query<Stored, [number]>(STEPS).all(campaign_id).map(fromRow),
  );
}

/** Writes the whole sequence of a campaign: known ids keep their row, new ones get one, the rest is marked as removed. */
export function replaceSteps(tx: Tx, campaign_id: number, steps: readonly Step[]): void {
  memo.forget(tx, campaign_id);
  // Off their places first: `steps_of_campaign` allows no two steps at one position, not even in between.
  tx.db
    .query("UPDATE steps SET position = -1 - position WHERE campaign_id = ? AND removed_at IS NULL")
    .run(campaign_id);
  const upsert = tx.db.query(
    `INSERT INTO steps (id, campaign_id, position, delay, subject, body, html, variants, branches, created_at)
     VALUES ($id, $campaign_id, $position, $delay, $subject, $body, $html, $variants, $branches, $now)
     ON CONFLICT (id) DO UPDATE SET position = $position, delay = $delay, subject = $subject, body = $body,
       html = $html, variants = $variants, branches = $branches
       WHERE campaign_id = $campaign_id`,
  );
  for (const step of steps) {
    upsert.run({
      ...step,
      variants: JSON.stringify(step.variants),
      branches: JSON.stringify(step.branches),
      campaign_id,
      now: tx.now,
    });
  }
  tx.db
    .query(
      "UPDATE steps SET removed_at = ? WHERE campaign_id = ? AND removed_at IS NULL AND position < 0",
    )
    .run(tx.now, campaign_id);
}

/** Which of these steps have mails, of whatever state? They cannot be removed. */
export function listStepsInUse(
  { db }: Reading,
  campaign_id: number,
  step_ids: readonly number[],
): number[] {
  return db
    .query<{ id: number }, [number, string]>(
      `SELECT wanted.value AS id
       FROM json_each(?2) wanted
       WHERE EXISTS (
         SELECT 1
         FROM enrollments e
         JOIN messages m ON m.enrollment_id = e.id AND m.step_id = wanted.value
         WHERE e.campaign_id = ?1)`,
    )
    .all(campaign_id, JSON.stringify(step_ids))
    .map(({ id }) => id);
}
