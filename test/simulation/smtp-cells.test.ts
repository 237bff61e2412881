// Invariant 1 at the wire (S4): whatever a server does, the mail is in the right state, and it is taken once at most.
import { expect, test } from "bun:test";

import { CELLS, playCell } from "./smtp-cells.ts";

const ENDS = { failed: 0, uncertain: 1, sent: 1, queued: 1, deferred: 1 } as const;

test.each(
  CELLS.map((cell): [string, typeof cell] => [cell.name, { ...cell, vice: { ...cell.vice } }]),
)("%s", async (_, cell) => {
  const seen = await playCell(cell);
  expect(seen).toMatchObject({ state: cell.state, taken: cell.taken, inbox: cell.inbox });
  expect(seen.taken_in_the_end).toBe(ENDS[cell.state]);
  const final = cell.state === "queued" || cell.state === "deferred" ? "sent" : cell.state;
  expect(seen.state_in_the_end).toBe(final);
});

test("there are forty cells and more, each with a name of its own", () => {
  expect(new Set(CELLS.map(({ name }) => name)).size).toBe(CELLS.length);
  expect(CELLS.length).toBeGreaterThanOrEqual(40);
});
