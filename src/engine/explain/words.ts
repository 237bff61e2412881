// The sentence for every reason, with the facts of now, and the call that takes it away. Made only when somebody asks.

import { formatDuration } from "../../core/duration.ts";
import type { FixCall } from "../../core/explanation.ts";
import { formatId } from "../../core/ids.ts";
import type { ReasonCode } from "../../core/reasons.ts";
import { roughly, wallDay, wallTime } from "../../core/wall-time.ts";
import { windowZone } from "../../core/window.ts";
import { formatInstant } from "../../ledger/row.ts";
import type { CampaignRow } from "../../resources/campaigns/store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import type { MessageRow } from "../../resources/messages/store.ts";
import type { Gate } from "../send/gates.ts";

/** All that a sentence may name. */
export interface Told {
  gate: Gate;
  now: number;
  /** The workspace's. */
  workspace_zone: string;
  /** The lead's, or that of the leads that are meant. */
  zone: string;
  inbox: InboxRow | null;
  campaign: CampaignRow | null;
  enrollment: EnrollmentRow | null;
  /** The mail that is on its way, uncertain or deferred. */
  message: MessageRow | null;
  /** What blocks the lead, in the words of the code that does. */
  blocked_by: string | null;
  /** How many are due before it. */
  ahead: number | null;
  /** When everything else has passed; null where that cannot be told. */
  next_at: number | null;
}

type Words = (told: Told) => string;

const inboxOf = ({ inbox }: Told) => inbox?.email ?? "the inbox";
/** In brackets, where there is something to say. */
const bracketed = (words: string | null | undefined) =>
  words === null || words === undefined || words === "" ? "" : ` (${words})`;
const reasonOf = ({ inbox }: Told) => bracketed(inbox?.state_reason);
const until = ({ gate, now, workspace_zone }: Told) =>
  gate.next_at === null
    ? "an instant that is not known"
    : `${wallDay(gate.next_at, workspace_zone, now)} ${workspace_zone}`;
const share = ({ gate }: Told) => `${gate.used ?? 0} of ${gate.limit ?? 0}`;
/** What stands behind the word: the names of variables, the fault of a template. */
const details = ({ blocked_by }: Told) => (blocked_by ?? "").split(":").slice(1).join(":").trim();
const answered = ({ message }: Told) => bracketed(message?.response);

const windowWords: Words = ({ gate, campaign, zone, now }) => {
  const read_zone = campaign === null ? zone : windowZone(campaign.send_window, zone);
  const opens =
    gate.next_at === null
      ? "does not open within 400 days"
      : `opens ${wallDay(gate.next_at, read_zone, now)}`;
  return `it is ${wallTime(now, read_zone)} in ${read_zone}; the window ${opens}`;
};

const unreadWords: Words = (told) => {
  const { inbox, now } = told;
  const read_at = inbox?.read_at ?? null;
  const last =
    read_at === null
      ? "has not been read yet"
      : read_at > now
        ? "was last read at an instant that lies ahead, for the clock was set back"
        : `was last read ${roughly(now - read_at)} ago`;
  return `the INBOX of ${inboxOf(told)} ${last}${bracketed(inbox?.read_fault)}; follow-ups wait`;
};

const PAUSED_BY: Record<string, string> = {
  api: "by a request",
  replied_elsewhere: "because the lead answered in another campaign",
  you_took_over: "because you wrote to the lead yourself",
  possible_reply: "because somebody else answered its mail: see whether that settles it",
  meeting_booked: "because a meeting with the lead was booked",
};
const pausedWords: Words = ({ enrollment }) => {
  const by = enrollment?.paused_by ?? "api";
  return `the lead is paused ${PAUSED_BY[by] ?? `(${by})`}`;
};

