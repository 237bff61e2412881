// Makes the mail of a step for a lead: variant, spintax, Liquid, thread, headers. Preview and send are this one code
// path, and the same lead and step always give the same words: what is shown is what goes out.

import { domainOf } from "./address.ts";
import { composeMail } from "./compose.ts";
import { textOfHtml } from "./html-text.ts";
import { formatId } from "./ids.ts";
import { addPixel, rewriteLinks } from "./link-rewriting.ts";
import { publicAddress, type PublicToken, type TokenLedger } from "./public-tokens.ts";
import { leadVariables, renderText, type Variables } from "./render.ts";
import type { Step } from "./sequence.ts";
import { spin } from "./spintax.ts";
import { messageIdOf, references, replySubject, unsubscribeMailto } from "./threading.ts";
import { pickVariant } from "./variants.ts";

type MailStep = Pick<Step, "id" | "subject" | "body" | "html" | "variants">;

/** What a mail needs to know of a person. */
export interface MailLead {
  id: number;
  email: string;
  first_name: string | null;
  last_name: string | null;
  company: string | null;
  title: string | null;
  phone: string | null;
  website: string | null;
  country: string | null;
  custom: Variables;
}

interface MailInbox {
  email: string;
  name: string;
  signature: string;
  reply_to: string | null;
}

/** A mail that went out to this enrollment before. */
export interface ThreadPart {
  id: number;
  subject: string;
  /** The Message-ID that a provider gave it instead of ours, or null. */
  alias: string | null;
}

export interface StepMailOrder {
  /** Our id of the message: Message-ID, unsubscribe token and MIME boundary come from it. */
  message_id: number;
  /** ms UTC */
  date: number;
  step: MailStep;
  lead: MailLead;
  /** Where it goes, if not to the lead: a test of what the lead would get. */
  recipient?: string;
  inbox: MailInbox;
  /** Oldest first. */
  thread: readonly ThreadPart[];
  /** The first step of the campaign: lends its subject where a step has none and nothing went out before it. */
  first: MailStep;
  postal_address: string | null;
  keys: { message_id: Uint8Array; token: Uint8Array };
  /** Null without an address that recipients can reach: then links stay, and an opt-out comes by mail. */
  public: PublicSide | null;
}

export interface PublicSide {
  /** Without a slash at its end. */
  url: string;
  ledger: TokenLedger;
  /** What the campaign wants to know. */
  track_opens: boolean;
  track_clicks: boolean;
}

/** Where a link of the mail leads; its place in the list is its number. */
export interface MailLink {
  target: string;
  /** It stands so in the template: nothing of the lead is in it. */
  is_shared: boolean;
}

export interface StepMail {
  variant_id: string | null;
  subject: string;
  text: string | null;
  html: string | null;
  bytes: Uint8Array;
  links: MailLink[];
}

/** `blocked_by` is `missing_variable: first_name, …` or `missing_render: <why>`. */
export type Composed = { ok: true; content: StepMail } | { ok: false; blocked_by: string };

/** The step's mail for this lead, or what the lead lacks for it: never "Hi ,". */
export function composeStepMail(order: StepMailOrder): Composed {
  const { lead, inbox, step, thread, postal_address } = order;
  const words = chooseWords(step, lead.id);
  const seed = `${lead.id}|${step.id}`;
  const variables = variablesOfLead(lead);
  const body = renderText(spin(words.body, seed), variables, step.html ? "html" : "text");
  if (!body.ok) return { ok: false, blocked_by: blockedBy(body) };
  const continues = words.subject === "" && thread.length > 0;
  const written = renderText(continues ? "" : subjectTemplate(order, words), variables);
  if (!written.ok) return { ok: false, blocked_by: blockedBy(written) };
  const subject = oneLine(continues ? replySubject(thread.at(-1)?.subject ?? "") : written.text);
  const foot = [inbox.signature.trim(), postal_address ?? ""].filter((line) => line !== "");
  const written_html = step.html ? body.text + footerHtml(foot) : null;
  const written_text =
    written_html === null ? body.text + footerText(foot) : textOfHtml(written_html);
  const { html, text, targets } = leadLinks(order, { html: written_html, text: written_text });
  try {
    const bytes = writeMail(order, { subject, text, html, thread: continues ? thread : [] });
    const { variant_id } = words;
    const source = [words.body, ...foot].join("\n");
    const links = targets.map((target) => ({ target, is_shared: isIn(source, target) }));
    return { ok: true, content: { variant_id, subject, text, html, bytes, links } };
  } catch (error) {
    // A value that may not stand in a header concerns this lead alone; the others go on.
    if (error instanceof TypeError)
      return { ok: false, blocked_by: `missing_render: ${error.message}` };
    throw error;
  }
}

