// SQL of the list of live mailboxes in control.db, over all workspaces: its only writer.

import type { Control } from "../../ledger/control.ts";
import type { Reading } from "../../ledger/database.ts";

export interface LiveMailbox {
  workspace_id: number;
  inbox_id: number;
}

/** Where this mailbox is live, over all workspaces. `control` is control.db. */
export function findLiveMailbox({ db }: Reading, email: string): LiveMailbox | null {
  return db
    .query<LiveMailbox, [string]>(
      "SELECT workspace_id, inbox_id FROM live_mailboxes WHERE email = ?",
    )
    .get(email);
}

/** Claims a mailbox for a workspace. False when another one has it; a claim that a crash left behind is taken over. */
export function claimLiveMailbox(
  control: Control,
  mailbox: LiveMailbox & { email: string },
): boolean {
  return control.write(({ db }) => {
    const { changes } = db
      .query(
        `INSERT INTO live_mailboxes (email, workspace_id, inbox_id)
         VALUES (?, ?, ?)
         ON CONFLICT (email) DO UPDATE SET inbox_id = excluded.inbox_id WHERE workspace_id = excluded.workspace_id`,
      )
      .run(mailbox.email, mailbox.workspace_id, mailbox.inbox_id);
    return changes > 0;
  });
}

/** Gives a claimed mailbox back, if it still stands for this inbox. */
export function releaseLiveMailbox(control: Control, email: string, inbox_id: number): void {
  control.write(({ db }) => {
    db.query("DELETE FROM live_mailboxes WHERE email = ? AND inbox_id = ?").run(email, inbox_id);
  });
}
