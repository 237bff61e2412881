// Shows every mail that a lead gets, byte for byte. The mail is made by the function that the send calls; what does
// not exist before the mail does (its id, and so Message-ID, X-Imail-Id, the unsubscribe token and the MIME boundary;
// the Date) has a stand-in of the same length.

import { AppError, notFound } from "../../core/faults.ts";
import { formatId } from "../../core/ids.ts";
import { type Composed, composeStepMail, type ThreadPart } from "../../core/step-mail.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { type EnrollmentRow, findEnrollmentOf } from "../enrollments/store.ts";
import { findInbox, type InboxRow } from "../inboxes/store.ts";
import { findLead, type LeadRow } from "../leads/store.ts";
import { findAliasOf } from "../messages/aliases.store.ts";
import { listThread } from "../messages/due.store.ts";
import { publicSide } from "./actions.ts";
import { listMadeMails, type MadeMail } from "./enrolled.store.ts";
import type { Preview } from "./schema.ts";
import { listSteps, type StepRow } from "./steps.store.ts";
import { type CampaignRow, findCampaign, listInboxIds } from "./store.ts";

type PreviewStep = Preview["steps"][number];

interface Stage {
  ledger: Ledger;
  campaign: CampaignRow;
  lead: LeadRow;
  inbox: InboxRow;
  first: StepRow;
  /** Grows with each mail, as it will when they are sent. */
  thread: ThreadPart[];
}

/** Every step of the campaign for this lead, in order, as if no branch led past one. */
export function previewCampaign(ledger: Ledger, campaign_id: number, lead_id: number): Preview {
  const campaign = findCampaign(ledger, campaign_id);
  if (!campaign) throw notFound("campaign");
  const lead = findLead(ledger, lead_id);
  if (!lead) throw notFound("lead");
  const steps = listSteps(ledger, campaign_id);
  const [first] = steps;
  const enrollment = findEnrollmentOf(ledger, campaign_id, lead_id);
  const inbox = findSender(ledger, campaign_id, enrollment);
  if (!first || !inbox) throw noSender();
  const stage: Stage = {
    ledger,
    campaign,
    lead,
    inbox,
    first,
    thread: readThread(ledger, enrollment),
  };
  const made = enrollment ? listMadeMails(ledger, enrollment.id) : [];
  return {
    object: "preview",
    campaign_id: formatId("cmp", campaign_id),
    lead_id: formatId("lead", lead_id),
    inbox_id: formatId("inb", inbox.id),
    steps: steps.map((step) => {
      const mail = made.find(({ step_id }) => step_id === step.id) ?? null;
      return mail && isFrozen(mail) ? showMade(mail) : showPlanned(stage, step, mail);
    }),
  };
}

function noSender(): AppError {
  const message = "inbox_ids names no inbox, so there is nobody whom the mails could be from";
  return new AppError("not_ready", message, { field: "inbox_ids" });
}

/** The inbox that the lead's first mail has fixed, else the first one of the campaign that can send. */
function findSender(
  reading: Reading,
  campaign_id: number,
  enrollment: EnrollmentRow | null,
): InboxRow | null {
  const fixed = enrollment?.inbox_id ?? null;
  const own = fixed === null ? null : findInbox(reading, fixed);
  if (own) return own;
  const inboxes = listInboxIds(reading, campaign_id).flatMap((id) => findInbox(reading, id) ?? []);
  return inboxes.find(({ state }) => state === "active") ?? inboxes[0] ?? null;
}

function readThread(reading: Reading, enrollment: EnrollmentRow | null): ThreadPart[] {
  if (!enrollment) return [];
  return listThread(reading, enrollment.id).map(({ id, subject }) => ({
    id,
    subject,
    alias: findAliasOf(reading, id),
  }));
}

/** What waits is made anew when its turn comes; everything else is what it is. */
const isFrozen = ({ state }: MadeMail) => state !== "queued" && state !== "deferred";

function showMade(mail: MadeMail): PreviewStep {
  return {
    step_id: formatId("stp", mail.step_id),
    state: mail.state,
    message_id: formatId("msg", mail.id),
    variant_id: mail.variant_id,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    raw: mail.bytes === null ? null : Buffer.from(mail.bytes).toString("latin1"),
    blocked_by: null,
  };
}

function showPlanned(stage: Stage, step: StepRow, mail: MadeMail | null): PreviewStep {
  const { ledger, campaign, lead, inbox, first, thread } = stage;
  // No message has an id that low: they begin with the time.
  const message_id = mail?.id ?? step.position + 1;
  const composed = composeStepMail({
    message_id,
    date: ledger.clock.now(),
    step,
    lead,
    inbox,
    thread,
    first,
    postal_address: ledger.workspace().postal_address,
    keys: ledger.keys,
    public: publicSide(ledger, campaign),
  });
  if (composed.ok) thread.push({ id: message_id, subject: composed.content.subject, alias: null });
  return {
    step_id: formatId("stp", step.id),
    state: "planned",
    message_id: mail ? formatId("msg", mail.id) : null,
    ...showComposed(composed),
  };
}

type Shown = Pick<PreviewStep, "variant_id" | "subject" | "text" | "html" | "raw" | "blocked_by">;

function showComposed(composed: Composed): Shown {
  if (!composed.ok) {
    const { blocked_by } = composed;
    return { variant_id: null, subject: null, text: null, html: null, raw: null, blocked_by };
  }
  const { variant_id, subject, text, html, bytes } = composed.content;
  // Our mails are ASCII through and through: header words and bodies are encoded.
  const raw = Buffer.from(bytes).toString("latin1");
  return { variant_id, subject, text, html, raw, blocked_by: null };
}
