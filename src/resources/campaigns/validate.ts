// Tells everything that can be known about a campaign before its first mail: what keeps it from running, and what
// its author would want to know. Leads are looked at in slices, so that a big campaign holds up nobody.

import { notFound } from "../../core/faults.ts";
import { findPhrase, foldWords } from "../../core/fold-words.ts";
import { formatId } from "../../core/ids.ts";
import { lackedVariables, neededVariables } from "../../core/lacking.ts";
import { OPT_OUT_PHRASES } from "../../core/opt-out-words.ts";
import { spamWords } from "../../core/spam-words.ts";
import { variablesOfLead } from "../../core/step-mail.ts";
import type { Reading } from "../../ledger/database.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { type EnrolledLead, hasEnrolled, listEnrolled } from "./enrolled.store.ts";
import { finding, inboxFindings, listInboxes, readyIssues, wordsOfStep } from "./ready.ts";
import type { Finding, Validation } from "./schema.ts";
import { dailyTop } from "./settings.ts";
import { listSteps, type StepRow } from "./steps.store.ts";
import { type CampaignRow, findCampaign } from "./store.ts";

const SLICE_LEADS = 1000;
const EXAMPLES_MOST = 5;

/** Every issue (any of them keeps the campaign from starting) and every warning (none of them does). */
export async function validateCampaign(ledger: Ledger, id: number): Promise<Validation> {
  const campaign = findCampaign(ledger, id);
  if (!campaign) throw notFound("campaign");
  const issues = readyIssues(ledger, ledger, campaign);
  const told = new Set(issues.map(({ field }) => field));
  const steps = listSteps(ledger, id);
  const warnings = [
    ...inboxFindings(listInboxes(ledger, id)).filter(({ field }) => !told.has(field)),
    ...(await lackingVariables(ledger, id, steps)),
    ...workspaceWarnings(ledger),
    ...steps.flatMap(wordWarnings),
    ...numberWarnings(ledger, campaign),
    ...leadWarnings(ledger, id),
  ];
  // Every mail has the header, whatever else is missing; there is no one-click link without a public URL.
  return {
    object: "validation",
    ready: issues.length === 0,
    issues,
    warnings,
    unsubscribe: ["mailto"],
  };
}

function workspaceWarnings(ledger: Ledger): Finding[] {
  if (ledger.workspace().postal_address !== null) return [];
  const rule =
    "is not set: many countries require a postal address in every mail to people who did not ask for it";
  return [finding("no_postal_address", "workspace.postal_address", rule)];
}

function wordWarnings(step: StepRow): Finding[] {
  const words = wordsOfStep(step);
  const found = words.flatMap(({ field, subject, body }) => {
    const spam = spamWords(`${subject}\n${body}`);
    const rule = `reads like advertising: ${spam.join(", ")}`;
    return spam.length === 0 ? [] : [finding("spam_words", field, rule)];
  });
  return step.position === 0 ? [...found, ...optOutWarnings(words)] : found;
}

/** The header always offers a way out; not every mail program shows it. */
function optOutWarnings(words: ReturnType<typeof wordsOfStep>): Finding[] {
  return words
    .filter(({ body }) => findPhrase(foldWords(body), OPT_OUT_PHRASES) === null)
    .map(({ field }) => {
      const rule =
        "does not say how to opt out. Every mail has a List-Unsubscribe header, but a sentence such as “write unsubscribe, and I will stop” is seen by all";
      return finding("no_opt_out_words", `${field}.body`, rule);
    });
}

function numberWarnings(ledger: Ledger, campaign: CampaignRow): Finding[] {
  const { daily_limit, daily_new_leads } = campaign;
  const found: Finding[] = [];
  const can = listInboxes(ledger, campaign.id)
    .filter((inbox) => inbox?.state === "active")
    .reduce((sum, inbox) => sum + (inbox?.daily_limit ?? 0), 0);
  // Who left the limit at the tier's top has set none.
  if (can > 0 && daily_limit > can && daily_limit < dailyTop(ledger)) {
    const rule = `is ${daily_limit}, but its inboxes send ${can} mails a day at most: their limits decide`;
    found.push(finding("daily_limit_above_inboxes", "daily_limit", rule));
  }
  if (daily_new_leads !== null && daily_new_leads > daily_limit) {
    const rule = `is ${daily_new_leads}, more than daily_limit (${daily_limit}) lets through`;
    found.push(finding("daily_new_leads_above_limit", "daily_new_leads", rule));
  }
  return found;
}

function leadWarnings(reading: Reading, campaign_id: number): Finding[] {
  return hasEnrolled(reading, campaign_id)
    ? []
    : [finding("no_leads", "leads", "are not enrolled yet: nobody is waiting for a mail")];
}

interface Lack {
  step: number;
  name: string;
  count: number;
  examples: number[];
}

/** A lead that lacks a variable is not mailed: how many there are for each step and variable, and a few of them. */
async function lackingVariables(
  ledger: Ledger,
  campaign_id: number,
  steps: readonly StepRow[],
): Promise<Finding[]> {
  const needed = steps.map(neededVariables);
  if (needed.flat(2).length === 0) return [];
  const lacks = new Map<string, Lack>();
  for (let after = 0; ;) {
    const leads = listEnrolled(ledger, campaign_id, after, SLICE_LEADS);
    for (const lead of leads) countLacks(lacks, { steps, needed }, lead);
    const last = leads.at(-1);
    if (leads.length < SLICE_LEADS || !last) break;
    after = last.id;
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other, each with a turn for the others
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return [...lacks.values()].toSorted((one, other) => one.step - other.step).map(showLack);
}

function countLacks(
  lacks: Map<string, Lack>,
  { steps, needed }: { steps: readonly StepRow[]; needed: readonly string[][][] },
  lead: EnrolledLead,
): void {
  const variables = variablesOfLead(lead);
  // Steps that are behind the lead are not sent to it again.
  const from = Math.max(
    0,
    steps.findIndex(({ id }) => id === lead.step_id),
  );
  for (const [i, step] of steps.entries()) {
    if (i < from) continue;
    for (const name of lackedVariables(step, needed[i] ?? [], { id: lead.id, variables })) {
      const key = `${i} ${name}`;
      const lack = lacks.get(key) ?? { step: i, name, count: 0, examples: [] };
      lack.count++;
      if (lack.examples.length < EXAMPLES_MOST) lack.examples.push(lead.id);
      lacks.set(key, lack);
    }
  }
}

function showLack({ step, name, count, examples }: Lack): Finding {
  const field = `steps[${step}]`;
  const who = count === 1 ? "1 enrolled lead lacks" : `${count} enrolled leads lack`;
  return {
    code: "variable_missing",
    field,
    message: `${field} uses ${name}, which ${who}: they are not mailed. Fill it in, or give the variable a default`,
    variable: name,
    leads: { count, examples: examples.map((id) => formatId("lead", id)) },
  };
}
