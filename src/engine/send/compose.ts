// Makes the mail of a step for a lead: variant, spintax, Liquid, thread, headers. The same lead and step always give
// the same words, so a preview equals the send.
import { composeMail } from "../../core/compose.ts";
import { textOfHtml } from "../../core/html-text.ts";
import { formatId } from "../../core/ids.ts";
import { leadVariables, renderText, type Variables } from "../../core/render.ts";
import { spin } from "../../core/spintax.ts";
import { messageIdOf, references, replySubject, unsubscribeMailto } from "../../core/threading.ts";
import { pickVariant } from "../../core/variants.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { StepRow } from "../../resources/campaigns/steps.store.ts";
import type { EnrollmentRow } from "../../resources/enrollments/store.ts";
import type { InboxRow } from "../../resources/inboxes/store.ts";
import type { LeadRow } from "../../resources/leads/store.ts";
import { listThread } from "../../resources/messages/due.store.ts";
import { findAliasOf } from "../../resources/messages/store.ts";

interface StepOrder {
  message_id: number;
  enrollment: EnrollmentRow;
  lead: LeadRow;
  inbox: InboxRow;
  step: StepRow;
}

interface Content {
  variant_id: string | null;
  subject: string;
  text: string | null;
  html: string | null;
  bytes: Uint8Array;
}

export type Composed = { ok: true; content: Content } | { ok: false; blocked_by: string };

interface Words {
  variant_id: string | null;
  subject: string;
  body: string;
}

/** The step's mail for this lead, or what the lead lacks for it: never "Hi ,". */
export function composeStep(ledger: Ledger, reading: Reading, order: StepOrder): Composed {
  const { lead, inbox, step } = order;
  const words = chooseWords(step, lead);
  const variables = variablesOf(lead);
  const seed = `${lead.id}|${step.id}`;
  const kind = step.html ? "html" : "text";
  const body = renderText(spin(words.body, seed), variables, kind);
  if (!body.ok) return { ok: false, blocked_by: blockedBy(body) };
  const thread = listThread(reading, order.enrollment.id);
  const first = thread[0];
  const own_subject = renderText(spin(words.subject, `${seed}|subject`), variables);
  if (!own_subject.ok) return { ok: false, blocked_by: blockedBy(own_subject) };
  const continues = words.subject === "" && first !== undefined;
  const subject = oneLine(continues ? replySubject(threadSubject(thread)) : own_subject.text);
  const html = step.html ? body.text + footerHtml(ledger, inbox) : null;
  const text = step.html ? null : body.text + footerText(ledger, inbox);
  const mail = { subject, text, html, thread: continues ? thread : [] };
  try {
    return {
      ok: true,
      content: {
        variant_id: words.variant_id,
        subject,
        text: text ?? textOfHtml(html ?? ""),
        html,
        bytes: writeMail(ledger, reading, order, mail),
      },
    };
  } catch (error) {
    // A value that may not stand in a header concerns this lead alone; the others go on.
    if (error instanceof TypeError)
      return { ok: false, blocked_by: `missing_render: ${error.message}` };
    throw error;
  }
}

function blockedBy(failed: { missing: string[] } | { fault: string }): string {
  return "missing" in failed
    ? `missing_variable: ${failed.missing.join(", ")}`
    : `missing_render: ${failed.fault}`;
}

/** A step with variants sends one of them, fixed for the lead; else its own words. */
function chooseWords(step: StepRow, lead: LeadRow): Words {
  const variant = step.variants[pickVariant(step.variants, `${lead.id}|${step.id}`)];
  return variant
    ? { variant_id: String(variant.id), subject: variant.subject, body: variant.body }
    : { variant_id: null, subject: step.subject, body: step.body };
}

function variablesOf(lead: LeadRow): Variables {
  const { email, first_name, last_name, company, title, phone, website, country } = lead;
  return leadVariables(
    { email, first_name, last_name, company, title, phone, website, country },
    lead.custom,
  );
}

/** The subject that the thread began with. */
function threadSubject(thread: readonly { subject: string }[]): string {
  return thread[thread.length - 1]?.subject ?? "";
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}

function footerText(ledger: Ledger, inbox: InboxRow): string {
  const lines = [inbox.signature.trim(), ledger.workspace().postal_address ?? ""].filter(
    (line) => line !== "",
  );
  return lines.length === 0 ? "" : `\n\n-- \n${lines.join("\n")}\n`;
}

function footerHtml(ledger: Ledger, inbox: InboxRow): string {
  const lines = [inbox.signature.trim(), ledger.workspace().postal_address ?? ""].filter(
    (line) => line !== "",
  );
  return lines.length === 0 ? "" : `\n<p>-- <br>\n${lines.map(escapeHtml).join("<br>\n")}</p>\n`;
}

interface Body {
  subject: string;
  text: string | null;
  html: string | null;
  thread: readonly { id: number }[];
}

function writeMail(ledger: Ledger, reading: Reading, order: StepOrder, body: Body): Uint8Array {
  const { inbox, lead, message_id } = order;
  const domain = inbox.email.slice(inbox.email.lastIndexOf("@") + 1);
  const known = (id: number) =>
    findAliasOf(reading, id) ?? messageIdOf(id, ledger.keys.message_id, domain);
  const previous = body.thread.map(({ id }) => known(id));
  const name = [lead.first_name, lead.last_name]
    .filter((part) => part !== null && part !== "")
    .join(" ");
  return composeMail({
    imail_id: formatId("msg", message_id),
    message_id: messageIdOf(message_id, ledger.keys.message_id, domain),
    date: ledger.clock.now(),
    from: { address: inbox.email, name: inbox.name === "" ? null : inbox.name },
    to: { address: lead.email, name: name === "" ? null : oneLine(name) },
    reply_to: inbox.reply_to,
    subject: body.subject,
    text: body.text,
    html: body.html,
    in_reply_to: previous[previous.length - 1] ?? null,
    references: references(previous),
    list_unsubscribe: [unsubscribeMailto(inbox.email, message_id, ledger.keys.token)],
    one_click: false,
  });
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\n", "<br>\n");
}
