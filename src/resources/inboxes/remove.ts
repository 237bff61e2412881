// Deletes an inbox. Leads that wait for it are handed to another one first: nobody is left behind in silence, and the
// row stays, because its finished mails name it.

import { AppError } from "../../core/faults.ts";
import { parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import type { Control } from "../../ledger/control.ts";
import type { Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import {
  findCampaign,
  listInboxIds,
  setCampaignInboxes,
  setCampaignState,
} from "../campaigns/store.ts";
import { moveToInbox } from "../enrollments/store.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { getInbox } from "./actions.ts";
import { releaseLiveMailbox } from "./live-mailboxes.store.ts";
import { deleteSignIn } from "./sign-ins.store.ts";
import { deleteInbox, findInbox } from "./store.ts";
import { countWaiting, listCampaignsOfInbox } from "./used.store.ts";

const SLICE_ROWS = 2000;

interface Removal {
  id: number;
  /** The id on the wire of the inbox that takes over, or null. */
  reassign_to: string | null;
}

/**
 * Deletes the inbox, or throws `inbox_in_use` with how many leads wait for it. With another inbox to go on with, its
 * campaigns are handed over in the first transaction, so that no lead becomes its own any more; the leads follow in
 * slices, and the last transaction takes the stragglers and deletes. A crash in between leaves an inbox that is in no
 * campaign, and the same call goes on.
 */
export async function removeInbox(
  ledger: Ledger,
  control: Control,
  { id, reassign_to }: Removal,
): Promise<void> {
  const { email } = getInbox(ledger, id);
  if (reassign_to === null) {
    ledger.write((tx) => {
      refuseWaiting(tx, id);
      leaveCampaigns(ledger, tx, id);
      finish(tx, id);
    });
    // Who was stopped may be resumed one day: then with any inbox of the campaign.
    await moveAll(ledger, id, () => null);
  } else await handOver(ledger, id, reassign_to);
  // After the commit: a crash in between leaves a claim of this workspace, never a mailbox that is live twice.
  if (ledger.mode === "live") releaseLiveMailbox(control, email, id);
}

function refuseWaiting(tx: Tx, id: number): void {
  const { email } = getInbox(tx, id);
  const waiting = countWaiting(tx, id);
  if (waiting === 0) return;
  const are = waiting === 1 ? "1 lead waits" : `${waiting} leads wait`;
  const message = `${are} for ${email}. Name another active inbox with ?reassign_to=inb_…: they go on with it, in new threads.`;
  throw new AppError("inbox_in_use", message, { field: "reassign_to", conflict: { waiting } });
}

async function handOver(ledger: Ledger, id: number, reassign_to: string): Promise<void> {
  ledger.write((tx) => {
    getInbox(tx, id);
    const to_id = readTarget(tx, id, reassign_to);
    for (const campaign_id of listCampaignsOfInbox(tx, id)) {
      const handed = listInboxIds(tx, campaign_id).map((one) => (one === id ? to_id : one));
      setCampaignInboxes(tx, campaign_id, [...new Set([...handed, to_id])]);
    }
    tx.nudge("send");
  });
  await moveAll(ledger, id, (tx) => readTarget(tx, id, reassign_to));
  ledger.write((tx) => {
    getInbox(tx, id);
    const to_inbox_id = readTarget(tx, id, reassign_to);
    const everything = { after: 0, limit: Number.MAX_SAFE_INTEGER };
    moveToInbox(tx, { from_inbox_id: id, to_inbox_id, ...everything });
    finish(tx, id);
  });
}

/** In slices, so that a big campaign never holds up a send. */
async function moveAll(
  ledger: Ledger,
  from_inbox_id: number,
  targetOf: (tx: Tx) => number | null,
): Promise<void> {
  const slice = { from_inbox_id, limit: SLICE_ROWS };
  for (let after: number | null = 0; after !== null;) {
    const from: number = after;
    after = ledger.write((tx) =>
      moveToInbox(tx, { ...slice, to_inbox_id: targetOf(tx), after: from }),
    );
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

function readTarget(tx: Tx, id: number, text: string): number {
  const target = findInbox(tx, parseId("inb", text) ?? 0);
  if (!target) refuseIssues([issue("reassign_to", "names no inbox of this workspace and mode")]);
  else if (target.id === id) refuseIssues([issue("reassign_to", "must name another inbox")]);
  else if (target.state !== "active") {
    const why = `must name an active inbox: ${target.email} is ${target.state}`;
    refuseIssues([issue("reassign_to", why)]);
  }
  return target?.id ?? 0;
}

/** Campaigns that have other inboxes go on with those; one that has none left is paused and says why. */
function leaveCampaigns(ledger: Ledger, tx: Tx, id: number): void {
  const email = findInbox(tx, id)?.email ?? "";
  for (const campaign_id of listCampaignsOfInbox(tx, id)) {
    const others = listInboxIds(tx, campaign_id).filter((one) => one !== id);
    if (others.length > 0) setCampaignInboxes(tx, campaign_id, others);
    else if (findCampaign(tx, campaign_id)?.state === "active") {
      const why = { by: "inbox_deleted", reason: `its only inbox ${email} was deleted` };
      setCampaignState(tx, campaign_id, "paused", why);
      const subject = { ...NO_SUBJECT, campaign_id, inbox_id: id };
      record(ledger, tx, { event: "campaign.paused", detail: why }, subject);
    }
  }
}

function finish(tx: Tx, id: number): void {
  deleteInbox(tx, id);
  deleteSignIn(tx, id);
  tx.nudge("read");
  tx.nudge("send");
}
