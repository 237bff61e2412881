// What may be done to a campaign: made, changed while it runs, started, paused, archived.
import { addDuration, readDuration } from "../../core/duration.ts";
import { AppError, type FaultDetail, notFound } from "../../core/faults.ts";
import { formatId, parseId } from "../../core/ids.ts";
import { issue, refuseIssues } from "../../core/issues.ts";
import type { Step } from "../../core/sequence.ts";
import type { PublicSide } from "../../core/step-mail.ts";
import type { Reading, Tx } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { archiveEnrollments, cutWindows } from "../enrollments/actions.ts";
import { listZonesAtStep } from "../enrollments/of-campaign.store.ts";
import { moveToStep, restartAtStep, unblockCampaign } from "../enrollments/store.ts";
import { NO_SUBJECT, record } from "../events/actions.ts";
import { findInbox } from "../inboxes/store.ts";
import { readyIssues } from "./ready.ts";
import type { CampaignDraft } from "./schema.ts";
import { readSettings } from "./settings.ts";
import { listSteps, listStepsInUse, replaceSteps } from "./steps.store.ts";
import { giveStepIds, mapStepIds, readSteps } from "./steps.ts";
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

/** What a campaign's mails ask of the public address; null where there is none. */
export function publicSide(
  ledger: Ledger,
  { track_opens, track_clicks }: Pick<CampaignRow, "track_opens" | "track_clicks">,
): PublicSide | null {
  const { public_url: url, workspace_id, mode } = ledger;
  return url === null ? null : { url, ledger: { workspace_id, mode }, track_opens, track_clicks };
}

/**
 * Changes what the draft names, also of a campaign that runs. `in_flight: restart` lets the delay of a changed step
 * begin anew for those who wait at it; with `keep` they stay due when they were.
 */
export function changeCampaign(
  ledger: Ledger,
  id: number,
  draft: CampaignDraft,
  in_flight: "keep" | "restart" = "keep",
): void {
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
    if (sequence) {
      const after = giveStepIds(sequence.steps, () => tx.id());
      changeSteps(tx, id, before, after);
      if (in_flight === "restart") restartClocks(tx, id, before, after);
    }
    unblockCampaign(tx, id);
    if (draft.send_window) cutWindows(ledger, tx, { campaign_id: id });
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

/** Only the clock moves: who waits at a step that changed waits its delay from now on, in their own zone. */
function restartClocks(
  tx: Tx,
  campaign_id: number,
  before: readonly Step[],
  after: readonly Step[],
): void {
  for (const step of after) {
    const old = before.find(({ id }) => id === step.id);
    if (!old || wordsAndWays(old) === wordsAndWays(step)) continue;
    for (const zone of listZonesAtStep(tx, campaign_id, step.id)) {
      const due_at = addDuration(tx.now, readDuration(step.delay), zone);
      restartAtStep(tx, { campaign_id, step_id: step.id, zone, due_at });
    }
  }
}

/** All that an edit can change of a step but its place. */
function wordsAndWays({ delay, subject, body, html, variants, branches }: Step): string {
  return JSON.stringify([delay, subject, body, html, variants, branches]);
}

/** A draft with the same settings, inboxes and steps (new ids), and without its leads. Its id. */
export function duplicateCampaign(ledger: Ledger, id: number): number {
  return ledger.write((tx) => {
    const original = getCampaign(tx, id);
    const copy_id = insertCampaign(tx, { ...original, name: copyName(original.name) });
    setCampaignInboxes(
      tx,
      copy_id,
      listInboxIds(tx, id).filter((inbox_id) => findInbox(tx, inbox_id) !== null),
    );
    // Negative ids are what steps have before they are saved: then new ones are given and branches follow.
    const steps = listSteps(tx, id);
    const fresh = new Map(steps.map((step, i) => [step.id, -1 - i]));
    const unsaved = mapStepIds(steps, (step_id) => fresh.get(step_id) ?? step_id);
    replaceSteps(
      tx,
      copy_id,
      giveStepIds(unsaved, () => tx.id()),
    );
    return copy_id;
  });
}

const COPY_MARK = " (copy)";
const NAME_MOST = 120;

/** Cut so that the mark fits, and never through the middle of a character. */
function copyName(name: string): string {
  const room = NAME_MOST - COPY_MARK.length;
  const cut = name.length <= room ? name : name.slice(0, room).replace(/[\uD800-\uDBFF]$/, "");
  return cut.trimEnd() + COPY_MARK;
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
  const details = readyIssues(ledger, tx, campaign).map(({ field, message }) => ({
    field,
    message,
  }));
  const [first] = details;
  if (first) throw new AppError("not_ready", first.message, { field: first.field, details });
  setCampaignState(tx, campaign.id, "active", null);
  tx.nudge("send");
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
