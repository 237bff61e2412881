// What has happened to an enrollment, as the branches ask for it: its own sends, reactions and replies.
import type { Fact } from "../../core/sequence.ts";
import type { Reading } from "../../ledger/database.ts";
import type { StepRow } from "../../resources/campaigns/steps.store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import { listFactEvents } from "../../resources/events/store.ts";
import { listThread } from "../../resources/messages/due.store.ts";

const KINDS: Record<string, Fact["event"]> = {
  "email.opened": "opened",
  "email.clicked": "clicked",
  "reply.received": "replied",
  "email.bounced.soft": "bounced_soft",
};

/** The facts of one enrollment; none are read where no step has a branch. */
export function branchFacts(
  reading: Reading,
  enrollment: EnrollmentRow,
  steps: readonly StepRow[],
): Fact[] {
  if (steps.every(({ branches }) => branches.length === 0)) return [];
  // A mail that is uncertain counts as sent: the sequence went on as if it were.
  const sends = listThread(reading, enrollment.id).map(({ step_id, committed_at }): Fact => ({
    event: "sent",
    step_id,
    at: committed_at,
  }));
  const reactions = listFactEvents(reading, enrollment.campaign_id, enrollment.lead_id).flatMap(
    (row): Fact[] => {
      const event = KINDS[row.event];
      return event === undefined
        ? []
        : [
            {
              event,
              step_id: row.step_id,
              at: row.created_at,
              category: row.category,
              machine: row.machine === 1,
            },
          ];
    },
  );
  return [...sends, ...reactions];
}