const ENDED_BY: Record<string, string> = {
  replied: "the lead answered",
  company_replied: "somebody else at the lead's company answered",
  unsubscribed: "the lead asked for no more mail",
  bounced: "its mail came back: the mailbox takes none",
  suppressed: "its address is on the suppression list",
  branch_end: "a branch of the campaign ended it",
  last_step: "the last step was sent",
  stopped: "it was stopped by a request",
  archived: "the campaign was archived",
  erased: "the lead was erased",
};
const endedWords: Words = ({ enrollment }) => {
  const by = enrollment?.ended_by ?? "";
  return `its way through the campaign has ended: ${ENDED_BY[by] ?? by}`;
};

const turnWords: Words = ({ ahead }) =>
  ahead === null || ahead === 0
    ? "nothing stands in its way: the next look takes it, or one whose turn it is"
    : `${ahead}${ahead >= 1000 ? " or more" : ""} ${ahead === 1 ? "lead" : "leads"} of this campaign ${ahead === 1 ? "is" : "are"} due before it`;

const campaignPaused: Words = ({ campaign }) => {
  const { paused_by = null, paused_reason = null } = campaign ?? {};
  return `the campaign was paused by ${paused_by ?? "somebody"}${bracketed(paused_reason)}`;
};

/** One sentence for each code, in small letters and without a full stop: they are joined. */
export const WORDS: Record<ReasonCode, Words> = {
  test_clock_still: ({ now }) =>
    `the test clock stands at ${formatInstant(now)} and moves only when it is told to`,
  clock_behind: ({ now }) =>
    `the server's clock shows ${formatInstant(now)}, which is before a time that it has shown already`,
  disk_full: () => "the disk of the data directory has less than 200 MB left",
  outcome_unwritten: () => "what became of a mail could not be written down yet",
  campaign_draft: () => "the campaign is a draft: it was never started",
  campaign_paused: campaignPaused,
  campaign_archived: () => "the campaign is archived and sends nothing any more",
  no_inbox: () => "the campaign has no inbox to send from",
  no_inbox_can_send: () => "none of the campaign's inboxes can send",
  outside_window: windowWords,
  campaign_daily_limit: (told) => `${share(told)} mails of the campaign sent today`,
  daily_new_leads: (told) => `${share(told)} new leads written to today`,
  server_starting: (told) =>
    `${inboxOf(told)} has not been read since imail was started; reading comes before sending`,
  inbox_pending_auth: (told) => `the login of ${inboxOf(told)} was never finished`,
  inbox_paused: (told) => `${inboxOf(told)} is paused${reasonOf(told)}`,
  inbox_disconnected: (told) => `${inboxOf(told)} cannot be reached${reasonOf(told)}`,
  inbox_needs_login: (told) => `${inboxOf(told)} refuses the login${reasonOf(told)}`,
  inbox_gone: () => "the inbox that wrote to this lead before was deleted",
  inbox_waits: (told) =>
    `${inboxOf(told)} waits until ${until(told)} after the server's answer${reasonOf(told)}`,
  inbox_busy: (told) => `another mail of ${inboxOf(told)} is on its way`,
  inbox_unread: unreadWords,
  pace: (told) =>
    `${inboxOf(told)} sends one mail every ${roughly((told.inbox?.min_gap_seconds ?? 0) * 1000)}, a quarter more or less`,
  daily_limit: (told) => `${share(told)} mails of ${inboxOf(told)} sent today`,
  hourly_limit: (told) => `${share(told)} mails of ${inboxOf(told)} sent within an hour`,
  not_due: (told) => `its next step is due ${until(told)}`,
  turn: turnWords,
  paused: pausedWords,
  held: (told) => `the lead is away and is left alone until ${until(told)}`,
  lead_cooldown: ({ gate, now }) =>
    gate.since === null
      ? "another campaign wrote to this lead a short while ago"
      : `another campaign wrote to this lead ${roughly(now - gate.since)} ago`,
  company_limit: (told) =>
    told.gate.limit === null
      ? "enough people of the lead's company were written to today"
      : `${share(told)} people of the lead's company written to today`,
  missing_variable: (told) => `the lead lacks what its next step needs: ${details(told)}`,
  missing_render: (told) => `its next step cannot be written: ${details(told)}`,
  internal_error: () => "a fault of imail kept the mail from being made",
  kept_back: (told) => `the lead is kept back: ${told.blocked_by ?? "no reason given"}`,
  deferred: (told) => `the mail goes again ${until(told)}, as its server asked${answered(told)}`,
  suppressed: () => "its address or domain is on the suppression list",
  under_way: ({ message, now }) =>
    `its mail has been on its way for ${roughly(now - (message?.claimed_at ?? now))}`,
  uncertain: (told) =>
    `its mail may have gone out${answered(told)}; without evidence the sequence goes on ${until(told)} as if it had`,
  way_over: () => "no step is left for it",
  completed: endedWords,
  stopped: endedWords,
};

