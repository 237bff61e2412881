// Whether a campaign can run: everything that was valid once and may not be now. `validate` tells it, and `resume`
// decides by it: one function, so that a campaign that validates starts.

import type { FaultDetail } from "../../core/faults.ts";
import { badLinks } from "../../core/links.ts";
import { sequenceIssues } from "../../core/sequence-issues.ts";
import type { Step } from "../../core/sequence.ts";
import { windowIssues } from "../../core/window.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { findInbox, type InboxRow } from "../inboxes/store.ts";
import type { Finding } from "./schema.ts";
import { limitIssues, shutIssues } from "./settings.ts";
import { listSteps } from "./steps.store.ts";
import { wordIssues } from "./steps.ts";
import { type CampaignRow, listInboxIds } from "./store.ts";

type Code = Finding["code"];

/** One finding about the campaign itself; its message begins with its place. */
export function finding(code: Code, field: string, rule: string): Finding {
  return { code, field, message: `${field} ${rule}`, variable: null, leads: null };
}

const coded = (code: Code, issues: readonly FaultDetail[]): Finding[] =>
  issues.map(({ field, message }) => ({ code, field, message, variable: null, leads: null }));

/** Everything that keeps the campaign from running; empty when it may start. */
export function readyIssues(ledger: Ledger, reading: Reading, campaign: CampaignRow): Finding[] {
  const steps = listSteps(reading, campaign.id);
  const inboxes = listInboxes(reading, campaign.id);
  const can_send = inboxes.some((inbox) => inbox?.state === "active");
  return [
    ...(can_send ? [] : inboxFindings(inboxes)),
    ...coded("steps_invalid", sequenceIssues(steps)),
    ...coded("template_invalid", steps.flatMap(wordIssues)),
    ...steps.flatMap(linkFindings),
    ...coded("limit_invalid", limitIssues(ledger, campaign)),
    ...coded("window_invalid", windowIssues(campaign.send_window)),
    ...coded("window_shut", shutIssues(ledger, campaign.send_window)),
  ];
}

/** In the campaign's order; null for one that is gone. */
export function listInboxes(reading: Reading, campaign_id: number): (InboxRow | null)[] {
  return listInboxIds(reading, campaign_id).map((id) => findInbox(reading, id));
}

/** Each inbox that cannot send, with the reason. One that can is enough for a campaign to run. */
export function inboxFindings(inboxes: readonly (InboxRow | null)[]): Finding[] {
  if (inboxes.length === 0)
    return [finding("inbox_unusable", "inbox_ids", "names no inbox that can send")];
  return inboxes.flatMap((inbox, i) => {
    if (inbox?.state === "active") return [];
    const why = inbox
      ? `is ${inbox.state} (${inbox.email}): ${inbox.state_reason ?? "no reason given"}`
      : "is gone";
    return [finding("inbox_unusable", `inbox_ids[${i}]`, why)];
  });
}

/** The words of a step that can go out, each with its place. */
export function wordsOfStep(step: Step): { field: string; subject: string; body: string }[] {
  const field = `steps[${step.position}]`;
  return step.variants.length === 0
    ? [{ field, subject: step.subject, body: step.body }]
    : step.variants.map(({ subject, body }, v) => ({
        field: `${field}.variants[${v}]`,
        subject,
        body,
      }));
}

const WRONG_LINK = {
  scheme: "is no link for a mail: use http or https",
  credentials: "holds a login: take the name and password out of it",
  address: "is no address: write it in full, as https://example.com/page",
};

function linkFindings(step: Step): Finding[] {
  return wordsOfStep(step).flatMap(({ field, body }) =>
    badLinks(body, step.html).map(({ link, why }) =>
      finding("link_unsafe", `${field}.body`, `has the link ${link}, which ${WRONG_LINK[why]}`),
    ),
  );
}
