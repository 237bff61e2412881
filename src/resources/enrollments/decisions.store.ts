// SQL of decisions: which branch held for a lead at a step, and why. The last time that the step was due counts.

import type { BranchTrial } from "../../core/sequence.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import { readJson } from "../../ledger/row.ts";

export interface Decision {
  enrollment_id: number;
  /** The step that was due. */
  step_id: number;
  /** The step that its branches led to, or itself; null: the end. */
  went_to: number | null;
  trials: BranchTrial[];
}

export interface DecisionRow extends Decision {
  decided_at: number;
}

type Stored = Omit<DecisionRow, "trials"> & { trials: string };

function fromRow(row: Stored): DecisionRow {
  return { ...row, trials: readJson<BranchTrial[]>(row.trials) };
}

/** Keeps how a step was decided, in place of the time before. */
export function noteDecision(tx: Tx, decision: Decision): void {
  tx.db
    .query(
      `INSERT INTO decisions (enrollment_id, step_id, went_to, trials, decided_at)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET went_to = excluded.went_to, trials = excluded.trials, decided_at = excluded.decided_at`,
    )
    .run(
      decision.enrollment_id,
      decision.step_id,
      decision.went_to,
      JSON.stringify(decision.trials),
      tx.now,
    );
}

/** Every decision of an enrollment, in the order of time. */
export function listDecisions({ db }: Reading, enrollment_id: number): DecisionRow[] {
  return db
    .query<Stored, [number]>(
      `SELECT d.enrollment_id, d.step_id, d.went_to, d.trials, d.decided_at
       FROM decisions d
       JOIN steps s ON s.id = d.step_id
       WHERE d.enrollment_id = ?
       ORDER BY d.decided_at, s.position`,
    )
    .all(enrollment_id)
    .map(fromRow);
}
