// Every reason for which a mail is not sent now: its code, what it is about, what it waits for, and what a person can
// do. One table for the gates that decide, for `explain`, for its page in the docs and for OpenAPI. A code never
// changes its meaning.

/** What a reason is about: all of a workspace in one mode, a campaign, an inbox, or one lead. */
export const REASON_SUBJECTS = ["ledger", "campaign", "inbox", "lead"] as const;

/**
 * What ends a reason. `time`: it passes at an instant by itself. `imail`: the program's own next look or answer, as a
 * rule within a minute. `mail_server`: the mailbox must work again. `person`: somebody must do something. `nothing`:
 * there is nothing more to wait for.
 */
export const REASON_ENDS = ["time", "imail", "mail_server", "person", "nothing"] as const;
export type ReasonEnd = (typeof REASON_ENDS)[number];

interface ReasonEntry {
  about: (typeof REASON_SUBJECTS)[number];
  waits_for: ReasonEnd;
  /** One line: what this code means. */
  title: string;
  /** What to do about it. */
  remedy: string;
}

const NOTHING_TO_DO = "Nothing: it goes on by itself.";

const OF_LEDGER = {
  test_clock_still: {
    about: "ledger",
    waits_for: "person",
    title: "The clock of test mode stands still, and nothing happens while it does.",
    remedy: 'Move it: `POST /v1/test/clock/advance` with `{"by": "P1D"}`.',
  },
  clock_behind: {
    about: "ledger",
    waits_for: "person",
    title:
      "The server's clock is behind a time that it has shown before: nothing is sent by a clock that may be wrong.",
    remedy:
      "Set the clock right, best by NTP; sending goes on within a minute. Left as it is, it is believed after an hour without another jump.",
  },
  disk_full: {
    about: "ledger",
    waits_for: "person",
    title: "The disk is nearly full: nothing is sent that could not be recorded.",
    remedy: "Make room on the disk of the data directory. Sending goes on by itself then.",
  },
  outcome_unwritten: {
    about: "ledger",
    waits_for: "imail",
    title: "What became of a mail could not be written down yet; nothing new is sent before.",
    remedy: "Look at the log and at the disk. It is tried again every few seconds.",
  },
} as const satisfies Record<string, ReasonEntry>;

const OF_CAMPAIGN = {
  campaign_draft: {
    about: "campaign",
    waits_for: "person",
    title: "The campaign is a draft.",
    remedy: "Start it: `POST /v1/campaigns/{id}/resume`.",
  },
  campaign_paused: {
    about: "campaign",
    waits_for: "person",
    title: "The campaign is paused.",
    remedy: "See to why it was paused, then `POST /v1/campaigns/{id}/resume`.",
  },
  campaign_archived: {
    about: "campaign",
    waits_for: "nothing",
    title: "The campaign is archived and sends nothing any more.",
    remedy: "Duplicate it: `POST /v1/campaigns/{id}/duplicate`.",
  },
  no_inbox: {
    about: "campaign",
    waits_for: "person",
    title: "The campaign has no inbox to send from.",
    remedy: "Name one in `inbox_ids`: `PATCH /v1/campaigns/{id}`.",
  },
  no_inbox_can_send: {
    about: "campaign",
    waits_for: "mail_server",
    title: "None of the campaign's inboxes can send.",
    remedy: "See what each inbox says, or add another one to `inbox_ids`.",
  },
  outside_window: {
    about: "campaign",
    waits_for: "time",
    title: "The send window is closed in the lead's zone.",
    remedy: "Wait for it to open, or widen `send_window`: `PATCH /v1/campaigns/{id}`.",
  },
  campaign_daily_limit: {
    about: "campaign",
    waits_for: "time",
    title: "The campaign has sent as many mails today as its `daily_limit` allows.",
    remedy: "Wait for tomorrow, or raise the campaign's `daily_limit`.",
  },
  daily_new_leads: {
    about: "campaign",
    waits_for: "time",
    title: "As many new leads were written to today as `daily_new_leads` allows.",
    remedy: "Wait for tomorrow, or raise `daily_new_leads`. Follow-ups go on.",
  },
} as const satisfies Record<string, ReasonEntry>;

