// What may be done to a campaign: made, changed while it runs, started, paused, archived.
import { AppError, type FaultDetail, notFound } from "../../core/faults.ts";
import { formatId, parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import { sequenceIssues } from "../../core/sequence-issues.ts";
import type { Step } from "../../core/sequence.ts";
import { windowIssues } from "../../core/window.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { archiveEnrollments } from "../enrollments/actions.ts";
import { moveToStep, unblockCampaign } from "../enrollments/store.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { findInbox } from "../inboxes/store.ts";
import type { CampaignDraft } from "./schema.ts";
import { limitIssues, readSettings, shutIssues } from "./settings.ts";
import { listSteps, listStepsInUse, replaceSteps } from "./steps.store.ts";
import { giveStepIds, readSteps } from "./steps.ts";
import {
  type CampaignRow,
  findCampaign,
  insertCampaign,
  listInboxIds,
  setCampaignInboxes,
  setCampaignState,
  updateCampaign,
} from "./store.ts";

export function getCampaign(reading: Reading, id: number): CampaignRow {
  const campaign = findCampaign(reading, id);
  if (!campaign) throw notFound("campaign");
  return campaign;
}

/** Makes a campaign as a draft, or starts it at once where it is ready. All of it or nothing. */
export function createCampaign(
  ledger: Ledger,
  draft: CampaignDraft,
  status: "draft" | "active",
): number {
  return ledger.write((tx) => {
    const { settings, issues } = readSettings(ledger, draft, null);
    const inboxes = readInboxes(tx, draft.inbox_ids ?? []);
    const sequence = readSteps(draft.steps ?? [], []);
    refuseIssues([...issues, ...inboxes.issues, ...sequence.issues]);
    const id = insertCampaign(tx, settings);
    setCampaignInboxes(tx, id, inboxes.ids);
    replaceSteps(
      tx,
      id,
      giveStepIds(sequence.steps, () => tx.id()),
    );
    if (status === "active") start(ledger, tx, getCampaign(tx, id));
    return id;
  });
}

/** Changes what the draft names, also of a campaign that runs. */
export function changeCampaign(ledger: Ledger, id: number, draft: CampaignDraft): void {
  ledger.write((tx) => {
    const campaign = getCampaign(tx, id);
    refuseArchived(campaign);
    const before = listSteps(tx, id);
    const { settings, issues } = readSettings(ledger, draft, campaign);
    const inboxes = draft.inbox_ids ? readInboxes(tx, draft.inbox_ids) : null;
    const sequence = draft.steps ? readSteps(draft.steps, before) : null;
    refuseIssues([...issues, ...(inboxes?.issues ?? []), ...(sequence?.issues ?? [])]);
    updateCampaign(tx, id, settings);
    if (inboxes) setCampaignInboxes(tx, id, inboxes.ids);
    if (sequence)
      changeSteps(
        tx,
        id,
        before,
        giveStepIds(sequence.steps, () => tx.id()),
      );
    unblockCampaign(tx, id);
    tx.nudge("send");
  });
}

function refuseArchived(campaign: CampaignRow): void {
  if (campaign.state === "archived") {
    throw new AppError("wrong_state", "The campaign is archived: it can be read and nothing else.");
  }
}

function readInboxes(
  reading: Reading,
  texts: readonly string[],
): { ids: number[]; issues: FaultDetail[] } {
  const found = texts.map((text) => findInbox(reading, parseId("inb", text) ?? 0));
  return {
    ids: found.flatMap((inbox) => inbox?.id ?? []),
    issues: found.flatMap((inbox, i) =>
      inbox ? [] : [issue(`inbox_ids[${i}]`, "names no inbox of this workspace and mode")],
    ),
  };
}

function changeSteps(
  tx: Tx,
  campaign_id: number,
  before: readonly Step[],
  after: readonly Step[],
): void {
  const kept = new Set(after.map(({ id }) => id));
  const removed = before.filter(({ id }) => !kept.has(id));
  const in_use = listStepsInUse(
    tx,
    campaign_id,
    removed.map(({ id }) => id),
  );
  if (in_use.length > 0) {
    const details = in_use.map((id) =>
      issue("steps", `must keep ${formatId("stp", id)}: it has mails`),
    );
    throw new AppError("step_in_use", details[0]?.message, {
      field: "steps",
      details,
      conflict: { step_id: formatId("stp", in_use[0] ?? 0) },
    });
  }
  replaceSteps(tx, campaign_id, after);
  // Whoever waits at a step that is gone goes on to the next one that stayed; behind the last one they are done.
  for (const gone of removed) {
    const next = before.find(({ id, position }) => position > gone.position && kept.has(id));
    if (next) moveToStep(tx, { campaign_id, from_step_id: gone.id, to_step_id: next.id });
  }
}

/** Starts a draft or a paused campaign, or refuses with everything that is missing. */
export function resumeCampaign(ledger: Ledger, id: number): void {
  ledger.write((tx) => {
    const campaign = getCampaign(tx, id);
    refuseArchived(campaign);
    if (campaign.state !== "active") start(ledger, tx, campaign);
  });
}

function start(ledger: Ledger, tx: Tx, campaign: CampaignRow): void {
  const details = readyIssues(ledger, tx, campaign);
  const [first] = details;
  if (first) throw new AppError("not_ready", first.message, { field: first.field, details });
  setCampaignState(tx, campaign.id, "active", null);
  tx.nudge("send");
}

/** Everything that keeps a campaign from running: what was valid once may not be now. */
function readyIssues(ledger: Ledger, reading: Reading, campaign: CampaignRow): FaultDetail[] {
  return [
    ...inboxIssues(reading, campaign.id),
    ...sequenceIssues(listSteps(reading, campaign.id)),
    ...limitIssues(ledger, campaign),
    ...windowIssues(campaign.send_window),
    ...shutIssues(ledger, campaign.send_window),
  ];
}

/** One inbox that can send is enough; if there is none, each says why. */
function inboxIssues(reading: Reading, campaign_id: number): FaultDetail[] {
  const inboxes = listInboxIds(reading, campaign_id).map((id) => findInbox(reading, id));
  if (inboxes.some((inbox) => inbox?.state === "active")) return [];
  const issues = inboxes.map((inbox, i) => {
    const why = inbox
      ? `is ${inbox.state} (${inbox.email}): ${inbox.state_reason ?? "no reason given"}`
      : "is gone";
    return issue(`inbox_ids[${i}]`, why);
  });
  return issues.length > 0 ? issues : [issue("inbox_ids", "names no inbox that can send")];
}

/** Pauses a campaign that runs: one row, however many leads. */
export function pauseCampaign(ledger: Ledger, id: number): void {
  ledger.write((tx) => {
    const campaign = getCampaign(tx, id);
    refuseArchived(campaign);
    if (campaign.state === "paused") return;
    if (campaign.state === "draft") {
      throw new AppError(
        "wrong_state",
        "The campaign is a draft: it has not been started and sends nothing.",
      );
    }
    const why = { by: "api", reason: "paused by a request" };
    setCampaignState(tx, id, "paused", why);
    record(
      ledger,
      tx,
      { event: "campaign.paused", detail: why },
      { ...NO_SUBJECT, campaign_id: id },
    );
  });
}

/**
 * Archives a campaign for good. The first transaction stops every send of it, for claim and commit point read its
 * state; the enrollments end in slices behind it. A crash between leaves some that wait in an archived campaign, and
 * the same call ends them.
 */
export async function archiveCampaign(ledger: Ledger, id: number): Promise<void> {
  ledger.write((tx) => {
    getCampaign(tx, id);
    setCampaignState(tx, id, "archived", null);
  });
  while (ledger.write((tx) => archiveEnrollments(ledger, tx, id)) > 0) {
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