interface Bodies {
  html: string | null;
  text: string;
}

/** The bodies as they are sent: links and the pixel lead through the public address where the campaign tracks. */
function leadLinks(order: StepMailOrder, bodies: Bodies): Bodies & { targets: string[] } {
  const { public: side } = order;
  if (side === null) return { ...bodies, targets: [] };
  const address = (kind: PublicToken["kind"], link: number) => addressOf(order, side, kind, link);
  const { html, text, targets } = side.track_clicks
    ? rewriteLinks(bodies, { urlOf: (link) => address("click", link), own: `${side.url}/` })
    : { ...bodies, targets: [] };
  const seen = html !== null && side.track_opens ? addPixel(html, address("open", 0)) : html;
  return { html: seen, text: text ?? bodies.text, targets };
}

function addressOf(
  { message_id, keys }: StepMailOrder,
  { url, ledger }: PublicSide,
  kind: PublicToken["kind"],
  link: number,
): string {
  return publicAddress(url, keys.token, { kind, ledger, message_id, link });
}

/** In HTML an ampersand may be written as it should be. */
const isIn = (source: string, target: string) =>
  source.includes(target) || source.includes(target.replaceAll("&", "&amp;"));

/** What a lead's templates may ask for. */
export function variablesOfLead(lead: MailLead): Variables {
  const { email, first_name, last_name, company, title, phone, website, country } = lead;
  return leadVariables(
    { email, first_name, last_name, company, title, phone, website, country },
    lead.custom,
  );
}

/** The step's own subject, spun. Without a mail before it an empty one would go out bare: the first step's stands in. */
function subjectTemplate({ lead, step, first }: StepMailOrder, words: Words): string {
  return words.subject === ""
    ? spin(chooseWords(first, lead.id).subject, `${lead.id}|${first.id}|subject`)
    : spin(words.subject, `${lead.id}|${step.id}|subject`);
}

function blockedBy(failed: { missing: string[] } | { fault: string }): string {
  return "missing" in failed
    ? `missing_variable: ${failed.missing.join(", ")}`
    : `missing_render: ${failed.fault}`;
}

interface Words {
  variant_id: string | null;
  subject: string;
  body: string;
}

/** A step with variants sends one of them, fixed for the lead; else its own words. */
function chooseWords(step: MailStep, lead_id: number): Words {
  const variant = step.variants[pickVariant(step.variants, `${lead_id}|${step.id}`)];
  return variant
    ? { variant_id: String(variant.id), subject: variant.subject, body: variant.body }
    : { variant_id: null, subject: step.subject, body: step.body };
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}

/** The signature under a text, behind the mark that mail clients know (RFC 3676 4.3). */
export function footerText(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `\n\n-- \n${lines.join("\n")}\n`;
}

/** The same under HTML. */
export function footerHtml(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `\n<p>-- <br>\n${lines.map(escapeHtml).join("<br>\n")}</p>\n`;
}

interface Body {
  subject: string;
  text: string;
  html: string | null;
  thread: readonly ThreadPart[];
}

function writeMail(order: StepMailOrder, body: Body): Uint8Array {
  const { inbox, lead, message_id, keys } = order;
  const domain = domainOf(inbox.email);
  const previous = body.thread.map(
    ({ id, alias }) => alias ?? messageIdOf(id, keys.message_id, domain),
  );
  const name = [lead.first_name, lead.last_name]
    .filter((part) => part !== null && part !== "")
    .join(" ");
  // RFC 8058 3.1: one click is for HTTPS only.
  const side = order.public?.url.startsWith("https:") ? order.public : null;
  const page = side === null ? [] : [addressOf(order, side, "unsubscribe", 0)];
  return composeMail({
    imail_id: formatId("msg", message_id),
    message_id: messageIdOf(message_id, keys.message_id, domain),
    date: order.date,
    from: { address: inbox.email, name: inbox.name === "" ? null : inbox.name },
    to: { address: order.recipient ?? lead.email, name: name === "" ? null : oneLine(name) },
    reply_to: inbox.reply_to,
    subject: body.subject,
    text: body.text,
    html: body.html,
    in_reply_to: previous.at(-1) ?? null,
    references: references(previous),
    list_unsubscribe: [...page, unsubscribeMailto(inbox.email, message_id, keys.token)],
    one_click: page.length > 0,
  });
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\n", "<br>\n");
}
