// SQL that looks at the leads of a campaign in slices, and at mails that were made for them. It changes nothing.

import type { MessageState } from "../../core/states.ts";
import type { MailLead } from "../../core/step-mail.ts";
import type { Reading } from "../../ledger/database.ts";
import { readJson } from "../../ledger/row.ts";

/** A lead whose enrollment has not ended, and the step that it waits for. */
export interface EnrolledLead extends MailLead {
  step_id: number | null;
}

type Stored = Omit<EnrolledLead, "custom"> & { custom: string };

function fromRow(row: Stored): EnrolledLead {
  return { ...row, custom: readJson<MailLead["custom"]>(row.custom) };
}

/** The next slice of those who still get mails, in the order of their ids. */
export function listEnrolled(
  { db }: Reading,
  campaign_id: number,
  after_lead_id: number,
  limit: number,
): EnrolledLead[] {
  return db
    .query<Stored, [number, number, number]>(
      `SELECT l.id, l.email, l.first_name, l.last_name, l.company, l.title, l.phone, l.website, l.country, l.custom, e.step_id
       FROM enrollments e
       JOIN leads l ON l.id = e.lead_id
       WHERE e.campaign_id = ? AND e.lead_id > ? AND e.state NOT IN ('stopped', 'completed')
       ORDER BY e.lead_id
       LIMIT ?`,
    )
    .all(campaign_id, after_lead_id, limit)
    .map(fromRow);
}

/** Is anybody in this campaign who still gets mails? */
export function hasEnrolled({ db }: Reading, campaign_id: number): boolean {
  return (
    db
      .query<{ one: number }, [number]>(
        "SELECT 1 AS one FROM enrollments WHERE campaign_id = ? AND state NOT IN ('stopped', 'completed') LIMIT 1",
      )
      .get(campaign_id) !== null
  );
}

export interface MadeMail {
  id: number;
  step_id: number;
  state: MessageState;
  variant_id: string | null;
  subject: string;
  text: string | null;
  html: string | null;
  /** Until the mail is final and its copy is filed. */
  bytes: Uint8Array | null;
}

/** The mails that an enrollment's steps have made so far, of whatever state. */
export function listMadeMails({ db }: Reading, enrollment_id: number): MadeMail[] {
  return db
    .query<MadeMail, [number]>(
      `SELECT id, step_id, state, variant_id, subject, text, html, bytes
       FROM messages
       WHERE enrollment_id = ?`,
    )
    .all(enrollment_id);
}