const HOUR_S = 3600;
const ADVANCE_MOST_S = 366 * 24 * HOUR_S;

/** Just so far that what waits may go; a day where that is not known. */
function clockCall({ now, next_at }: Told): FixCall {
  const seconds = next_at === null ? 24 * HOUR_S : Math.max(1, Math.ceil((next_at - now) / 1000));
  const by = formatDuration({ days: 0, seconds: Math.min(seconds, ADVANCE_MOST_S) });
  return { method: "POST", path: "/v1/test/clock/advance", body: { by } };
}

type CallOf = (told: Told) => FixCall | null;

const post =
  (noun: "campaigns" | "inboxes", verb: string): CallOf =>
  ({ campaign, inbox }) => {
    const row = noun === "campaigns" ? campaign : inbox;
    if (row === null) return null;
    const id = formatId(noun === "campaigns" ? "cmp" : "inb", row.id);
    return { method: "POST", path: `/v1/${noun}/${id}/${verb}`, body: null };
  };
const patchCampaign: CallOf = ({ campaign }) =>
  campaign && {
    method: "PATCH",
    path: `/v1/campaigns/${formatId("cmp", campaign.id)}`,
    body: null,
  };
const patchInbox: CallOf = ({ inbox }) =>
  inbox && { method: "PATCH", path: `/v1/inboxes/${formatId("inb", inbox.id)}`, body: null };
const patchLead: CallOf = ({ enrollment }) =>
  enrollment && {
    method: "PATCH",
    path: `/v1/leads/${formatId("lead", enrollment.lead_id)}`,
    body: null,
  };
const ofLead =
  (verb: string): CallOf =>
  ({ enrollment }) =>
    enrollment && {
      method: "POST",
      path: `/v1/leads/${formatId("lead", enrollment.lead_id)}/${verb}`,
      body: { campaign_id: formatId("cmp", enrollment.campaign_id) },
    };
/** Ends that a person can take back (leads/enrollment.ts). */
const MAY_RESUME = new Set(["stopped", "replied", "company_replied", "suppressed"]);

/** The calls that help, where one does. */
export const CALLS: Partial<Record<ReasonCode, CallOf>> = {
  test_clock_still: clockCall,
  campaign_draft: post("campaigns", "resume"),
  campaign_paused: post("campaigns", "resume"),
  campaign_archived: post("campaigns", "duplicate"),
  no_inbox: patchCampaign,
  no_inbox_can_send: patchCampaign,
  outside_window: patchCampaign,
  campaign_daily_limit: patchCampaign,
  daily_new_leads: patchCampaign,
  lead_cooldown: patchCampaign,
  company_limit: patchCampaign,
  inbox_paused: post("inboxes", "resume"),
  inbox_disconnected: post("inboxes", "reconnect"),
  inbox_needs_login: patchInbox,
  pace: patchInbox,
  daily_limit: patchInbox,
  hourly_limit: patchInbox,
  inbox_gone: ofLead("stop"),
  paused: ofLead("resume"),
  missing_variable: patchLead,
  missing_render: patchLead,
  stopped: (told) =>
    MAY_RESUME.has(told.enrollment?.ended_by ?? "") ? ofLead("resume")(told) : null,
};