const OF_INBOX = {
  server_starting: {
    about: "inbox",
    waits_for: "imail",
    title: "The mailbox has not been read since imail was started: reading comes before sending.",
    remedy: NOTHING_TO_DO,
  },
  inbox_pending_auth: {
    about: "inbox",
    waits_for: "person",
    title: "The login of the inbox was never finished.",
    remedy: "Finish it at the inbox's `setup_url`.",
  },
  inbox_paused: {
    about: "inbox",
    waits_for: "person",
    title: "The inbox is paused.",
    remedy: "See to why it was paused, then `POST /v1/inboxes/{id}/resume`.",
  },
  inbox_disconnected: {
    about: "inbox",
    waits_for: "mail_server",
    title: "The mailbox could not be reached three times over five minutes.",
    remedy:
      "See to its server, then `POST /v1/inboxes/{id}/reconnect`. It is tried by itself, too.",
  },
  inbox_needs_login: {
    about: "inbox",
    waits_for: "mail_server",
    title: "The mailbox refuses the login.",
    remedy:
      "Give the right one: `PATCH /v1/inboxes/{id}` with `smtp` and `imap`. Where its owner signs in with the provider, open its `setup_url`.",
  },
  inbox_gone: {
    about: "inbox",
    waits_for: "person",
    title: "The inbox that wrote to this lead before was deleted.",
    remedy: "Stop the lead, or write to it from another campaign.",
  },
  inbox_waits: {
    about: "inbox",
    waits_for: "time",
    title: "The mail server asked for a pause, or could not be reached a moment ago.",
    remedy: "Wait. If it lasts, lower the inbox's limits or see to its server.",
  },
  inbox_busy: {
    about: "inbox",
    waits_for: "imail",
    title: "Another mail of this inbox is on its way: one goes after the other.",
    remedy: NOTHING_TO_DO,
  },
  inbox_unread: {
    about: "inbox",
    waits_for: "imail",
    title: "The mailbox was not read for five minutes: nobody is followed up blind.",
    remedy: "If reading fails, see to the mailbox's IMAP server and login.",
  },
  pace: {
    about: "inbox",
    waits_for: "time",
    title: "The inbox keeps a gap between two mails.",
    remedy: "Wait, or lower `min_gap_seconds`: `PATCH /v1/inboxes/{id}`.",
  },
  daily_limit: {
    about: "inbox",
    waits_for: "time",
    title: "The inbox has sent as many mails today as its `daily_limit` allows.",
    remedy: "Wait for tomorrow, raise the inbox's `daily_limit`, or add an inbox.",
  },
  hourly_limit: {
    about: "inbox",
    waits_for: "time",
    title: "The inbox has sent as many mails within an hour as its `hourly_limit` allows.",
    remedy: "Wait, or raise the inbox's `hourly_limit`.",
  },
} as const satisfies Record<string, ReasonEntry>;

const OF_LEAD = {
  not_due: {
    about: "lead",
    waits_for: "time",
    title: "The delay of the next step is not over.",
    remedy: NOTHING_TO_DO,
  },
  turn: {
    about: "lead",
    waits_for: "imail",
    title: "Nothing stands in its way but those whose turn is before it.",
    remedy: NOTHING_TO_DO,
  },
  paused: {
    about: "lead",
    waits_for: "person",
    title: "The lead is paused.",
    remedy: "`POST /v1/leads/{id}/resume`.",
  },
  held: {
    about: "lead",
    waits_for: "time",
    title: "The lead is away and is left alone until they are back.",
    remedy: NOTHING_TO_DO,
  },
  lead_cooldown: {
    about: "lead",
    waits_for: "time",
    title: "Another campaign wrote to this lead a short while ago.",
    remedy: "Wait, or shorten the campaign's `lead_cooldown`.",
  },
  company_limit: {
    about: "lead",
    waits_for: "time",
    title: "As many of the lead's company were written to today as the campaign allows.",
    remedy: "Wait for tomorrow, or raise the campaign's `max_per_company_per_day`.",
  },
  missing_variable: {
    about: "lead",
    waits_for: "person",
    title: "The step uses variables that the lead does not have.",
    remedy: "Give them to the lead (`PATCH /v1/leads/{id}`), or a `default` to the step.",
  },
  missing_render: {
    about: "lead",
    waits_for: "person",
    title: "The step cannot be written for this lead.",
    remedy: "Correct the step or the lead's fields; `POST /v1/campaigns/{id}/preview` shows it.",
  },
  internal_error: {
    about: "lead",
    waits_for: "time",
    title: "A fault of imail kept this mail from being made. It is tried again.",
    remedy: "Look at the log, and report it.",
  },
  kept_back: {
    about: "lead",
    waits_for: "time",
    title: "The lead is kept back for a reason of its own.",
    remedy: NOTHING_TO_DO,
  },
  deferred: {
    about: "lead",
    waits_for: "time",
    title: "The receiving server asked to try again later.",
    remedy: NOTHING_TO_DO,
  },
  suppressed: {
    about: "lead",
    waits_for: "nothing",
    title: "The address or its domain is on the suppression list and is never mailed.",
    remedy:
      "Only what a person put there by mistake may be lifted: `DELETE /v1/suppressions/{id}`.",
  },
  under_way: {
    about: "lead",
    waits_for: "imail",
    title: "Its mail is on its way.",
    remedy: NOTHING_TO_DO,
  },
  uncertain: {
    about: "lead",
    waits_for: "time",
    title: "Its last mail may or may not have gone out: evidence is looked for first.",
    remedy: "Look into the mailbox's Sent folder. After an hour the sequence goes on as if sent.",
  },
  way_over: {
    about: "lead",
    waits_for: "nothing",
    title: "No step is left for this lead: its way through the campaign ends at the next look.",
    remedy: "Add a step to the campaign before then, if there should be one.",
  },
  completed: {
    about: "lead",
    waits_for: "nothing",
    title: "The lead has come to the end of the campaign.",
    remedy: "Enroll the lead in another campaign.",
  },
  stopped: {
    about: "lead",
    waits_for: "nothing",
    title: "The lead's way through the campaign was ended.",
    remedy:
      "Where `ended_by` is `replied`, `stopped` or `suppressed`: `POST /v1/leads/{id}/resume`.",
  },
} as const satisfies Record<string, ReasonEntry>;

export const REASONS = { ...OF_LEDGER, ...OF_CAMPAIGN, ...OF_INBOX, ...OF_LEAD } as const;
export type ReasonCode = keyof typeof REASONS;

/** Is this word the code of a reason? */
export const isReasonCode = (word: string): word is ReasonCode => Object.hasOwn(REASONS, word);
