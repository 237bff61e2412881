// What others need of a mail: the places that it holds in the day's quotas (taken at the claim, given back when nothing was
// accepted), and what an event about it names.

import { companyDomain } from "../../core/address.ts";
import type { EventSubject } from "../../core/events.ts";
import type { Tx } from "../../ledger/database.ts";
import { type Ledger, suppressionHash } from "../../ledger/ledger.ts";
import { moveQuotas, type QuotaSubject } from "./quotas.store.ts";
import type { MessageRow } from "./store.ts";

type Place = Pick<MessageRow, "kind" | "campaign_id" | "inbox_id" | "recipient"> & {
  first_of_lead: boolean;
};

/** What an event about this message names. */
export function subjectOf(message: MessageRow): EventSubject {
  return {
    campaign_id: message.campaign_id,
    lead_id: message.lead_id,
    step_id: message.step_id,
    message_id: message.id,
    inbox_id: message.inbox_id,
    variant_id: message.variant_id,
  };
}

/** Under which a campaign's mails to one company are counted: a keyed hash, for a person's own domain is a person's. */
export function companyQuota(ledger: Ledger, campaign_id: number, email: string): string | null {
  const company = companyDomain(email);
  if (company === null) return null;
  return `${campaign_id}|${Buffer.from(suppressionHash(ledger, company)).toString("base64url")}`;
}

/** Takes one place in every quota that the mail counts in, on the workspace's local day. */
export function reserveQuota(ledger: Ledger, tx: Tx, day: string, place: Place): void {
  moveAll(ledger, tx, { ...place, day }, 1);
}

/** Gives back every place that a message holds. */
export function giveBackQuota(ledger: Ledger, tx: Tx, message: MessageRow): void {
  if (message.quota_day === null) return;
  const place = { ...message, day: message.quota_day, first_of_lead: message.first_of_lead === 1 };
  moveAll(ledger, tx, place, -1);
}

function moveAll(ledger: Ledger, tx: Tx, place: Place & { day: string }, by: 1 | -1): void {
  const { day, kind, campaign_id, inbox_id, recipient, first_of_lead } = place;
  // The mailbox has sent it, no campaign has.
  if (kind === "answer") return moveQuotas(tx, day, [{ subject: "inbox", id: inbox_id }], by);
  if (kind !== "step" || campaign_id === null) return;
  const company = companyQuota(ledger, campaign_id, recipient);
  const places: { subject: QuotaSubject; id: number | string }[] = [
    { subject: "inbox", id: inbox_id },
    { subject: "campaign", id: campaign_id },
  ];
  if (first_of_lead) places.push({ subject: "campaign_new", id: campaign_id });
  if (company !== null) places.push({ subject: "company", id: company });
  moveQuotas(tx, day, places, by);
}
