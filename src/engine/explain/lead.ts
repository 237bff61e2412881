// Why a lead gets no mail now, in each campaign that it is in: every gate of the deciding code that fails, with words,
// and when its next mail may go. Nothing is changed.

import type {
  EnrollmentExplanation,
  LeadExplanation,
  LeadVerdict,
} from "../../core/explanation.ts";
import { dueAt } from "../../core/sequence.ts";
import { nextOpening } from "../../core/window.ts";
import { listSteps, type StepRow } from "../../resources/campaigns/steps.store.ts";
import { type CampaignRow, findCampaign, listInboxIds } from "../../resources/campaigns/store.ts";
import { type EnrollmentRow, listEnrollmentsOfLead } from "../../resources/enrollments/store.ts";
import { findInbox } from "../../resources/inboxes/store.ts";
import { findLead, type LeadRow } from "../../resources/leads/store.ts";
import { findMessage, findMessageOfStep, type MessageRow } from "../../resources/messages/store.ts";
import { findSuppression } from "../../resources/suppressions/actions.ts";
import { composeStep } from "../send/compose.ts";
import {
  campaignBudgetGates,
  enrollmentGates,
  type Gate,
  leadGates,
  shut,
  stateGates,
  windowGates,
} from "../send/gates.ts";
import { planStep } from "../send/next-step.ts";
import { UNCERTAIN_HOLDS_MS } from "../send/round.ts";
import { countAhead } from "./ahead.ts";
import { decider, freeFirst, passesAlone, whenPassed } from "./expect.ts";
import { type Found, found, inboxFinds, ledgerFinds, type Scene } from "./scene.ts";
import { tell } from "./tell.ts";

/** Every enrollment of the lead, oldest first; null where there is no such lead. */
export function explainLead(scene: Scene, lead_id: number): LeadExplanation | null {
  const lead = findLead(scene.ledger, lead_id);
  if (!lead) return null;
  const enrollments = listEnrollmentsOfLead(scene.ledger, lead_id).flatMap((enrollment) => {
    const campaign = findCampaign(scene.ledger, enrollment.campaign_id);
    return campaign ? [explainEnrollment(scene, { lead, enrollment, campaign })] : [];
  });
  return { lead_id, now: scene.now, enrollments };
}

/** One lead in one campaign. */
export interface Case {
  lead: LeadRow;
  enrollment: EnrollmentRow;
  campaign: CampaignRow;
}

/** One enrollment: what it waits for, all of it. */
export function explainEnrollment(scene: Scene, one: Case): EnrollmentExplanation {
  const { enrollment, campaign } = one;
  const { ledger, now } = scene;
  const steps = listSteps(ledger, campaign.id);
  const message = messageOf(scene, enrollment);
  const looked =
    enrollment.ended_by === null ? look(scene, one, steps, message) : ended(scene, one);
  const { common, options, ahead } = looked;
  const best = options.length === 0 ? { at: now, finds: [] } : freeFirst(options, now);
  const passed = whenPassed(common, now);
  const opens_from = passed === null || best === null ? null : Math.max(passed, best.at);
  const next_at =
    opens_from === null ? null : nextOpening(campaign.send_window, enrollment.zone, opens_from);
  // An inbox that is free stands for all: the lead goes out from that one.
  const of_inboxes = options.some((finds) => finds.length === 0) ? [] : options.flat();
  const finds = [...common, ...of_inboxes];
  const gates = tell(scene, finds, {
    campaign,
    zone: enrollment.zone,
    enrollment,
    message,
    blocked_by: looked.blocked_by,
    ahead,
    next_at,
  });
  const at_best = [...common, ...(best?.finds ?? of_inboxes)];
  const decides = decider(at_best);
  const step = steps.find(({ id }) => id === (looked.step_id ?? enrollment.step_id));
  return {
    enrollment_id: enrollment.id,
    campaign_id: campaign.id,
    campaign_name: campaign.name,
    state: enrollment.state,
    ended_by: enrollment.ended_by,
    verdict: verdictOf(one, message, { ...looked, common: at_best }),
    summary: sentence(gates[finds.findIndex(({ gate }) => gate === decides?.gate)]?.message ?? ""),
    step: enrollment.ended_by !== null || !step ? null : { id: step.id, position: step.position },
    due_at: enrollment.ended_by === null ? enrollment.due_at : null,
    zone: enrollment.zone,
    zone_basis: enrollment.zone_basis,
    inbox_id: enrollment.inbox_id,
    ahead,
    gates,
    next_at,
  };
}

