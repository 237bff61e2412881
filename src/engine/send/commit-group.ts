// The commit point: transaction 2 of a send, between a mail's last byte and its final dot. Held mails wait at most
// 10 ms for each other; then, in one synchronous tick: one durable transaction, one append to the journal, release.
// There is no await between COMMIT and release: a stop either came before and wins, or finds the mail gone.
// A kill before COMMIT: `claimed`, no dot. A kill after it: `committed`, and the next start calls it uncertain.
import type { Held } from "../../core/mail-port.ts";
import type { Tx } from "../../ledger/database.ts";
import type { JournalLine } from "../../ledger/journal.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { delaySlot } from "../../resources/inboxes/store.ts";
import { commitMessage, findMessage, takeBackCommit } from "../../resources/messages/store.ts";
import { suppressionKeys } from "../../resources/suppressions/actions.ts";
import { commitLine } from "./commit-line.ts";
import { SYNC_FRESHNESS_MS } from "./gates.ts";

const WAIT_MS = 10;

/** Runs `work` once after `ms`, unless the answer is called before: the engine owns the timers. */
export type Later = (ms: number, work: () => void) => () => void;

export interface CommitGroup {
  /** A mail is on its way to the commit point. */
  expect(): void;
  /** It will not get there, or has been through. */
  unexpect(): void;
  /** A mail waits behind its last byte. */
  join(message_id: number, held: Held): void;
}

interface Waiting {
  message_id: number;
  held: Held;
}

/** One group per ledger. */
export function openCommitGroup(ledger: Ledger, later: Later): CommitGroup {
  let waiting: Waiting[] = [];
  let expected = 0;
  const flush = () => {
    const group = waiting;
    waiting = [];
    if (group.length > 0) commitAndRelease(ledger, group);
  };
  return {
    expect: () => void expected++,
    unexpect() {
      expected--;
      if (waiting.length > 0 && waiting.length >= expected) flush();
    },
    join(message_id, held) {
      waiting.push({ message_id, held });
      if (waiting.length >= expected) flush();
      else if (waiting.length === 1) later(WAIT_MS, flush);
    },
  };
}

function commitAndRelease(ledger: Ledger, group: readonly Waiting[]): void {
  const committed = new Set<number>();
  try {
    const lines = ledger.write((tx) =>
      group.flatMap(({ message_id }) => {
        const line = commit(ledger, tx, message_id);
        if (line) committed.add(message_id);
        return line ? [line] : [];
      }),
    );
    appendOrUndo(ledger, lines, committed);
  } catch {
    // COMMIT failed (a full disk): nothing is durable, so nothing may be let go. The settling says why.
    committed.clear();
  }
  for (const { message_id, held } of group) {
    if (committed.has(message_id)) held.release();
    else held.refuse();
  }
}

function commit(ledger: Ledger, tx: Tx, message_id: number): JournalLine | null {
  const message = findMessage(tx, message_id);
  if (!message) return null;
  const keys = suppressionKeys(ledger, message.recipient);
  const guard = {
    id: message_id,
    boot_id: ledger.boot_id,
    fresh_since: tx.now - SYNC_FRESHNESS_MS,
    address_key: keys.address,
    domain_key: keys.domain,
  };
  if (!commitMessage(tx, guard)) return null;
  // Pace is between dots: a slow body must not eat into the gap behind it. Only steps took a slot.
  const late_ms = Math.max(0, tx.now - (message.claimed_at ?? tx.now));
  if (late_ms > 0 && message.kind === "step") delaySlot(tx, message.inbox_id, late_ms);
  return commitLine(ledger, message, tx.now);
}

/**
 * If the journal cannot be written none is let go. The mails are `claimed` again, so that their settling (`refused`)
 * gives everything back; a kill in between puts them back as any claimed mail.
 */
function appendOrUndo(ledger: Ledger, lines: readonly JournalLine[], committed: Set<number>): void {
  try {
    ledger.journal.append(lines);
  } catch {
    committed.clear();
    ledger.write((tx) => {
      for (const { message_id } of lines) takeBackCommit(tx, message_id);
    });
  }
}