/** With a capital letter and a full stop. */
export const sentence = (words: string) =>
  words === "" ? "" : `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** What was found out about an enrollment. */
interface Looked {
  /** What fails whatever the inbox. */
  common: Found[];
  /** What fails at each inbox that it may go out from; none where that is not asked. */
  options: Found[][];
  ahead: number | null;
  blocked_by: string | null;
  step_id: number | null;
}

const ended = ({ now }: Scene, { enrollment }: Case): Looked => ({
  common: found(enrollmentGates({ ...enrollment, in_flight: null, due_at: now }, now)),
  options: [],
  ahead: null,
  blocked_by: null,
  step_id: null,
});

function messageOf({ ledger }: Scene, enrollment: EnrollmentRow): MessageRow | null {
  if (enrollment.in_flight !== null) return findMessage(ledger, enrollment.in_flight);
  if (enrollment.step_id === null) return null;
  return findMessageOfStep(ledger, enrollment.id, enrollment.step_id);
}

function look(scene: Scene, one: Case, steps: StepRow[], message: MessageRow | null): Looked {
  const { enrollment, campaign, lead } = one;
  const doubt = enrollment.in_flight !== null && message?.state === "uncertain" ? message : null;
  const behind = doubt === null ? enrollment : behindDoubt(enrollment, doubt, steps);
  const own = doubt === null ? [] : [doubtGate(doubt)];
  if (behind === null) {
    const common = found([...own, shut("way_over", null)]);
    return { common, options: [], ahead: null, blocked_by: null, step_id: null };
  }
  const { ledger, now } = scene;
  const situation = {
    ledger,
    reading: ledger,
    now,
    campaign,
    zone: behind.zone,
    follow_up: behind.sent_count > 0,
  };
  own.push(...enrollmentGates(behind, now));
  const is_own = own.length > 0;
  const options = optionsOf(scene, behind, campaign);
  const content = behind.in_flight === null ? contentGate(scene, one, behind, steps) : null;
  const common = [
    ...ledgerFinds(scene),
    ...found(stateGates(campaign)),
    ...inboxLack(behind, options),
    ...found(mergeGates(own, behind.in_flight === null ? leadGates(situation, lead) : [])),
    ...suppressionFinds(scene, lead),
    ...found(content?.gates ?? []),
    ...found(windowGates(campaign, behind.zone, now)),
    ...found(campaignBudgetGates(situation)),
  ];
  const blocked_by = behind.blocked_by ?? content?.blocked_by ?? null;
  const ahead = is_own || !common.every(passesAlone) ? null : countAhead(scene, campaign, behind);
  // Not the first in its turn, or nothing else to name: then its turn is what it waits for.
  const clear = common.every(({ gate }) => gate.code === "test_clock_still");
  const is_free = options.length === 0 || options.some((finds) => finds.length === 0);
  if (ahead !== null && (ahead > 0 || (clear && is_free)))
    common.push(...found([shut("turn", null)]));
  return { common, options, ahead, blocked_by, step_id: content?.step_id ?? behind.step_id };
}

const doubtGate = ({ committed_at }: MessageRow): Gate =>
  shut("uncertain", (committed_at ?? 0) + UNCERTAIN_HOLDS_MS, committed_at);

/** The enrollment as it goes on when nobody settles the doubt; null where the mail in doubt was its last. */
function behindDoubt(
  enrollment: EnrollmentRow,
  { step_id, committed_at }: MessageRow,
  steps: readonly StepRow[],
): EnrollmentRow | null {
  const next = steps[steps.findIndex(({ id }) => id === step_id) + 1];
  if (!next) return null;
  return {
    ...enrollment,
    in_flight: null,
    step_id: next.id,
    due_at: dueAt(committed_at ?? 0, next, enrollment.zone),
    last_sent_at: committed_at,
    sent_count: enrollment.sent_count + 1,
  };
}

/** A gate that was written down when the lead stepped aside, with the numbers of now where it still fails. */
function mergeGates(own: readonly Gate[], fresh: readonly Gate[]): Gate[] {
  const kept = own.map((gate) => {
    const now = fresh.find(({ code }) => code === gate.code);
    if (!now) return gate;
    return { ...now, next_at: Math.max(gate.next_at ?? 0, now.next_at ?? 0) };
  });
  return [...kept, ...fresh.filter(({ code }) => !own.some((gate) => gate.code === code))];
}

/** What fails at each inbox that this mail may go out from. */
function optionsOf(scene: Scene, enrollment: EnrollmentRow, campaign: CampaignRow): Found[][] {
  const { ledger } = scene;
  const ids =
    enrollment.inbox_id === null ? listInboxIds(ledger, campaign.id) : [enrollment.inbox_id];
  return ids.flatMap((id) => {
    const inbox = findInbox(ledger, id);
    return inbox ? [inboxFinds(scene, inbox, enrollment.sent_count > 0)] : [];
  });
}

function inboxLack({ inbox_id }: EnrollmentRow, options: readonly (readonly Found[])[]): Found[] {
  if (options.length === 0)
    return found([shut(inbox_id === null ? "no_inbox" : "inbox_gone", null)]);
  const none = inbox_id === null && options.every((finds) => !finds.every(passesAlone));
  return none ? found([shut("no_inbox_can_send", null)]) : [];
}

function suppressionFinds({ ledger }: Scene, { email }: LeadRow): Found[] {
  const suppression = findSuppression(ledger, ledger, email);
  return suppression ? found([shut("suppressed", null, suppression.created_at)]) : [];
}

interface Content {
  gates: Gate[];
  blocked_by: string | null;
  step_id: number | null;
}

/** Can the next mail be made at all? Asked of the code that makes it. What a branch may still change is not asked. */
function contentGate(
  { ledger, now }: Scene,
  { lead, campaign }: Case,
  enrollment: EnrollmentRow,
  steps: StepRow[],
): Content | null {
  const is_due = (enrollment.due_at ?? 0) <= now;
  const may_branch = steps.some(({ branches }) => branches.length > 0);
  if (enrollment.blocked_until !== null || (may_branch && !is_due)) return null;
  const plan = planStep({ db: ledger.db, now }, enrollment, steps);
  if (plan.plan === "end")
    return { gates: [shut("way_over", null)], blocked_by: null, step_id: null };
  const { step } = plan;
  const content = { gates: [] as Gate[], blocked_by: null, step_id: step.id };
  if (plan.plan === "wait") return { ...content, gates: [shut("deferred", plan.until)] };
  if (plan.plan === "later") return { ...content, gates: [shut("not_due", plan.due_at)] };
  const inbox_id = enrollment.inbox_id ?? listInboxIds(ledger, campaign.id)[0];
  const inbox = inbox_id === undefined ? null : findInbox(ledger, inbox_id);
  if (!inbox) return content;
  try {
    const order = { message_id: 0, campaign, enrollment, lead, inbox, steps, step };
    const composed = composeStep(ledger, ledger, order);
    if (composed.ok) return content;
    const { blocked_by } = composed;
    const code = blocked_by.startsWith("missing_variable") ? "missing_variable" : "missing_render";
    return { ...content, gates: [shut(code, null)], blocked_by };
  } catch (error) {
    if (error instanceof Error && error.name === "SQLiteError") throw error;
    return { ...content, gates: [shut("internal_error", null)] };
  }
}

function verdictOf(
  { enrollment }: Case,
  message: MessageRow | null,
  { common, ahead }: Looked,
): LeadVerdict {
  if (enrollment.ended_by !== null) return "ended";
  if (enrollment.in_flight !== null)
    return message?.state === "uncertain" ? "uncertain" : "in_flight";
  if (enrollment.state === "paused" || enrollment.state === "held") return enrollment.state;
  if (enrollment.blocked_until !== null || !common.every(passesAlone)) return "blocked";
  const others = common.filter(
    ({ gate }) => gate.code !== "test_clock_still" && gate.code !== "turn",
  );
  return others.length === 0 && ahead === 0 ? "sending_next" : "waiting";
}
